// Closing can be heard: what would go on for ever ends itself.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { events, Router, type Server, serve } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ChunkReader } from './chunk_reader.js'
import { get } from './messages.js'
import { ask, connect, leaveAll } from './raw_client.js'
import { within } from './waiting.js'

const FOREVER_MS = 2 ** 30
const closed = (server: Server) => within(server.close(), 'the server to close by itself')
const codeOf = (error: unknown) => (error as { code?: string }).code

async function rest(client: ChunkReader): Promise<string> {
  let all = ''
  for (let chunk = await client.chunk(); chunk !== undefined; chunk = await client.chunk()) all += chunk
  return all
}

async function logging(app: Router, use: (server: Server) => Promise<void>): Promise<void> {
  const logged: unknown[] = []
  const server = await serve(app, { port: 0, log: (error) => logged.push(error) })
  try {
    await use(server)
    assert.equal(logged, [])
  } finally {
    leaveAll()
    await server.close({ force: 0 })
  }
}

test('the signal of a server aborts once, when closing begins, and says why', () =>
  logging(
    new Router().get('/', () => 'hello'),
    async (server) => {
      const { signal } = server
      assert.is(server.signal, signal)
      let heard = 0
      signal.addEventListener('abort', () => {
        heard += 1
        // It has begun: whoever closes as well waits for the same.
        void server.close()
      })
      await ask(server, get())
      assert.not.ok(signal.aborted)
      const closing = closed(server)
      assert.ok(signal.aborted)
      assert.is(codeOf(signal.reason), 'ERR_SERVER_CLOSING')
      await closing
      assert.is(heard, 1)
    },
  ))

test('a signal that is asked for when the server has closed is aborted', async () => {
  const server = await serve(() => 'hello', { port: 0 })
  await closed(server)
  assert.ok(server.signal.aborted)
  assert.is(codeOf(server.signal.reason), 'ERR_SERVER_CLOSING')
})

const endings: Record<string, Parameters<typeof events>[1]> = {
  'by looking at the signal': async function* ({ signal }) {
    yield 'begun'
    await once(signal, 'abort')
    yield 'bye'
  },
  'because what it waits for is aborted': async function* ({ signal }) {
    yield 'begun'
    try {
      await sleep(FOREVER_MS, undefined, { signal })
    } finally {
      yield 'bye'
    }
  },
  'by the reason of the signal': async function* ({ signal }) {
    yield 'begun'
    await once(signal, 'abort')
    yield 'bye'
    signal.throwIfAborted()
  },
}
for (const [how, generate] of Object.entries(endings)) {
  test(`events end in order when the server closes: ${how}`, () =>
    logging(
      new Router().get('/', (req) => events(req, generate)),
      async (server) => {
        const warnings: Error[] = []
        const note = (warning: Error) => warnings.push(warning)
        process.on('warning', note)
        const clients = await Promise.all(Array.from({ length: 30 }, () => ChunkReader.ask(server, get())))
        for (const client of clients) {
          await client.head()
          assert.is(String(await client.chunk()), 'data: begun\n\n')
        }
        const closing = closed(server)
        for (const client of clients) assert.is(await rest(client), 'data: bye\n\n')
        await closing
        process.off('warning', note)
        assert.equal(warnings, [])
      },
    ))
}

test('events that begin when the server closes already hear of it', () => {
  let begin = () => {}
  const begun = new Promise<void>((resolve) => {
    begin = resolve
  })
  const app = new Router().get('/', async (req) => {
    await begun
    return events(req, async function* ({ signal }) {
      yield `aborted: ${signal.aborted}`
    })
  })
  return logging(app, async (server) => {
    const client = await connect(server)
    await client.sendSeen(server, get())
    const closing = closed(server)
    begin()
    assert.is((await client.response()).text, 'data: aborted: true\n\n')
    await closing
  })
})

test('what fails otherwise is an error still when the server closes', async () => {
  const logged: unknown[] = []
  const app = new Router().get('/', (req) =>
    events(req, async function* ({ signal }) {
      yield 'begun'
      await once(signal, 'abort')
      throw Object.assign(new Error('no more'), { code: 'MINE' })
    }),
  )
  const server = await serve(app, { port: 0, log: (error) => logged.push(codeOf(error)) })
  const client = (await connect(server)).send(get())
  await client.touched()
  const closing = closed(server)
  await client.broken()
  await closing
  leaveAll()
  assert.equal(logged, ['MINE'])
})

test('streams and connections that were handed over end themselves by the signal of the server', () => {
  let server: Server
  const app = new Router()
    .get('/stream', async function* () {
      yield 'begun'
      await once(server.signal, 'abort')
      yield 'bye'
    })
    .upgrade('/socket', (_req, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: mine\r\n\r\nbegun')
      server.signal.addEventListener('abort', () => socket.end('bye'))
      socket.resume()
    })
  return logging(app, async (started) => {
    server = started
    const stream = await ChunkReader.ask(server, get('/stream'))
    await stream.head()
    assert.is(String(await stream.chunk()), 'begun')
    const socket = (await connect(server)).send(get('/socket', 'Connection: Upgrade', 'Upgrade: mine'))
    await socket.touched()
    const closing = closed(server)
    assert.is(await rest(stream), 'bye')
    assert.match(await socket.finish().everything(), /begunbye$/)
    await closing
  })
})

test.run()
