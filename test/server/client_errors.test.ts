// Whoever watches is told of clients that were refused or cut off: why, and from where. But not of a flood.
import { type ClientError, Router, type Server } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head } from './messages.js'
import { ask, connect, type RawClient } from './raw_client.js'
import { refusals } from './refusal_counts.js'
import { counts, serving } from './serving.js'
import { until } from './waiting.js'

const echo = new Router().all('/*', ({ path }) => path)
const bad = 'GET / HTTP/1.1\r\n\r\n'

const told: [string, string, string, number][] = [
  ['a request without a Host', bad, 'MISSING_HOST', 400],
  ['no HTTP', 'hello\r\n\r\n', 'INVALID_METHOD', 400],
  ['a body that is too large', head('POST', '/', 'Content-Length: 11'), 'BODY_TOO_LARGE', 413],
  ['a target that is too long', get(`/${'a'.repeat(100)}`), 'TARGET_TOO_LONG', 414],
  ['another expectation', get('/', 'Expect: x'), 'UNKNOWN_EXPECTATION', 417],
  ['a version of its own', 'GET / HTTP/3.0\r\nHost: brink\r\n\r\n', 'UNSUPPORTED_VERSION', 505],
  ['half a head', 'GET / HTTP/1.1\r\nHost: brink\r\n', 'HEADERS_TIMEOUT', 408],
  ['half a body', `${head('POST', '/', 'Content-Length: 2')}a`, 'REQUEST_TIMEOUT', 408],
]

for (const [what, bytes, code, status] of told) {
  test(`${what} is told as ${code}`, async () => {
    const errors: ClientError[] = []
    const limits = { bodyLimit: 10, maxTargetSize: 100, headersTimeout: 100, requestTimeout: 100 }
    await serving(
      echo,
      async (server) => {
        const client = (await connect(server)).send(bytes)
        assert.is((await client.response()).status, status)
        await until(() => errors.length > 0, 'it is told')
        assert.equal(errors, [{ code, status, ip: '127.0.0.1', port: client.localPort, untold: 0 }])
        await refusals(server, { [code]: 1 })
      },
      { ...limits, onClientError: (error) => errors.push(error) },
    )
  })
}

test('a client that is cut off, and can be told nothing, is told with the status 0', async () => {
  const errors: ClientError[] = []
  const large = Buffer.alloc(32 * 1024 * 1024)
  await serving(
    () => large,
    async (server) => {
      const client = (await connect(server)).pause().send(get())
      await until(() => errors.length > 0, 'it is told')
      assert.equal(errors, [{ code: 'WRITE_TIMEOUT', status: 0, ip: '127.0.0.1', port: client.localPort, untold: 0 }])
    },
    { writeTimeout: 100, onClientError: (error) => errors.push(error) },
  )
})

test('a client that is turned away is told, too', async () => {
  const errors: ClientError[] = []
  await serving(
    echo,
    async (server) => {
      const clients: RawClient[] = []
      while (server.stats().shed === 0) clients.push(await connect(server))
      await until(() => errors.length > 0, 'it is told')
      const [{ code, status, port } = { code: '', status: 0, port: 0 }] = errors
      assert.equal([code, status], ['TOO_MANY_CONNECTIONS', 503])
      assert.ok(clients.some(({ localPort }) => localPort === port))
    },
    { maxConnections: 1, onClientError: (error) => errors.push(error) },
  )
})

test('an app that fails, or says no, is not told: those clients were answered', async () => {
  const errors: ClientError[] = []
  const app = new Router().get('/', () => 'here').get('/fails', () => Promise.reject(new Error('by itself')))
  await serving(
    app,
    async (server) => {
      for (const [bytes, status] of [
        [get('/nowhere'), 404],
        [head('PATCH', '/'), 405],
        [head('FOO', '/'), 501],
        [head('FOO', '/nowhere'), 501],
        [get('/%'), 400],
        [get('/fails'), 500],
      ] as const) {
        assert.is((await ask(server, bytes)).status, status)
      }
      assert.is((await ask(server, bad)).status, 400)
      await until(() => errors.length > 0, 'that one is told')
      assert.equal(
        errors.map(({ code }) => code),
        ['MISSING_HOST'],
      )
      await counts(server, { refused: 1 })
    },
    { log: () => {}, onClientError: (error) => errors.push(error) },
  )
})

/** Sends so many bad requests, a few at a time, each on a connection of its own. */
async function flood(server: Server, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += 20) {
    await Promise.all(Array.from({ length: Math.min(20, count - sent) }, () => ask(server, bad)))
  }
}

test('of a flood at most 50 a second of each thread are told, and the others are counted', async () => {
  const errors: ClientError[] = []
  const total = 300
  await serving(
    echo,
    async (server) => {
      const began = performance.now()
      await flood(server, total)
      await refusals(server, { MISSING_HOST: total })
      const seconds = Math.floor((performance.now() - began) / 1000) + 2
      assert.ok(errors.length >= 50, `${errors.length} told`)
      assert.ok(errors.length <= 50 * Math.max(1, server.threads) * seconds, `${errors.length} told`)
      // What was passed over is told with the next one that is, when its second is over.
      const known = () => errors.reduce((sum, { untold }) => sum + untold, errors.length)
      let sent = total
      await until(async () => {
        if (known() < sent) {
          await flood(server, 1)
          sent += 1
        }
        return known() === sent
      }, 'each has been told or counted')
      assert.is((await ask(server, get('/good'))).text, '/good')
    },
    { onClientError: (error) => errors.push(error) },
  )
})

test('a listener that throws costs nobody anything, and its error is not lost', async () => {
  const { error } = console
  const complaints: unknown[] = []
  console.error = (...all) => complaints.push(...all)
  let calls = 0
  try {
    await serving(
      echo,
      async (server) => {
        const clients = await Promise.all(Array.from({ length: 10 }, () => connect(server)))
        clients.forEach((client, n) => {
          client.send(n % 2 === 0 ? bad : get(`/${n}`))
        })
        const answers = await Promise.all(clients.map((client) => client.response()))
        assert.equal(
          answers.map(({ status }) => status),
          [400, 200, 400, 200, 400, 200, 400, 200, 400, 200],
        )
        await until(() => complaints.length === 5, 'each complaint is written')
      },
      {
        onClientError: () => {
          calls += 1
          throw new Error(`listener ${calls}`)
        },
      },
    )
  } finally {
    console.error = error
  }
  assert.equal(
    complaints.map(String),
    [1, 2, 3, 4, 5].map((n) => `Error: listener ${n}`),
  )
})

test('a listener that closes the server ends it', async () => {
  let server: Server | undefined
  let closed: Promise<unknown> | undefined
  const onClientError = () => {
    closed = server?.close()
  }
  await serving(
    echo,
    async (running) => {
      server = running
      assert.is((await ask(running, bad)).status, 400)
      await until(() => closed !== undefined, 'it is told')
      await closed
    },
    { onClientError },
  )
})

test.run()
