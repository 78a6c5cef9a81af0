// Nobody waits for ever: each timeout ends what it is for, and nothing else. The tests wait for what the server does
// when a time is over, and never for a time.
import { Router, type Server } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head, post } from './messages.js'
import { ask, connect, type RawClient } from './raw_client.js'
import { refusals } from './refusal_counts.js'
import { counts, serving } from './serving.js'
import { gate, turn, until } from './waiting.js'

const SOON = 40
const echo = new Router().all('/*', async (req) => `${req.path} ${await req.text()}`)
const half = 'GET /half HTTP/1.1\r\nHost: brink\r\n'

/** The request is answered with 408, for this reason, and the connection ends in order. */
async function isTooLate(server: Server, client: RawClient, code: string): Promise<void> {
  const answer = await client.response()
  assert.equal([answer.status, answer.header('connection')], [408, 'close'])
  assert.is(await client.closed(), 'fin')
  await refusals(server, { [code]: 1 })
  await counts(server, { timeouts: 1, idleTimeouts: 0, refused: 0 })
  client.finish()
  await counts(server, { open: 0 })
}

/** Lets `headersTimeout` pass: a client that has sent half a head is told when it is over. */
async function timePasses(server: Server): Promise<void> {
  assert.is((await (await connect(server)).send(half).response()).status, 408)
}

test('headersTimeout ends a head that is not completed', () =>
  serving(
    echo,
    async (server) => {
      await isTooLate(server, (await connect(server)).send(half), 'HEADERS_TIMEOUT')
      await counts(server, { requests: 0 })
    },
    { headersTimeout: SOON },
  ))

test('headersTimeout ends the head of a later request, too', () =>
  serving(
    echo,
    async (server) => {
      const client = (await connect(server)).send(get('/first'), half)
      assert.is((await client.response()).text, '/first ')
      await isTooLate(server, client, 'HEADERS_TIMEOUT')
    },
    { headersTimeout: SOON },
  ))

test('headersTimeout is not prolonged by a head that comes a byte at a time', () =>
  serving(
    echo,
    async (server) => {
      const client = (await connect(server)).send(half, 'A: ')
      while (client.ending === undefined) await client.sendSeen(server, 'b')
      await isTooLate(server, client, 'HEADERS_TIMEOUT')
    },
    { headersTimeout: SOON, maxHeaderSize: 65_535 },
  ))

const bodies: [string, string, string][] = [
  ['of announced length', head('POST', '/', 'Content-Length: 1000000'), 'b'],
  ['in chunks', head('POST', '/', 'Transfer-Encoding: chunked'), '1\r\nb\r\n'],
]
for (const [kind, start, piece] of bodies) {
  test(`requestTimeout ends a body ${kind} that is not completed`, () =>
    serving(
      echo,
      async (server) => {
        await isTooLate(server, (await connect(server)).send(start, piece), 'REQUEST_TIMEOUT')
        await counts(server, { requests: 0 })
      },
      { requestTimeout: SOON },
    ))

  test(`requestTimeout is not prolonged by a body ${kind} that comes a piece at a time`, () =>
    serving(
      echo,
      async (server) => {
        const client = (await connect(server)).send(start)
        while (client.ending === undefined) await client.sendSeen(server, piece)
        await isTooLate(server, client, 'REQUEST_TIMEOUT')
      },
      { requestTimeout: SOON },
    ))
}

test('requestTimeout counts from the first byte of the head', () =>
  serving(
    echo,
    async (server) => {
      const client = (await connect(server)).send('POST / HTTP/1.1\r\nHost: brink\r\n')
      await timePasses(server)
      client.send('Content-Length: 1\r\n\r\n')
      const answer = await client.response()
      assert.is(answer.status, 408)
    },
    { headersTimeout: SOON, requestTimeout: SOON },
  ))

test('a 408 waits for the answers before it', () => {
  const slow = gate<string>()
  return serving(
    () => slow.opened,
    async (server) => {
      const client = (await connect(server)).send(get(), half)
      await refusals(server, { HEADERS_TIMEOUT: 1 })
      assert.is(server.stats().bytesOut, 0)
      slow.open('slow')
      assert.is((await client.response()).text, 'slow')
      assert.is((await client.response()).status, 408)
      assert.is(await client.closed(), 'fin')
    },
    { headersTimeout: SOON },
  )
})

for (const [what, bytes] of [
  ['that has never asked', ''],
  ['that was answered', get()],
  ['that was answered, and said that it goes on', get('/', 'Connection: keep-alive')],
] as const) {
  test(`keepAliveTimeout ends a connection ${what}`, () =>
    serving(
      echo,
      async (server) => {
        const client = (await connect(server)).send(bytes)
        if (bytes !== '') assert.is((await client.response()).status, 200)
        assert.is(await client.closed(), 'fin')
        await counts(server, { timeouts: 1, idleTimeouts: 1, refused: 0, open: 0 })
        await refusals(server, {})
      },
      { keepAliveTimeout: SOON },
    ))
}

test('keepAliveTimeout is not prolonged by empty lines', () =>
  serving(
    echo,
    async (server) => {
      const client = (await connect(server)).send(get())
      await client.response()
      while (client.ending === undefined) await client.sendSeen(server, '\r\n')
      await counts(server, { idleTimeouts: 1, open: 0 })
    },
    { keepAliveTimeout: SOON },
  ))

test('Keep-Alive says the keepAliveTimeout, in whole seconds', async () => {
  for (const [keepAliveTimeout, said] of [
    [72_000, 'timeout=72'],
    [5_999, 'timeout=5'],
  ] as const) {
    await serving(
      echo,
      async (server) => {
        for (const bytes of [
          get(),
          get('/', 'Connection: keep-alive'),
          'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
        ]) {
          assert.is((await ask(server, bytes)).header('keep-alive'), said)
        }
        assert.is((await ask(server, get('/', 'Connection: close'))).header('keep-alive'), undefined)
      },
      { keepAliveTimeout },
    )
  }
})

const large = Buffer.alloc(32 * 1024 * 1024)

test('writeTimeout ends a client that takes nothing of its answer', () =>
  serving(
    () => large,
    async (server) => {
      const client = (await connect(server)).pause().send(get())
      await refusals(server, { WRITE_TIMEOUT: 1 })
      await counts(server, { timeouts: 1, open: 0 })
      assert.ok(server.stats().bytesOut < large.length)
      client.resume()
    },
    { writeTimeout: SOON },
  ))

test('writeTimeout does not end a client that takes its answer slowly', () =>
  serving(
    () => large,
    async (server) => {
      const client = (await connect(server)).pause().send(get())
      let timeIsOver = false
      const clock = timePasses(server).finally(() => {
        timeIsOver = true
      })
      // A little at a time, so that the answer lasts for longer than the timeout.
      const began = performance.now()
      while (!timeIsOver) {
        const due = (large.length * (performance.now() - began)) / 2100
        if (server.stats().bytesOut < due) client.resume()
        await turn()
        client.pause()
      }
      await clock
      client.resume()
      assert.is((await client.response()).body.length, large.length)
      await refusals(server, { HEADERS_TIMEOUT: 1 })
    },
    { writeTimeout: 1000, headersTimeout: 1500 },
  ))

test('the time that an answer has to be taken is not cut short by what stands behind it', () =>
  serving(
    new Router().get('/patient', () => large, { writeTimeout: 60_000 }).get('/usual', () => 'usual'),
    async (server) => {
      const client = (await connect(server)).pause().send(get('/patient'), get('/usual'))
      await until(() => server.stats().requests === 2 && server.stats().bytesOut > 0, 'both are answered')
      await timePasses(server)
      client.resume()
      assert.is((await client.response()).body.length, large.length)
      assert.is((await client.response()).text, 'usual')
      await refusals(server, { HEADERS_TIMEOUT: 1 })
    },
    { writeTimeout: SOON, headersTimeout: 800 },
  ))

test('when all was taken, the next answer has its own time', () =>
  serving(
    new Router().get('/patient', () => 'taken', { writeTimeout: 60_000 }).get('/usual', () => large),
    async (server) => {
      const client = (await connect(server)).send(get('/patient'))
      assert.is((await client.response()).text, 'taken')
      client.pause().send(get('/usual'))
      await refusals(server, { WRITE_TIMEOUT: 1 })
      client.resume()
    },
    { writeTimeout: SOON },
  ))

const everyTimeout = { headersTimeout: SOON, requestTimeout: SOON, writeTimeout: SOON }

test('a client whose handler is slow is not cut off', () => {
  const slow = gate<string>()
  return serving(
    new Router().get('/slow', () => slow.opened).all('/*', () => ''),
    async (server) => {
      let client: RawClient
      do {
        // On a busy machine it may be idle for too long before it asks.
        client = (await connect(server)).send(get('/slow'))
        await until(() => server.stats().requests === 1 || client.ending !== undefined, 'it is asked')
      } while (server.stats().requests === 0)
      await timePasses(server)
      // An idle connection's time has passed as well.
      assert.is(await (await connect(server)).closed(), 'fin')
      slow.open('at last')
      const answer = await client.response()
      assert.is(answer.text, 'at last')
    },
    { ...everyTimeout, keepAliveTimeout: SOON },
  )
})

test('a client that is quiet between its requests is not cut off', () =>
  serving(
    echo,
    async (server) => {
      const client = await connect(server)
      for (const target of ['/a', '/b']) {
        await timePasses(server)
        assert.is((await client.send(get(target)).response()).text, `${target} `)
      }
      await counts(server, { idleTimeouts: 0 })
    },
    everyTimeout,
  ))

test('a request that the server has not read yet is not late', () => {
  const slow = gate<string>()
  const app = new Router().get('/slow', () => slow.opened).post('/*', async (req) => `posted ${await req.text()}`)
  return serving(
    app,
    async (server) => {
      const second = post('/', 'body')
      const client = (await connect(server)).send(get('/slow'), second.subarray(0, 60))
      await until(() => server.stats().requests === 1, 'the first is asked')
      await timePasses(server)
      client.send(second.subarray(60))
      slow.open('slow')
      const answers = await client.receive(2)
      assert.equal(
        answers.map(({ text }) => text),
        ['slow', 'posted body'],
      )
    },
    { ...everyTimeout, maxPipelined: 1 },
  )
})

test('a body that waits for its 100 behind a slow answer is not late', () => {
  const slow = gate<string>()
  const app = new Router().get('/slow', () => slow.opened).post('/*', async (req) => `posted ${await req.text()}`)
  return serving(
    app,
    async (server) => {
      const client = await connect(server)
      client.send(get('/slow'), head('POST', '/', 'Content-Length: 4', 'Expect: 100-continue'))
      await until(() => server.stats().requests === 1, 'the first is asked')
      await timePasses(server)
      slow.open('slow')
      assert.is((await client.response()).text, 'slow')
      assert.is((await client.response()).status, 100)
      assert.is((await client.send('body').response()).text, 'posted body')
    },
    { headersTimeout: 300, requestTimeout: 300 },
  )
})

test('a client that never sends what it was asked to go on with is late', () =>
  serving(
    echo,
    async (server) => {
      const client = (await connect(server)).send(head('POST', '/', 'Content-Length: 4', 'Expect: 100-continue'))
      assert.is((await client.response()).status, 100)
      await isTooLate(server, client, 'REQUEST_TIMEOUT')
    },
    { requestTimeout: SOON },
  ))

test('two hundred clients that never finish are all told, and a healthy one beside them is answered', () =>
  serving(
    echo,
    async (server) => {
      const clients = await Promise.all(Array.from({ length: 200 }, () => connect(server)))
      for (const client of clients) client.send(half)
      assert.is((await ask(server, get('/healthy'))).text, '/healthy ')
      const answers = await Promise.all(clients.map((client) => client.response()))
      assert.ok(answers.every(({ status }) => status === 408))
      await counts(server, { timeouts: 200 })
    },
    { headersTimeout: SOON },
  ))

test('a shorter writeTimeout of a route counts from its first answer', () =>
  serving(
    new Router().get('/', () => large, { writeTimeout: SOON }),
    async (server) => {
      const client = (await connect(server)).pause().send(get())
      await refusals(server, { WRITE_TIMEOUT: 1 })
      client.resume()
    },
    { writeTimeout: 60_000 },
  ))

test.run()
