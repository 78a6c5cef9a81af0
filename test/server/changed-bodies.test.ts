// Memory that is taken away or resized before it is sent. Whatever the host: the client has the right bytes, or can tell
// that it has not, and then the app is told. It never has other bytes, and never waits for what does not come.

import { gunzipSync } from 'node:zlib'
import { type BrinkRequest, compress, Router, reply, type ServeOptions } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type MakeMemory, ways } from './memory.js'
import { get, noise } from './messages.js'
import { connect, type RawClient } from './raw_client.js'
import { serving } from './serving.js'
import { gate, turn, until, within } from './waiting.js'

const KIB = 1024
const SIZES = [40 * KIB, 200 * KIB, 1024 * KIB]
// More than the system takes for a client that does not read.
const MORE_THAN_IS_TAKEN = 12 * 1024 * KIB

/** Serves while `use` runs, and gives what was logged, with the request that it was logged for. */
async function logging(
  app: Router,
  use: (server: { port: number; stats(): { bytesOut: number; requests: number } }, logged: string[]) => Promise<void>,
  options: ServeOptions = {},
): Promise<string[]> {
  const logged: string[] = []
  const log = (error: unknown, request: BrinkRequest) => {
    logged.push(`${(error as { code?: string }).code} ${request.method} ${request.path} ${request.headers.get('x-id')}`)
  }
  await serving(app, (server) => use(server, logged), { ...options, log })
  return logged
}

/** The bytes of a body, whole or broken off, out of those that have come. */
function contentOf(arrived: Buffer): Buffer {
  const headEnd = arrived.indexOf('\r\n\r\n')
  if (headEnd === -1) return Buffer.alloc(0)
  const content = arrived.subarray(headEnd + 4)
  if (!arrived.toString('latin1', 0, headEnd).includes('chunked')) return content
  const pieces: Buffer[] = []
  for (let at = 0; at < content.length; ) {
    const lineEnd = content.indexOf('\r\n', at)
    const size = Number.parseInt(content.toString('latin1', at, lineEnd), 16)
    if (lineEnd === -1 || !(size > 0)) break
    pieces.push(content.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 4 + size
  }
  return Buffer.concat(pieces)
}

type Outcome = 'right' | 'refused' | 'broken off'

/**
 * What a client has of an answer that should have been `expected`: all of it, or so that it can tell that it has not.
 * What it has of it is right in any case.
 */
async function outcome(client: RawClient, expected: Buffer): Promise<Outcome> {
  const answer = await client.response().catch((error) => {
    if (client.ending === undefined) throw error
  })
  if (answer === undefined) {
    const content = contentOf(client.arrived)
    assert.ok(content.length < expected.length || client.ending === 'reset', 'an answer that looks whole')
    assert.ok(content.equals(expected.subarray(0, content.length)), 'bytes that are not of the body')
    return 'broken off'
  }
  if (answer.status === 500) return 'refused'
  assert.is(answer.status, 200)
  assert.ok(answer.body.equals(expected), `another answer that looks whole, of ${answer.body.length} bytes`)
  return 'right'
}

/** The app is told of whatever is not right, once, and of nothing else. */
async function isTold(logged: string[], how: Outcome, of = 'GET / 7'): Promise<void> {
  if (how !== 'right') await until(() => logged.length > 0, 'the app is told')
  assert.equal(logged, how === 'right' ? [] : [`ERR_BODY_CHANGED ${of}`])
}

const ask = get('/', 'X-Id: 7')
const makeTransferred = ways['transferred by structuredClone'] as MakeMemory

for (const [way, make] of Object.entries(ways)) {
  for (const size of SIZES) {
    test(`an answer of ${size / KIB} KiB that is ${way} before it leaves is right or refused`, async () => {
      const memory = make(size)
      const app = new Router().get('/', () => {
        queueMicrotask(memory.change)
        return memory.view
      })
      await logging(app, async (server, logged) => {
        await isTold(logged, await outcome((await connect(server)).send(ask), memory.bytes))
      })
    })
  }

  test(`an answer that is ${way} while a client reads it is broken off`, async () => {
    const memory = make(MORE_THAN_IS_TAKEN)
    await logging(
      new Router().get('/', () => memory.view),
      async (server, logged) => {
        const client = (await connect(server)).pause().send(ask)
        await until(() => server.stats().bytesOut > 0, 'some of it is sent')
        memory.change()
        await isTold(logged, await outcome(client.resume(), memory.bytes))
      },
    )
  })

  test(`an answer that is ${way} while it waits for its turn is right or broken off`, async () => {
    const first = gate()
    const answered = gate()
    const memory = make(200 * KIB)
    const app = new Router()
      .get('/first', async () => {
        await first.opened
        return 'first'
      })
      .get('/', () => {
        answered.open()
        return memory.view
      })
    await logging(app, async (server, logged) => {
      const client = (await connect(server)).send(get('/first'), ask)
      await within(answered.opened, 'the second to be answered')
      await turn()
      memory.change()
      first.open()
      const [before] = await client.receive(1).catch(() => [])
      const how = await outcome(client, before === undefined ? Buffer.from('first') : memory.bytes)
      await isTold(logged, how)
    })
  })

  test(`a piece of a stream that is ${way} before it leaves is right or breaks it off`, async () => {
    const memories = Array.from({ length: 6 }, () => make(100 * KIB))
    let next = 0
    const pull = (controller: ReadableStreamDefaultController) => {
      memories[next - 1]?.change()
      const memory = memories[next++]
      if (memory === undefined) controller.close()
      else controller.enqueue(memory.view)
    }
    const app = new Router().get('/', () => new ReadableStream({ pull }, { highWaterMark: 0 }))
    await logging(app, async (server, logged) => {
      const how = await outcome((await connect(server)).send(ask), Buffer.concat(memories.map(({ bytes }) => bytes)))
      await isTold(logged, how)
    })
  })

  test(`what a generator yields is right although it is ${way} when the generator goes on`, async () => {
    const memories = [40, 100, 600].map((size) => make(size * KIB))
    const app = new Router().get('/', async function* () {
      for (const { view, change } of memories) {
        yield view
        change()
      }
    })
    await logging(app, async (server, logged) => {
      const how = await outcome((await connect(server)).send(ask), Buffer.concat(memories.map(({ bytes }) => bytes)))
      assert.is(how, 'right')
      await isTold(logged, how)
    })
  })

  for (const size of [200 * KIB, MORE_THAN_IS_TAKEN]) {
    test(`what is written to a connection of one's own, ${size / KIB} KiB that are ${way}, is right or breaks it off`, async () => {
      const memory = make(size)
      const written: (Error | null | undefined)[] = []
      let closed: unknown
      const app = new Router().upgrade('/', (_req, socket) => {
        socket.on('error', (error) => {
          closed = error
        })
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        socket.write(memory.view, (error) => written.push(error))
        socket.end()
        socket.resume()
        queueMicrotask(memory.change)
      })
      await logging(app, async (server, logged) => {
        const client = (await connect(server)).send(get('/', 'X-Id: 7', 'Connection: upgrade', 'Upgrade: x')).finish()
        const all = await client.everything().catch(() => undefined)
        const content = contentOf(all === undefined ? client.arrived : Buffer.from(all, 'latin1'))
        assert.ok(content.equals(memory.bytes.subarray(0, content.length)), 'bytes that are not of the body')
        const isRight = all !== undefined && content.length === memory.bytes.length
        await isTold(logged, isRight ? 'right' : 'broken off')
        if (isRight) return
        await until(() => closed !== undefined, 'the socket fails')
        assert.is((closed as { code?: string }).code, 'ERR_BODY_CHANGED')
      })
    })
  }
}

test('what was transferred before it is answered with is refused, whatever its size', async () => {
  const gone = (size: number) => {
    const view = new Uint8Array(size)
    structuredClone(view.buffer, { transfer: [view.buffer] })
    return view
  }
  const app = new Router()
    .get('/view', () => gone(10))
    .get('/buffer', () => gone(100_000).buffer)
    .get('/words', () => reply(200, new DataView(structuredClone(new ArrayBuffer(8)))))
    .get('/stream', async function* () {
      await turn()
      yield gone(10)
    })
    .get('/empty', () => new Uint8Array(0))
  const logged = await logging(app, async (server) => {
    const client = await connect(server)
    client.send(get('/view'), get('/buffer'), get('/words'), get('/stream'), get('/empty'))
    const answers = await client.receive(5)
    assert.equal(
      answers.map(({ status, body }) => [status, status === 500 ? 0 : body.length]),
      [
        [500, 0],
        [500, 0],
        [200, 8],
        [500, 0],
        [200, 0],
      ],
    )
  })
  assert.equal(
    logged.sort(),
    ['/buffer', '/stream', '/view'].map((path) => `ERR_BODY_CHANGED GET ${path} null`),
  )
})

test('a loop that reads into the same buffer again and yields what it has read is sent right', async () => {
  const bytes = noise(1024 * KIB)
  const source = () => {
    let at = 0
    return new ReadableStream({
      type: 'bytes',
      pull: (controller) => {
        const { view } = controller.byobRequest as ReadableStreamBYOBRequest
        const into = view as Uint8Array
        const size = Math.min(into.length, bytes.length - at)
        into.set(bytes.subarray(at, at + size))
        at += size
        if (size === 0) controller.close()
        controller.byobRequest?.respond(size)
      },
    })
  }
  const app = new Router().get('/', async function* () {
    const reader = source().getReader({ mode: 'byob' })
    for (let buffer = new ArrayBuffer(64 * KIB); ; ) {
      const { value, done } = await reader.read(new Uint8Array(buffer))
      if (done) return
      yield value
      buffer = value.buffer as ArrayBuffer
    }
  })
  await logging(app, async (server, logged) => {
    const how = await outcome((await connect(server)).send(ask), bytes)
    assert.is(how, 'right')
    await isTold(logged, how)
  })
})

test('a generator that fills the same memory again for each piece is sent right, to a client that is slow', async () => {
  const memory = new Uint8Array(100 * KIB)
  const app = new Router().get('/', function* () {
    for (let piece = 0; piece < 100; piece += 1) yield memory.fill(piece)
  })
  await logging(app, async (server, logged) => {
    const client = (await connect(server)).pause().send(ask)
    await until(() => server.stats().bytesOut > 0, 'some of it is sent')
    const expected = Buffer.concat(Array.from({ length: 100 }, (_, piece) => Buffer.alloc(100 * KIB, piece)))
    assert.is(await outcome(client.resume(), expected), 'right')
    await isTold(logged, 'right')
  })
})

test('what is compressed is right although its memory is taken away meanwhile', async () => {
  const memories = [40, 100, 600].map((size) => makeTransferred(size * KIB))
  const whole = makeTransferred(600 * KIB)
  const type = { 'content-type': 'text/plain' }
  const app = new Router()
    .use(compress({ threshold: 0, encodings: ['gzip'] }))
    .get('/stream', () =>
      reply(
        200,
        (async function* () {
          for (const { view, change } of memories) {
            yield view
            change()
          }
        })(),
        type,
      ),
    )
    .get('/', () => {
      setImmediate(whole.change)
      return reply(200, whole.view, type)
    })
  await logging(app, async (server, logged) => {
    const client = (await connect(server)).send(
      get('/stream', 'Accept-Encoding: gzip'),
      get('/', 'Accept-Encoding: gzip'),
    )
    const [streamed, answered] = (await client.receive(2)).map(({ body }) => gunzipSync(body))
    assert.ok(streamed?.equals(Buffer.concat(memories.map(({ bytes }) => bytes))))
    assert.ok(answered?.equals(whole.bytes))
    assert.equal(logged, [])
  })
})

const shared: Record<string, (bytes: Buffer) => Uint8Array | ArrayBuffer> = {
  'a view of shared memory': (bytes) => {
    const view = new Uint8Array(new SharedArrayBuffer(bytes.length))
    view.set(bytes)
    return view
  },
  'shared memory itself': (bytes) => {
    const buffer = new SharedArrayBuffer(bytes.length)
    new Uint8Array(buffer).set(bytes)
    return buffer as unknown as ArrayBuffer
  },
  'shared memory that grows': (bytes) => {
    const Growable = SharedArrayBuffer as unknown as new (
      size: number,
      options: { maxByteLength: number },
    ) => SharedArrayBuffer & { grow?(size: number): void }
    const buffer = new Growable(bytes.length, { maxByteLength: 2 * bytes.length })
    const view = new Uint8Array(buffer)
    view.set(bytes)
    queueMicrotask(() => buffer.grow?.(2 * bytes.length))
    return view
  },
}

for (const [name, make] of Object.entries(shared)) {
  test(`${name} is sent as it is`, async () => {
    for (const size of [100, ...SIZES]) {
      const bytes = noise(size)
      await logging(
        new Router().get('/', () => make(bytes)),
        async (server, logged) => {
          const how = await outcome((await connect(server)).send(ask), bytes)
          assert.is(how, 'right')
          await isTold(logged, how)
        },
      )
    }
  })
}

test.run()
