// The PROXY protocol: headers that are refused, and peers that may send none.
import type { ClientError } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, post } from './messages.js'
import { HEADER, INET, INET6, LINE, line, SIGNATURE, version2 } from './proxy_headers.js'
import { ACCEPTED, app, CLIENT, endsUntold, PEER, REQUIRED } from './proxy_protocol_app.js'
import { ask, connect } from './raw_client.js'
import { refusals } from './refusal_counts.js'
import { counts, serving } from './serving.js'
import { until } from './waiting.js'

const INVALID = 'INVALID_PROXY_HEADER'
const TOO_LONG = 'PROXY_HEADER_TOO_LONG'
const refused: [what: string, bytes: string | Buffer, code: string][] = [
  ['a request without a header', get('/'), INVALID],
  ['a TLS ClientHello', Buffer.from('16030100c5010000c10303', 'hex'), INVALID],
  ['PROXY in small letters', LINE.toLowerCase(), INVALID],
  ['another protocol', line('UDP4 192.0.2.1 1.1.1.1 1 2'), INVALID],
  ['no family', line(''), INVALID],
  ['an IPv6 address for TCP4', line('TCP4 ::1 ::1 1 2'), INVALID],
  ['an IPv4 address for TCP6', line('TCP6 192.0.2.1 1.1.1.1 1 2'), INVALID],
  ['one address', line('TCP4 192.0.2.1 1 2'), INVALID],
  ['one port', line('TCP4 192.0.2.1 1.1.1.1 1'), INVALID],
  ['a space at the end', line('TCP4 192.0.2.1 1.1.1.1 1 2 '), INVALID],
  ['two spaces', line('TCP4  192.0.2.1 1.1.1.1 1 2'), INVALID],
  ['a tab', line('TCP4\t192.0.2.1 1.1.1.1 1 2'), INVALID],
  ['a leading zero in an address', line('TCP4 192.0.2.01 1.1.1.1 1 2'), INVALID],
  ['a leading zero in a port', line('TCP4 192.0.2.1 1.1.1.1 01 2'), INVALID],
  ['a port above 65535', line('TCP4 192.0.2.1 1.1.1.1 65536 2'), INVALID],
  ['a sign before a port', line('TCP4 192.0.2.1 1.1.1.1 +1 2'), INVALID],
  ['a bare LF', `${line('TCP4 192.0.2.1 1.1.1.1 1 2').replace('\r', '')}${get('/')}`, INVALID],
  ['a line of 108 bytes', line(`UNKNOWN ${'x'.repeat(92)}`), TOO_LONG],
  ['a line without an end', `PROXY ${'x'.repeat(200)}`, TOO_LONG],
  ['version 1 of version 2', version2({ version: 1, addresses: INET }), INVALID],
  ['version 3', version2({ version: 3, addresses: INET }), INVALID],
  ['a command that is none', version2({ command: 2, addresses: INET }), INVALID],
  ['a family that is none', version2({ family: 0x41, addresses: INET }), INVALID],
  ['a transport that is none', version2({ family: 0x13, addresses: INET }), INVALID],
  ['addresses that are too short', version2({ addresses: INET.slice(1) }), INVALID],
  ['IPv6 of the length of IPv4', version2({ family: 0x21, addresses: INET }), INVALID],
  ['UNIX of the length of IPv6', version2({ family: 0x31, addresses: INET6 }), INVALID],
  ['no length', version2({ length: 0 }), INVALID],
  ['4097 bytes', version2({ addresses: INET, more: new Uint8Array(4096 - 27) }), TOO_LONG],
  ['the longest length', version2({ addresses: INET, length: 65535 }), TOO_LONG],
  ['a signature that ends otherwise', Buffer.from(`${SIGNATURE.slice(0, -1)}\r`, 'latin1'), INVALID],
]

for (const [what, bytes, code] of refused) {
  test(`require: ${what} is refused with ${code}, and told nothing`, async () => {
    const errors: ClientError[] = []
    await serving(
      app,
      async (server) => {
        const client = await connect(server)
        const port = client.localPort
        await endsUntold(client.send(bytes))
        await until(() => errors.length > 0, 'it is told')
        assert.equal(errors, [{ code, status: 0, ip: PEER, port, untold: 0 }])
        await refusals(server, { [code]: 1 })
        await counts(server, { open: 0, requests: 0, refused: 1 })
        // And others go on.
        assert.is((await ask(server, Buffer.concat([HEADER, Buffer.from(get('/'))]))).text, CLIENT)
      },
      { ...REQUIRED, onClientError: (error) => errors.push(error) },
    )
  })
}

for (const [what, bytes] of [
  ['no header', ''],
  ['half a line', LINE.slice(0, 10)],
  ['half a header', HEADER.subarray(0, 20)],
] as const) {
  test(`require: ${what} after headersTimeout is an error`, async () => {
    const errors: ClientError[] = []
    await serving(
      app,
      async (server) => {
        const client = (await connect(server)).send(bytes)
        assert.is(await client.closed(), 'fin')
        await until(() => errors.length > 0, 'it is told')
        const [error] = errors
        assert.equal([error?.code, error?.status], ['PROXY_HEADER_TIMEOUT', 0])
        await counts(server, { open: 0, timeouts: 1, refused: 0 })
      },
      { ...REQUIRED, headersTimeout: 100, keepAliveTimeout: 60_000, onClientError: (error) => errors.push(error) },
    )
  })
}

test('a client that is refused behind its header is told by its own address', async () => {
  const errors: ClientError[] = []
  await serving(
    app,
    async (server) => {
      assert.is((await ask(server, `${LINE}GET / HTTP/1.1\r\n\r\n`)).status, 400)
      await until(() => errors.length > 0, 'it is told')
      assert.equal(errors, [{ code: 'MISSING_HOST', status: 400, ip: CLIENT, port: 4711, untold: 0 }])
    },
    { ...REQUIRED, onClientError: (error) => errors.push(error) },
  )
})

test('require with a list: a peer that is not in it is closed before it is heard', async () => {
  const errors: ClientError[] = []
  await serving(
    app,
    async (server) => {
      await endsUntold((await connect(server)).send(LINE, get('/')))
      await until(() => errors.length > 0, 'it is told')
      assert.equal(
        errors.map(({ code, status, ip }) => [code, status, ip]),
        [['UNTRUSTED_PROXY', 0, PEER]],
      )
      await counts(server, { open: 0, requests: 0 })
    },
    { ...REQUIRED, trustProxy: ['10.0.0.0/8', '::/0'], onClientError: (error) => errors.push(error) },
  )
})

test('accept: a trusted peer may send none', async () => {
  await serving(
    app,
    async (server) => {
      for (const bytes of [get('/'), `\r\n\r\n${get('/')}`]) assert.is((await ask(server, bytes)).text, PEER)
      // What begins as a header does.
      assert.is((await ask(server, post('/echo', 'hello'))).text, 'hello')
      const client = await connect(server)
      for (const byte of `\r\n\r\n${get('/')}`) await client.sendSeen(server, byte)
      assert.is((await client.response()).text, PEER)
      const other = await connect(server)
      for (const byte of post('/echo', 'hello').toString()) await other.sendSeen(server, byte)
      assert.is((await other.response()).text, 'hello')
      await counts(server, { refused: 0 })
    },
    ACCEPTED,
  )
})

test('accept: a trusted peer without a header is a proxy whose fields are believed', async () => {
  await serving(
    app,
    async (server) => {
      assert.is((await ask(server, get('/', 'X-Forwarded-For: 192.0.2.7'))).text, '192.0.2.7')
    },
    ACCEPTED,
  )
})

test('accept: a peer that is not trusted sends an invalid request', async () => {
  await serving(
    app,
    async (server) => {
      assert.is((await ask(server, get('/'))).text, PEER)
      assert.is((await ask(server, `${LINE}${get('/')}`)).status, 400)
      assert.is((await ask(server, HEADER)).status, 400)
      await refusals(server, { INVALID_VERSION: 1, INVALID_METHOD: 1 })
    },
    { proxyProtocol: 'accept', trustProxy: '10.0.0.0/8' },
  )
})

test('off: a header is an invalid request', async () => {
  await serving(app, async (server) => {
    assert.is((await ask(server, `${LINE}${get('/')}`)).status, 400)
    assert.is((await ask(server, HEADER)).status, 400)
  })
})

for (const [what, bytes, code] of [
  ['a malformed line', `${line('TCP4 nonsense')}${get('/')}`, INVALID],
  ['a long line', `PROXY ${'x'.repeat(200)}`, TOO_LONG],
  ['version 3', version2({ version: 3, addresses: INET }), INVALID],
] as const) {
  test(`accept: ${what} of a trusted peer is refused`, async () => {
    await serving(
      app,
      async (server) => {
        await endsUntold((await connect(server)).send(bytes))
        await refusals(server, { [code]: 1 })
      },
      ACCEPTED,
    )
  })
}

test('accept: half a header has headersTimeout, and nothing at all keepAliveTimeout', async () => {
  await serving(
    app,
    async (server) => {
      assert.is(await (await connect(server)).send('\r\n\r\n').closed(), 'fin')
      await refusals(server, { PROXY_HEADER_TIMEOUT: 1 })
    },
    { ...ACCEPTED, headersTimeout: 100 },
  )
  await serving(
    app,
    async (server) => {
      assert.is(await (await connect(server)).closed(), 'fin')
      await counts(server, { idleTimeouts: 1 })
      assert.equal(server.stats().refusals, {})
    },
    { ...ACCEPTED, headersTimeout: 60_000, keepAliveTimeout: 100 },
  )
})

test.run()
