// Bad HTTP gets its status and a closed connection, and nothing behind it is answered.
import { Router } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head } from './messages.js'
import { ask, connect } from './raw_client.js'
import { refusedRequests } from './refused_requests.js'
import { DEFAULT_PORT, SCHEME } from './scheme.js'
import { counts, serving } from './serving.js'

const app = new Router().all('/*', ({ path }) => path)
const after = get('/after')

for (const { what, bytes, status } of refusedRequests) {
  test(`${what} is refused with ${status}, and what follows is not answered`, () =>
    serving(app, async (server) => {
      const client = (await connect(server)).send(bytes, after)
      const answer = await client.response()
      assert.is(answer.status, status)
      assert.is(answer.header('connection'), 'close')
      assert.is(await client.closed(), 'fin')
      await counts(server, { requests: 0, refused: 1 })
    }))

  test(`${what}, a byte at a time, is refused with ${status}`, () =>
    serving(app, async (server) => {
      const client = await connect(server)
      for (const byte of Buffer.concat([Buffer.from(bytes), Buffer.from(after)])) {
        if (client.ending !== undefined) break
        await client.sendSeen(server, Buffer.of(byte))
      }
      assert.is((await client.response()).status, status)
      assert.is(await client.closed(), 'fin')
      await counts(server, { requests: 0 })
    }))

  test(`${what}, behind a good request, is refused with ${status} after its answer`, () =>
    serving(app, async (server) => {
      const client = (await connect(server)).send(get('/good'), bytes, after)
      const [good, bad] = await client.receive(2)
      assert.is(good?.text, '/good')
      assert.is(bad?.status, status)
      assert.is(await client.closed(), 'fin')
      await counts(server, { requests: 1 })
    }))
}

for (const method of ['FOO', 'GETS', 'X-9', 'G', 'BREW', '!#$%']) {
  test(`the method ${method} is unknown everywhere: 501, and what follows is not answered`, () =>
    serving(app, async (server) => {
      for (const bytes of [head(method, '/'), head(method, '/nowhere', 'Content-Length: 3').concat('abc')]) {
        const client = (await connect(server)).send(get('/good'), bytes, after)
        const [good, bad] = await client.receive(2)
        assert.is(good?.text, '/good')
        assert.is(`${bad?.status} ${bad?.header('connection')}`, '501 close')
        assert.is(await client.closed(), 'fin')

        const slow = await connect(server)
        for (const byte of Buffer.from(bytes)) await slow.sendSeen(server, Buffer.of(byte))
        assert.is((await slow.response()).status, 501)
        assert.is(await slow.closed(), 'fin')
      }
    }))
}

test('an unknown method is 501 also on a path that has others, and what follows is not run', () => {
  const run: string[] = []
  const app = new Router().get('/', ({ method }) => run.push(method)).on('BREW', '/pot', () => 'brewed')
  return serving(app, async (server) => {
    const client = (await connect(server)).send(head('FOO', '/', 'Content-Length: 0'), get())
    const refused = await client.response()
    assert.is(`${refused.status} ${refused.header('allow')} ${refused.header('connection')}`, '501 undefined close')
    assert.is(await client.closed(), 'fin')
    assert.equal(run, [])

    const other = (await connect(server)).send(head('BREW', '/pot'), head('BREW', '/'), get())
    const [brewed, elsewhere, next] = await other.receive(3)
    assert.is(brewed?.text, 'brewed')
    assert.is(`${elsewhere?.status} ${elsewhere?.header('allow')}`, '405 GET, HEAD, OPTIONS', 'the app knows it')
    assert.is(next?.status, 200)
  })
})

const HEADER = 200
const limits = { maxHeaderSize: HEADER, maxTargetSize: 20, maxHeaders: 5 }
const target = (length: number) => get(`/${'a'.repeat(length - 1)}`)
const fields = (count: number) => get('/', ...Array.from({ length: count - 1 }, (_, n) => `A${n}: b`))

const tooMuch: [string, string, number][] = [
  ['a target of maxTargetSize', target(20), 200],
  ['a target of one byte more', target(21), 414],
  ['a target that never ends', `GET /${'a'.repeat(1000)}`, 414],
  ['maxHeaders fields', fields(5), 200],
  ['one field more', fields(6), 431],
  ['a head well within maxHeaderSize', get('/', `A: ${'b'.repeat(HEADER - 100)}`), 200],
  ['a head above maxHeaderSize', get('/', `A: ${'b'.repeat(HEADER)}`), 431],
  ['a field name that never ends', `GET / HTTP/1.1\r\n${'a'.repeat(1000)}`, 431],
  ['a value that never ends', `GET / HTTP/1.1\r\na: ${'b'.repeat(1000)}`, 431],
  ['white space that never ends', `GET / HTTP/1.1\r\na:${' '.repeat(1000)}`, 431],
]
for (const [what, bytes, status] of tooMuch) {
  test(`${what} is answered with ${status}, however it arrives`, () =>
    serving(
      app,
      async (server) => {
        assert.is((await ask(server, bytes)).status, status)
        const client = await connect(server)
        for (const byte of Buffer.from(bytes)) {
          if (client.ending !== undefined) break
          await client.sendSeen(server, Buffer.of(byte))
        }
        const answer = await client.response()
        assert.is(answer.status, status)
        if (status !== 200) assert.is(await client.closed(), 'fin')
      },
      limits,
    ))
}

const usual: [string, string, number][] = [
  ['a target of 8 KiB', target(8192), 200],
  ['a target above 8 KiB', target(8193), 414],
  ['a hundred fields', fields(100), 200],
  ['more than a hundred fields', fields(101), 431],
  ['a head of almost 16 KiB', get('/', `A: ${'b'.repeat(16 * 1024 - 100)}`), 200],
  ['a head above 16 KiB', get('/', `A: ${'b'.repeat(16 * 1024)}`), 431],
  ['a head above all that fits', get('/', `A: ${'b'.repeat(500_000)}`), 431],
]
for (const [what, bytes, status] of usual) {
  test(`without options, ${what} is answered with ${status}`, () =>
    serving(app, async (server) => {
      assert.is((await ask(server, bytes)).status, status)
    }))
}

// What looks odd and is right.
const accepted: [string, string, string][] = [
  ['a target in absolute form', head('GET', `${SCHEME}://brink/a?b`), '/a'],
  [
    'a target in absolute form, with the port that is meant anyway',
    head('GET', `${SCHEME}://brink:${DEFAULT_PORT}/a`),
    '/a',
  ],
  ['a target in absolute form, with no port where one could be', head('GET', `${SCHEME}://brink:/a`), '/a'],
  [
    'a Host with no port where one could be',
    `GET ${SCHEME}://brink:${DEFAULT_PORT}/a HTTP/1.1\r\nHost: brink:\r\n\r\n`,
    '/a',
  ],
  ['a Host with a port', 'GET /a HTTP/1.1\r\nHost: brink:8080\r\n\r\n', '/a'],
  ['a Host with the longest IPv6 address', 'GET /a HTTP/1.1\r\nHost: [1:2:3:4:5:6:1.2.3.255]\r\n\r\n', '/a'],
  ['a Host with a gap at its end', 'GET /a HTTP/1.1\r\nHost: [1:2:3:4:5:6:7::]\r\n\r\n', '/a'],
  ['a Host with an IPv4 address behind a gap', 'GET /a HTTP/1.1\r\nHost: [::FFFF:127.0.0.1]:80\r\n\r\n', '/a'],
  ['a Host with the highest port', 'GET /a HTTP/1.1\r\nHost: brink:65535\r\n\r\n', '/a'],
  ['a Host with zeros before its port', 'GET /a HTTP/1.1\r\nHost: brink:000080\r\n\r\n', '/a'],
  ['a Host with an escape', 'GET /a HTTP/1.1\r\nHost: br%49nk\r\n\r\n', '/a'],
  ['a Host that is an IPv4 address', 'GET /a HTTP/1.1\r\nHost: 127.0.0.255:80\r\n\r\n', '/a'],
  ['a Host that only begins as one', 'GET /a HTTP/1.1\r\nHost: 1.2.3.999.brink\r\n\r\n', '/a'],
  ['a Host in the spelling of IDNA', 'GET /a HTTP/1.1\r\nHost: xn--bcher-kva.example\r\n\r\n', '/a'],
  ['brackets in a query', get('/a?b[]=c'), '/a'],
  ['an expectation that is said twice', get('/a', 'Expect: 100-continue, 100-continue'), '/a'],
  ['an expectation between tabs', get('/a', 'Expect: \t100-continue\t,\t100-continue'), '/a'],
  ['a Host that is an IPv6 address', 'GET /a HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n', '/a'],
  ['HTTP/1.0 without a Host', 'GET /a HTTP/1.0\r\n\r\n', '/a'],
  ['an empty value', get('/a', 'A:'), '/a'],
  ['white space around a value', get('/a', 'A: \t b \t '), '/a'],
  ['a value that is not ASCII', get('/a', 'A: ü'), '/a'],
  ['an offer to upgrade', get('/a', 'Connection: Upgrade', 'Upgrade: h2c'), '/a'],
  ['a length with zeros before it', `${head('POST', '/a', 'Content-Length: 0001')}b`, '/a'],
  ['chunked in capitals', `${head('POST', '/a', 'Transfer-Encoding: CHUNKED')}0\r\n\r\n`, '/a'],
  [
    'a chunk size in capitals, with zeros',
    `${head('POST', '/a', 'Transfer-Encoding: chunked')}00A\r\n0123456789\r\n0\r\n\r\n`,
    '/a',
  ],
]
for (const [what, bytes, path] of accepted) {
  test(`${what} is accepted`, () =>
    serving(app, async (server) => {
      const answer = await (await connect(server)).send(bytes).response()
      assert.is(`${answer.status} ${answer.text}`, `200 ${path}`)
    }))
}

test.run()
