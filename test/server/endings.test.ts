// Edge rules 5, 6 and 7: half-closed clients, clients that are refused while they send, clients that are gone.
import { Router, reply } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head, post } from './messages.js'
import { ask, connect } from './raw_client.js'
import { counts, serving } from './serving.js'
import { gate, turn, until } from './waiting.js'

const halfClosing: [string, string[], string[]][] = [
  ['a request', ['/now'], ['now']],
  ['a request to an async handler', ['/later'], ['later']],
  ['three requests', ['/now', '/now', '/now'], ['now', 'now', 'now']],
  ['three requests to an async handler', ['/later', '/later', '/later'], ['later', 'later', 'later']],
  ['a mixture', ['/later', '/now', '/later', '/now'], ['later', 'now', 'later', 'now']],
]

const nowAndLater = new Router()
  .get('/now', () => 'now')
  .get('/later', async () => {
    for (let count = 0; count < 10; count += 1) await turn()
    return 'later'
  })

for (const [what, targets, answers] of halfClosing) {
  test(`a client that sends ${what} and says that this was all is answered`, () =>
    serving(nowAndLater, async (server) => {
      const client = (await connect(server)).send(targets.map((target) => get(target)).join('')).finish()
      const received = await client.receive(answers.length)
      assert.equal(
        received.map(({ text }) => text),
        answers,
      )
      assert.is(await client.closed(), 'fin')
      await until(() => server.stats().open === 0, 'the server has let it go')
    }))
}

test('a client that says that this was all while its request is at work is answered', async () => {
  const release = gate()
  const app = new Router().get('/', async () => {
    await release.opened
    return 'after all'
  })
  await serving(app, async (server) => {
    const client = await connect(server)
    await client.sendSeen(server, get())
    client.finish()
    for (let count = 0; count < 20; count += 1) await turn()
    release.open()
    assert.is((await client.response()).text, 'after all')
    assert.is(await client.closed(), 'fin')
  })
})

test('a client that says that this was all with a large answer on its way gets it whole', async () => {
  const body = Buffer.alloc(8 * 1024 * 1024, 'brink')
  await serving(
    () => body,
    async (server) => {
      const client = (await connect(server)).pause().send(get()).finish()
      await until(() => server.stats().partialWrites > 0, 'the answer is under way')
      assert.ok((await client.resume().response()).body.equals(body))
      assert.is(await client.closed(), 'fin')
    },
  )
})

const cutShort: [string, string][] = [
  ['half a body', 'POST / HTTP/1.1\r\nHost: brink\r\nContent-Length: 10\r\n\r\nhalf'],
  ['half a chunk', 'POST / HTTP/1.1\r\nHost: brink\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha'],
  ['chunks without the last one', 'POST / HTTP/1.1\r\nHost: brink\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n'],
]
for (const [what, bytes] of cutShort) {
  test(`a client that stops sending after ${what} is answered with 400, and no handler runs`, async () => {
    let runs = 0
    const app = new Router().post('/', () => {
      runs += 1
    })
    await serving(app, async (server) => {
      const client = await connect(server)
      await client.sendSeen(server, bytes)
      client.finish()
      const answer = await client.response()
      assert.is(answer.status, 400)
      assert.is(answer.header('connection'), 'close')
      assert.is(await client.closed(), 'fin')
      await until(() => server.stats().open === 0, 'the server has let it go')
    })
    assert.is(runs, 0)
  })
}

test('a client that stops sending after half a head is let go', () =>
  serving(nowAndLater, async (server) => {
    const client = await connect(server)
    await client.sendSeen(server, 'GET / HTTP/1.1\r\nHost: br')
    client.finish()
    assert.is(await client.closed(), 'fin')
    await until(() => server.stats().open === 0, 'the server has let it go')
    await counts(server, { requests: 0 })
  }))

const tooMuch = 6 * 1024 * 1024
const refused: [string, string, number][] = [
  ['an announced body that is too large', head('POST', '/', `Content-Length: ${tooMuch}`), 413],
  ['a bad head', 'POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
]

for (const [what, start, status] of refused) {
  test(`a client that goes on sending after ${what} gets the whole refusal and no reset`, () =>
    serving(nowAndLater, async (server) => {
      const client = (await connect(server)).pause()
      client.send(start)
      await until(() => server.stats().refused === 1, 'it is refused')
      for (let sent = 0; sent < tooMuch; sent += 256 * 1024) {
        client.send(Buffer.alloc(256 * 1024))
        await client.flushed()
      }
      const answer = await client.resume().response()
      assert.is(answer.status, status)
      assert.is(answer.header('connection'), 'close')
      assert.is(await client.closed(), 'fin')
      client.leave()
      await until(() => server.stats().open === 0, 'the server has let it go')
    }))
}

test('a client that is still sending when a handler closes the connection gets its answer and no reset', () =>
  serving(
    () => reply(200, 'bye', { connection: 'close' }),
    async (server) => {
      const client = (await connect(server)).pause()
      client.send(get(), head('POST', '/', 'Content-Length: 1000000'), Buffer.alloc(400_000))
      await until(() => server.stats().bytesOut > 0, 'it is answered')
      client.send(Buffer.alloc(600_000))
      await client.flushed()
      assert.is((await client.resume().response()).text, 'bye')
      assert.is(await client.closed(), 'fin')
    },
  ))

test('an answer that comes after its client has left is given to nobody else', async () => {
  const slow = { a: gate<string>(), b: gate<string>() }
  const app = new Router()
    .get('/a', () => slow.a.opened)
    .get('/b', () => slow.b.opened)
    .get('/who', () => 'whoever asks')
  await serving(app, async (server) => {
    const first = await connect(server)
    await first.sendSeen(server, get('/a'))
    first.crash()
    await until(() => server.stats().open === 0, 'the first client is gone')

    const second = await connect(server)
    await second.sendSeen(server, get('/b'))
    slow.a.open('meant for the first client')
    assert.is((await ask(server, get('/who'))).text, 'whoever asks')
    slow.b.open('meant for the second client')
    assert.is((await second.response()).text, 'meant for the second client')
    assert.is((await second.send(get('/who')).response()).text, 'whoever asks')
  })
})

test('answers to a hundred clients that have left are given to none of those that came after them', async () => {
  const release = gate()
  const app = new Router()
    .get('/slow/:n', async ({ params }) => {
      await release.opened
      return `slow ${params.n}`
    })
    .get('/:n', ({ params }) => `fast ${params.n}`)
  await serving(app, async (server) => {
    const gone = await Promise.all(Array.from({ length: 100 }, () => connect(server)))
    for (const [n, client] of gone.entries()) client.send(get(`/slow/${n}`), get(`/slow/${n}`))
    await until(() => server.stats().requests === 200, 'all are at work')
    for (const client of gone) client.crash()
    await until(() => server.stats().open === 0, 'all are gone')

    const clients = await Promise.all(Array.from({ length: 100 }, () => connect(server)))
    for (const [n, client] of clients.entries()) client.send(get(`/slow/${n}`))
    await until(() => server.stats().requests === 300, 'the next are at work')
    release.open()
    await Promise.all(
      clients.map(async (client, n) => {
        assert.is((await client.response()).text, `slow ${n}`)
        assert.is((await client.send(get(`/${n}`)).response()).text, `fast ${n}`)
      }),
    )
    await counts(server, { requests: 400 })
  })
})

test('a request that was cut short by a reset is forgotten', () =>
  serving(nowAndLater, async (server) => {
    const client = await connect(server)
    await client.sendSeen(server, post('/now', 'whole').subarray(0, -2))
    client.crash()
    await until(() => server.stats().open === 0, 'the server has let it go')
    await counts(server, { requests: 0 })
    assert.is((await ask(server, get('/now'))).text, 'now')
  }))

test.run()
