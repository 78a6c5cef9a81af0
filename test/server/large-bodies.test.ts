// Bodies that are too large to be copied at once: to a client they are like any other, whatever the host.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Router, reply } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head, noise } from './messages.js'
import { ask, connect } from './raw_client.js'
import { counts, serving } from './serving.js'
import { gate, turn, until } from './waiting.js'

const KIB = 1024
const SIZES = [200 * KIB, 256 * KIB, 256 * KIB + 1, 1024 * KIB, 5000 * KIB]

const text = (size: number) =>
  noise(size / 2 + 1)
    .toString('hex')
    .slice(0, size)

/** What handlers may give, as bytes; and of what type it is. */
const kinds: Record<string, (size: number) => { body: Uint8Array | string | string[]; bytes: Buffer; type: string }> = {
  bytes: (size) => ({ body: noise(size), bytes: noise(size), type: 'application/octet-stream' }),
  text: (size) => ({ body: text(size), bytes: Buffer.from(text(size)), type: 'text/plain; charset=utf-8' }),
  'text beyond ASCII': (size) => {
    const body = 'é'.repeat(size / 2)
    return { body, bytes: Buffer.from(body), type: 'text/plain; charset=utf-8' }
  },
  JSON: (size) => {
    const body = [text(size)]
    return { body, bytes: Buffer.from(JSON.stringify(body)), type: 'application/json' }
  },
}

for (const [kind, make] of Object.entries(kinds)) {
  test(`large ${kind} arrives with its length, in its turn, and the connection goes on`, async () => {
    for (const size of SIZES) {
      const { body, bytes, type } = make(size)
      const app = new Router()
        .get('/', () => body)
        .get('/later', async () => body)
        .get('/reply', () => reply(200, body, { 'x-a': 'b' }))
        .get('/next', () => 'next')
      await serving(app, async (server) => {
        const client = await connect(server)
        client.send(get('/'), head('HEAD', '/'), get('/next'), get('/later'), get('/reply'), head('HEAD', '/reply'))
        client.send(get('/next'))
        const answers = await client.receive(7, ['GET', 'HEAD', 'GET', 'GET', 'GET', 'HEAD', 'GET'])
        assert.equal(
          answers.map((answer) => [answer.status, answer.header('content-length'), answer.body.length]),
          [bytes.length, 0, 4, bytes.length, bytes.length, 0, 4].map((length, place) => [
            200,
            [2, 6].includes(place) ? '4' : `${bytes.length}`,
            length,
          ]),
        )
        for (const place of [0, 3, 4]) {
          assert.ok(answers[place]?.body.equals(bytes))
          assert.is(answers[place]?.header('content-type'), type)
          assert.is(answers[place]?.header('transfer-encoding'), undefined)
        }
        assert.is(answers[4]?.header('x-a'), 'b')
        await counts(server, { requests: 7 })
      })
    }
  })
}

test('a large body that is not to be sent is not', () => {
  const body = noise(1024 * KIB)
  const app = new Router()
    .get('/204', () => reply(204, body))
    .get('/205', () => reply(205, body))
    .get('/304', () => reply(304, body))
    .get('/next', () => 'next')
  return serving(app, async (server) => {
    const client = (await connect(server)).send(get('/204'), get('/205'), get('/304'), get('/next'))
    assert.equal(
      (await client.receive(4)).map((answer) => [answer.status, answer.header('content-length'), answer.body.length]),
      [
        [204, undefined, 0],
        [205, '0', 0],
        [304, undefined, 0],
        [200, '4', 4],
      ],
    )
  })
})

test('a large body reaches a client that says close, one of HTTP/1.0, and one that has finished sending', () => {
  const body = noise(3000 * KIB)
  return serving(
    new Router().get('/', () => body),
    async (server) => {
      const requests = [get('/', 'Connection: close'), 'GET / HTTP/1.0\r\n\r\n', get('/')]
      for (const request of requests) {
        const client = (await connect(server)).send(request).finish()
        const answer = await client.response()
        assert.is(answer.header('content-length'), `${body.length}`)
        assert.ok(answer.body.equals(body))
        assert.is(await client.closed(), 'fin')
      }
    },
  )
})

test('a large body that is on its way is sent to its end by a server that closes', async () => {
  const body = noise(12 * 1024 * KIB)
  let closed: Promise<unknown> = Promise.resolve()
  await serving(
    new Router().get('/', () => body),
    async (server) => {
      const client = (await connect(server)).pause().send(get('/'))
      await until(() => server.stats().bytesOut > 0, 'some of it is sent')
      closed = server.close()
      const answer = await client.resume().response()
      assert.ok(answer.body.equals(body))
      assert.is(await client.closed(), 'fin')
      await closed
    },
  )
})

test('clients that leave in the middle of large bodies leave nothing behind', async () => {
  const body = noise(12 * 1024 * KIB)
  await serving(
    new Router().get('/', () => body).get('/next', () => 'next'),
    async (server) => {
      for (let client = 0; client < 20; client += 1) {
        const leaving = (await connect(server)).send(get('/'), get('/'))
        await leaving.touched()
        if (client % 2 === 0) leaving.crash()
        else leaving.leave()
      }
      await counts(server, { open: 0 })
      assert.is((await ask(server, get('/next'))).text, 'next')
    },
  )
})

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

for (const [kind, make] of Object.entries({
  bytes: (body: Uint8Array) => body,
  'a reply': (body: Uint8Array) => reply(200, body),
})) {
  test(`a large body that is given as ${kind} when its client has left is not kept`, async () => {
    const asked = gate<AbortSignal>()
    const go = gate<void>()
    let given: WeakRef<Uint8Array> | undefined
    const app = new Router()
      .get('/', async (req) => {
        asked.open(req.signal)
        await go.opened
        const body = new Uint8Array(1024 * KIB)
        given = new WeakRef(body)
        return make(body)
      })
      .get('/next', () => 'next')
    await serving(app, async (server) => {
      const client = (await connect(server)).send(get('/'))
      const signal = await asked.opened
      client.crash()
      await until(() => signal.aborted, 'the handler is told')
      go.open()
      await until(() => given !== undefined, 'the body is given')
      assert.is((await ask(server, get('/next'))).text, 'next')
      await until(async () => {
        await turn()
        collectGarbage()
        return given?.deref() === undefined
      }, 'nobody holds the body')
    })
  })
}

test.run()
