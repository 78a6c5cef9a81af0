// Every limit, at its bound: what reaches it is taken, and one more is refused, with its status and code.
import { HttpError, Router, reply, type ServeOptions } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head, inChunks, post, postChunked } from './messages.js'
import { ask, connect, type RawClient } from './raw_client.js'
import { refusals } from './refusal_counts.js'
import { counts, serving } from './serving.js'
import { gate, turn, until } from './waiting.js'

const app = new Router().all('/*', async (req) => String((await req.bytes()).length))

/** A head of so many bytes: from the method to the last value, without the line ends behind it. */
function headOf(bytes: number): string {
  const least = get('/', 'A: ').length - 4
  return get('/', `A: ${'b'.repeat(bytes - least)}`)
}
const fields = (count: number) => get('/', ...Array.from({ length: count - 1 }, (_, n) => `A${n}: b`))
const target = (bytes: number) => get(`/${'a'.repeat(bytes - 1)}`)

interface Bound {
  options: ServeOptions
  within: string | Buffer
  beyond: string | Buffer
  status: number
  code: string
}

const bounds: Bound[] = [
  { options: { maxHeaderSize: 100 }, within: headOf(100), beyond: headOf(101), status: 431, code: 'HEADER_TOO_LARGE' },
  { options: {}, within: headOf(16_384), beyond: headOf(16_385), status: 431, code: 'HEADER_TOO_LARGE' },
  {
    options: { maxHeaderSize: 65_535 },
    within: headOf(65_535),
    beyond: headOf(65_536),
    status: 431,
    code: 'HEADER_TOO_LARGE',
  },
  { options: { maxHeaders: 1 }, within: fields(1), beyond: fields(2), status: 431, code: 'TOO_MANY_FIELDS' },
  { options: {}, within: fields(100), beyond: fields(101), status: 431, code: 'TOO_MANY_FIELDS' },
  {
    options: { maxHeaders: 1000 },
    within: fields(1000),
    beyond: fields(1001),
    status: 431,
    code: 'TOO_MANY_FIELDS',
  },
  { options: { maxTargetSize: 1 }, within: get('/'), beyond: get('/a'), status: 414, code: 'TARGET_TOO_LONG' },
  { options: {}, within: target(8192), beyond: target(8193), status: 414, code: 'TARGET_TOO_LONG' },
  { options: { bodyLimit: 0 }, within: post('/', ''), beyond: post('/', 'a'), status: 413, code: 'BODY_TOO_LARGE' },
  {
    options: { bodyLimit: 5 },
    within: post('/', '12345'),
    beyond: post('/', '123456'),
    status: 413,
    code: 'BODY_TOO_LARGE',
  },
  {
    options: { bodyLimit: 5 },
    within: postChunked('/', ['12', '345']),
    beyond: postChunked('/', ['12', '345', '6']),
    status: 413,
    code: 'BODY_TOO_LARGE',
  },
  {
    options: {},
    within: post('/', Buffer.alloc(1_048_576)),
    beyond: post('/', Buffer.alloc(1_048_577)),
    status: 413,
    code: 'BODY_TOO_LARGE',
  },
  {
    options: {},
    within: postChunked('/', [Buffer.alloc(1_000_000), Buffer.alloc(48_576)]),
    beyond: postChunked('/', [Buffer.alloc(1_000_000), Buffer.alloc(48_577)]),
    status: 413,
    code: 'BODY_TOO_LARGE',
  },
]

for (const { options, within, beyond, status, code } of bounds) {
  const [[name, value] = [code, 'the default']] = Object.entries(options)
  const kind = within.includes('chunked') ? ', in chunks' : ''

  test(`${name}, ${value}${kind}: as much is taken, and one more is answered with ${status}`, () =>
    serving(
      app,
      async (server) => {
        assert.is((await ask(server, within)).status, 200)
        const client = (await connect(server)).send(beyond)
        const answer = await client.response()
        assert.equal([answer.status, answer.header('connection')], [status, 'close'])
        assert.is(await client.closed(), 'fin')
        await counts(server, { requests: 1, refused: 1 })
        await refusals(server, { [code]: 1 })
      },
      options,
    ))
}

for (const { options, within, beyond, status, code } of bounds) {
  const [name] = Object.keys(options)
  if (within.length > 1000 || name === undefined) continue
  test(`${name}, a byte at a time: the bound is the same (${within.length} bytes)`, () =>
    serving(
      app,
      async (server) => {
        const client = await connect(server)
        for (const byte of Buffer.from(within)) await client.sendSeen(server, Buffer.of(byte))
        assert.is((await client.response()).status, 200)
        for (const byte of Buffer.from(beyond)) {
          if (client.ending === undefined) await client.sendSeen(server, Buffer.of(byte))
        }
        assert.is((await client.response()).status, status)
        await refusals(server, { [code]: 1 })
      },
      options,
    ))
}

test('bodyLimit: a length that is too large is refused before any of the body is sent', () =>
  serving(
    app,
    async (server) => {
      for (const expect of [[], ['Expect: 100-continue']]) {
        const client = (await connect(server)).send(head('POST', '/', 'Content-Length: 6', ...expect))
        assert.is((await client.response()).status, 413)
        assert.is(await client.closed(), 'fin')
      }
      await refusals(server, { BODY_TOO_LARGE: 2 })
    },
    { bodyLimit: 5 },
  ))

test('bodyLimit: a chunk that would be too large is refused before any of it is sent', () =>
  serving(
    app,
    async (server) => {
      const client = (await connect(server)).send(head('POST', '/', 'Transfer-Encoding: chunked'), '3\r\nabc\r\n3\r\n')
      assert.is((await client.response()).status, 413)
      assert.is(await client.closed(), 'fin')
    },
    { bodyLimit: 5 },
  ))

test('bodyLimit: a route may take more than the server, or less', () => {
  const size = async (req: { bytes(): Promise<Uint8Array> }) => String((await req.bytes()).length)
  const routes = new Router()
    .post('/large', size, { bodyLimit: 10 })
    .post('/small', size, { bodyLimit: 2 })
    .post('/usual', size)
  return serving(
    routes,
    async (server) => {
      for (const [path, most] of [
        ['/large', 10],
        ['/small', 2],
        ['/usual', 5],
      ] as const) {
        assert.is((await ask(server, post(path, 'a'.repeat(most)))).text, String(most), path)
        assert.is((await ask(server, post(path, 'a'.repeat(most + 1)))).status, 413, path)
        assert.is((await ask(server, postChunked(path, ['a'.repeat(most), 'b']))).status, 413, path)
      }
    },
    { bodyLimit: 5 },
  )
})

const overhead: [string, (bytes: number) => string][] = [
  ['chunk extensions', (bytes) => `1;${'a'.repeat(bytes - 2)}`],
  ['zeros before a chunk size', (bytes) => '0'.repeat(bytes)],
  ['trailers', (bytes) => `0\r\nA: ${'b'.repeat(bytes - 6)}`],
]
for (const [what, of] of overhead) {
  test(`maxChunkOverhead: ${what} up to it are taken, and a byte more is answered with 413`, () =>
    serving(
      app,
      async (server) => {
        const client = await connect(server)
        await client.sendSeen(server, head('POST', '/', 'Transfer-Encoding: chunked'))
        await client.sendSeen(server, of(50))
        await refusals(server, {})
        assert.is((await client.send('0').response()).status, 413)
        assert.is(await client.closed(), 'fin')
        await refusals(server, { CHUNK_OVERHEAD_TOO_LARGE: 1 })
      },
      { maxChunkOverhead: 50 },
    ))
}

test('maxChunkOverhead: the framing of small chunks is no overhead', () =>
  serving(
    app,
    async (server) => {
      const body = inChunks(Array.from({ length: 500 }, () => 'a'))
      const client = await connect(server)
      await client.sendSeen(server, head('POST', '/', 'Transfer-Encoding: chunked'))
      for (let at = 0; at < body.length; at += 100) await client.sendSeen(server, body.subarray(at, at + 100))
      assert.is((await client.response()).text, '500')
    },
    { maxChunkOverhead: 50 },
  ))

for (const last of ['A:', `A: b${' '.repeat(60)}`]) {
  test(`maxChunkOverhead: nothing of a head counts, when "${last.trim()}" stands last`, () =>
    serving(
      app,
      async (server) => {
        const client = await connect(server)
        await client.sendSeen(server, `${head('POST', '/', 'Content-Length: 4', last)}ab`)
        await client.sendSeen(server, 'cd')
        assert.is((await client.response()).text, '4')
      },
      { maxChunkOverhead: 50 },
    ))
}

for (const maxPipelined of [1, 2, 64]) {
  test(`maxPipelined, ${maxPipelined}: as many wait for their answers, and the next when one is given`, () => {
    const gates = Array.from({ length: maxPipelined + 1 }, () => gate<string>())
    return serving(
      new Router().get('/:n', ({ params }) => gates[Number(params.n)]?.opened),
      async (server) => {
        const client = (await connect(server)).send(...gates.map((_, n) => get(`/${n}`)))
        await until(() => server.stats().requests === maxPipelined, 'as many are asked')
        for (let count = 0; count < 20; count += 1) await turn()
        assert.is(server.stats().requests, maxPipelined)
        gates[0]?.open('first')
        await until(() => server.stats().requests === maxPipelined + 1, 'the next is asked')
        for (const { open } of gates) open('then')
        assert.is((await client.receive(maxPipelined + 1)).length, maxPipelined + 1)
      },
      { maxPipelined },
    )
  })
}

test('maxConnections: as many are served, others are told 503 and when to come again, and a place that is left is taken', () =>
  serving(
    app,
    async (server) => {
      const clients: RawClient[] = []
      const served: RawClient[] = []
      const turnedAway = async (client: RawClient) => {
        const answer = await client.send(get()).response()
        if (answer.status === 200) return false
        assert.equal([answer.status, answer.header('connection')], [503, 'close'])
        assert.match(answer.header('retry-after') as string, /^[1-9]\d*$/)
        assert.is(await client.closed(), 'fin')
        return true
      }
      // With threads each has its part of the places, so that it takes some more clients to fill them all, and many
      // where one thread is hardly given any time.
      while (clients.length < 40 || (served.length < 4 && clients.length < 2000)) {
        const client = await connect(server)
        clients.push(client)
        if (!(await turnedAway(client))) served.push(client)
      }
      assert.is(served.length, 4)
      const shed = clients.length - 4
      await counts(server, { accepted: clients.length, shed, refused: 0, requests: 4 })
      await refusals(server, { TOO_MANY_CONNECTIONS: shed })
      for (const client of served) assert.is((await client.send(get()).response()).status, 200)

      // Those that were turned away have not left: they take no place.
      served.pop()?.leave()
      await until(async () => !(await turnedAway(await connect(server))), 'the place is taken')
    },
    { maxConnections: 4 },
  ))

test('maxRequestsPerConnection: the last answer says close, and no more are asked', () =>
  serving(
    app,
    async (server) => {
      const together = (await connect(server)).send(get().repeat(5))
      const one = async (client: RawClient) => (await client.response()).header('connection')
      assert.equal(
        [await one(together), await one(together), await one(together)],
        ['keep-alive', 'keep-alive', 'close'],
      )
      assert.is(await together.closed(), 'fin')

      const singly = await connect(server)
      for (const connection of ['keep-alive', 'keep-alive', 'close'])
        assert.is(await one(singly.send(get())), connection)
      assert.is(await singly.closed(), 'fin')
      await counts(server, { requests: 6, refused: 0 })
    },
    { maxRequestsPerConnection: 3 },
  ))

// Together more than the system takes for a client that takes nothing.
const ANSWERS = 60
const large = Buffer.alloc(256 * 1024)
for (const [maxPendingOutput, readsAll] of [
  [1, false],
  [4 * 2 ** 30, true],
] as const) {
  test(`maxPendingOutput, ${maxPendingOutput}: a client that does not take its answers is read up to it`, () =>
    serving(
      () => large,
      async (server) => {
        const client = (await connect(server)).pause().send(get().repeat(ANSWERS))
        if (readsAll) await until(() => server.stats().requests === ANSWERS, 'all are asked')
        else await until(() => server.stats().partialWrites > 0, 'the client does not take its answers')
        for (let count = 0; count < 20; count += 1) await turn()
        assert.is(server.stats().requests === ANSWERS, readsAll)
        client.resume()
        for (const answer of await client.receive(ANSWERS)) assert.is(answer.body.length, large.length)
      },
      { maxPendingOutput, maxPipelined: 1 },
    ))
}

test('a limit of the app is the app’s: its 413 and 429 go on', () => {
  const own = new Router()
    .get('/many', () => reply(429, 'slower', { 'retry-after': 1 }))
    .get('/large', () => {
      throw new HttpError(413, 'too much')
    })
  return serving(own, async (server) => {
    const client = (await connect(server)).send(get('/many'), get('/large'), get('/many'))
    const answers = await client.receive(3)
    assert.equal(
      answers.map(({ status }) => status),
      [429, 413, 429],
    )
    await refusals(server, {})
  })
})

test.run()
