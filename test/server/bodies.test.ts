// Request bodies: how they are framed, how large they may be, and when the client is asked for them.
import { Router } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head, inChunks, noise, post, postChunked } from './messages.js'
import { ask, connect } from './raw_client.js'
import { counts, serving } from './serving.js'
import { turn } from './waiting.js'

const LIMIT = 1000
const MIB = 1024 * 1024

const echo = new Router().post('/', (req) => req.bytes()).get('/', () => 'next')

const framings: [string, (body: Buffer) => Buffer][] = [
  ['of announced length', (body) => post('/', body)],
  ['in one chunk', (body) => postChunked('/', body.length > 0 ? [body] : [])],
  ['in many chunks', (body) => postChunked('/', pieces(body, 97))],
  ['in chunks of a byte', (body) => postChunked('/', pieces(body.subarray(0, 5000), 1))],
]

for (const [how, framed] of framings) {
  for (const size of [0, 1, 96, 97, 98, 4096, 16_384, 16_385, 65_536, 300_000, MIB]) {
    test(`a body of ${size} bytes ${how} arrives as it was sent`, () =>
      serving(echo, async (server) => {
        const body = noise(how.endsWith('a byte') ? Math.min(size, 5000) : size, size)
        const client = await connect(server)
        // Twice, and then something else: nothing is left over.
        const answers = await client.send(framed(body), framed(body), get()).receive(3)
        assert.ok(answers[0]?.body.equals(body))
        assert.ok(answers[1]?.body.equals(body))
        assert.is(answers[2]?.text, 'next')
      }))
  }
}

test('a body whose head came before it arrives as it was sent', () =>
  serving(echo, async (server) => {
    const client = await connect(server)
    for (const size of [1, 16_384, 16_385, MIB]) {
      const bytes = post('/', noise(size, size))
      const headSize = bytes.length - size
      await client.sendSeen(server, bytes.subarray(0, headSize))
      client.send(bytes.subarray(headSize))
      assert.ok((await client.response()).body.equals(noise(size, size)), `${size} bytes`)
    }
  }))

test('large bodies of many clients at once arrive as they were sent', () =>
  serving(echo, async (server) => {
    const one = async (_: unknown, n: number) => {
      const client = await connect(server)
      for (let round = 0; round < 3; round += 1) {
        const body = noise(MIB - n, n * 3 + round)
        assert.ok((await client.send(framings[n % 3]?.[1](body) ?? '').response()).body.equals(body), `client ${n}`)
      }
    }
    await Promise.all(Array.from({ length: 12 }, one))
  }))

const atTheLimit: [string, Buffer][] = [
  ['announced', post('/', noise(LIMIT))],
  ['in chunks', postChunked('/', pieces(noise(LIMIT), 300))],
]
for (const [how, bytes] of atTheLimit) {
  test(`a body of bodyLimit bytes, ${how}, is taken`, () =>
    serving(
      echo,
      async (server) => {
        assert.ok((await ask(server, bytes)).body.equals(noise(LIMIT)))
      },
      { bodyLimit: LIMIT },
    ))
}

const tooLarge: [string, Buffer | string][] = [
  ['announced', post('/', noise(LIMIT + 1))],
  ['announced and not sent', head('POST', '/', `Content-Length: ${LIMIT + 1}`)],
  ['announced with the largest number', head('POST', '/', 'Content-Length: 9223372036854775807')],
  ['in one chunk', postChunked('/', [noise(LIMIT + 1)])],
  ['in many chunks', postChunked('/', pieces(noise(LIMIT + 1), 300))],
  ['in chunks without end', Buffer.concat([postChunked('/', pieces(noise(LIMIT + 1), 300)).subarray(0, -5)])],
]
for (const [how, bytes] of tooLarge) {
  test(`a body above bodyLimit, ${how}, is refused with 413 and the connection closed`, () =>
    serving(
      echo,
      async (server) => {
        const client = (await connect(server)).send(bytes, get())
        const answer = await client.response()
        assert.is(answer.status, 413)
        assert.is(answer.header('connection'), 'close')
        assert.is(await client.closed(), 'fin')
        await counts(server, { requests: 0 })
      },
      { bodyLimit: LIMIT },
    ))
}

test('chunk extensions and trailers without end are refused, though the body is small', () =>
  serving(echo, async (server) => {
    for (const bytes of [`1;${'x'.repeat(40_000)}`, `0\r\n${'X-Trailer: value\r\n'.repeat(4000)}`]) {
      const client = await connect(server)
      await client.sendSeen(server, `${head('POST', '/', 'Transfer-Encoding: chunked')}1\r\na\r\n`)
      await client.sendSeen(server, bytes)
      await client.sendSeen(server, 'x'.repeat(1000))
      const { status } = await client.response()
      assert.ok(status === 413 || status === 400 || status === 431, String(status))
      assert.is(await client.closed(), 'fin')
    }
    await counts(server, { requests: 0 })
  }))

const expecting = (length: number) => head('POST', '/', `Content-Length: ${length}`, 'Expect: 100-continue')

for (const [how, start, body] of [
  ['of announced length', expecting(4), 'body'],
  ['in chunks', head('POST', '/', 'Transfer-Encoding: chunked', 'expect: 100-Continue'), inChunks(['bo', 'dy'])],
] as const) {
  test(`a client that waits to be asked for its body ${how} is asked, and then answered`, () =>
    serving(echo, async (server) => {
      const client = (await connect(server)).send(start)
      const interim = await client.response()
      assert.is(interim.status, 100)
      await counts(server, { requests: 0 })
      const answer = await client.send(body).response()
      assert.is(answer.text, 'body')
      assert.is((await client.send(get()).response()).text, 'next')
    }))
}

const unasked: [string, string | Buffer, number][] = [
  ['whose body is too large is refused without being asked for it', expecting(LIMIT + 1), 413],
  ['that sends its body along is not asked for it', post('/', 'body', 'Expect: 100-continue'), 200],
  ['that announces an empty body is not asked for it', expecting(0), 200],
  ['that expects something else is told that it cannot be', head('POST', '/', 'Expect: gold'), 417],
  [
    'of HTTP/1.0 is not asked for its body',
    'POST / HTTP/1.0\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\nbody',
    200,
  ],
]
for (const [what, bytes, status] of unasked) {
  test(`a client ${what}`, () =>
    serving(
      echo,
      async (server) => {
        assert.is((await (await connect(server)).send(bytes).response()).status, status)
      },
      { bodyLimit: LIMIT },
    ))
}

test('a client is asked for its body after the answers to its earlier requests', () =>
  serving(
    async (req) => {
      await turn()
      return (await req.text()) || 'first'
    },
    async (server) => {
      const client = (await connect(server)).send(get(), expecting(4))
      const [first, interim] = await client.receive(2)
      assert.is(first?.text, 'first')
      assert.is(interim?.status, 100)
      assert.is((await client.send('body').response()).text, 'body')
    },
  ))

function pieces(body: Buffer, size: number): Buffer[] {
  const list: Buffer[] = []
  for (let at = 0; at < body.length; at += size) list.push(body.subarray(at, at + size))
  return list
}

test.run()
