// The PROXY protocol: whom a header names, whatever the pieces are that it comes in, and what is refused.
import { join } from 'node:path'
import { type ClientError, Router, type ServeOptions, type Server, serve } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fileTree } from '../file_tree.js'
import { get, post } from './messages.js'
import { HEADER, INET, INET6, LINE, SIGNATURE, version2 } from './proxy_headers.js'
import { ask, connect, type RawClient } from './raw_client.js'
import { refusals } from './refusal_counts.js'
import { counts, serving } from './serving.js'
import { gate, turn, until, within } from './waiting.js'

const app = new Router()
  .get('/port', (req) => String((req as unknown as { port: number }).port))
  .get('/peer', (req) => `${req.ip} by ${req.peer}`)
  .post('/echo', (req) => req.text())
  .fixed('/fixed', 'fixed')
  .all('/*', ({ ip }) => ip)

const REQUIRED: ServeOptions = { proxyProtocol: 'require' }
const ACCEPTED: ServeOptions = { proxyProtocol: 'accept', trustProxy: 'loopback' }
const CLIENT = '192.0.2.1'
const PEER = '127.0.0.1'
const line = (text: string) => `PROXY ${text}\r\n`
const tlv = (type: number, length: number) => [
  type,
  length >> 8,
  length & 0xff,
  ...new Array<number>(length).fill(0x41),
]

/** In order, or by a reset where more was sent than was read. */
async function endsUntold(client: RawClient): Promise<void> {
  await until(() => client.ending !== undefined, 'the end of the connection')
  assert.is(client.arrived.length, 0)
}

const headers: [what: string, header: string | Buffer, ip: string][] = [
  ['version 1, TCP4', LINE, CLIENT],
  ['version 1, TCP6', line('TCP6 2001:db8::1 ::1 4711 80'), '2001:db8::1'],
  ['version 1, an IPv4-mapped address', line('TCP6 ::ffff:192.0.2.1 ::1 4711 80'), CLIENT],
  ['version 1, ports 0 and 65535', line('TCP4 192.0.2.1 1.1.1.1 0 65535'), CLIENT],
  ['version 1, UNKNOWN', line('UNKNOWN'), PEER],
  ['version 1, UNKNOWN with more', line('UNKNOWN ffff:: ::1 what ever'), PEER],
  [
    'version 1, the longest',
    line('TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535'),
    'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
  ],
  ['version 1, UNKNOWN of 107 bytes', line(`UNKNOWN ${'x'.repeat(91)}`), PEER],
  ['version 2, TCP4', HEADER, CLIENT],
  ['version 2, TCP6', version2({ family: 0x21, addresses: INET6 }), '2001:db8::1'],
  ['version 2, UDP4', version2({ family: 0x12, addresses: INET }), CLIENT],
  [
    'version 2, an IPv4-mapped address',
    version2({ family: 0x21, addresses: [...new Array(10).fill(0), 255, 255, 192, 0, 2, 1, ...INET6.slice(16)] }),
    CLIENT,
  ],
  ['version 2, TLVs', version2({ addresses: INET, more: [...tlv(1, 8), ...tlv(0x20, 40), ...tlv(4, 0)] }), CLIENT],
  ['version 2, TLVs that are none', version2({ addresses: INET, more: [1, 0xff, 0xff, 7] }), CLIENT],
  ['version 2, the longest', version2({ addresses: INET, more: new Uint8Array(4096 - 28) }), CLIENT],
  ['version 1, the address of nobody', line('TCP6 :: ::1 1 2'), PEER],
  ['version 2, the address of nobody', version2({ family: 0x21, addresses: new Array(36).fill(0) }), PEER],
  ['version 2, LOCAL', version2({ command: 0, family: 0 }), PEER],
  ['version 2, LOCAL with addresses', version2({ command: 0, addresses: INET }), PEER],
  ['version 2, LOCAL of a family that is none', version2({ command: 0, family: 0xff, addresses: [1, 2] }), PEER],
  ['version 2, UNSPEC of length 0', version2({ family: 0 }), PEER],
  ['version 2, UNSPEC with more', version2({ family: 0, more: INET }), PEER],
  ['version 2, UNIX', version2({ family: 0x31, addresses: new Array(216).fill(0x2f) }), PEER],
]

for (const [what, header, ip] of headers) {
  for (const [mode, options] of [
    ['require', REQUIRED],
    ['accept', ACCEPTED],
  ] as const) {
    test(`${mode}: ${what}: the client is ${ip}`, async () => {
      await serving(
        app,
        async (server) => {
          const client = await connect(server)
          // In one segment, and kept alive: the header comes once.
          client.send(header, get('/'), get('/peer'))
          const [first, second] = await client.receive(2)
          assert.is(first?.text, ip)
          assert.is(second?.text, `${ip} by ${PEER}`)
          assert.is((await client.send(get('/')).response()).text, ip)
          await counts(server, { requests: 3, refused: 0 })
        },
        options,
      )
    })
  }
}

test('the port is the one of the header', async () => {
  await serving(
    app,
    async (server) => {
      for (const header of [LINE, HEADER]) {
        const [answer] = await (await connect(server)).send(header, get('/port')).receive(1)
        assert.is(answer?.text, '4711')
      }
    },
    REQUIRED,
  )
})

for (const [what, header] of [
  ['version 1', Buffer.from(LINE)],
  ['version 2', version2({ addresses: INET, more: tlv(1, 3) })],
] as const) {
  test(`${what}, split behind each of its bytes`, async () => {
    await serving(
      app,
      async (server) => {
        for (let place = 1; place <= header.length; place += 1) {
          const client = await connect(server)
          await client.sendSeen(server, header.subarray(0, place))
          const answer = await client.send(header.subarray(place), get('/')).response()
          assert.is(answer.text, CLIENT)
          client.leave()
        }
      },
      REQUIRED,
    )
  })

  test(`${what}, each byte by itself, and the request, too`, async () => {
    await serving(
      app,
      async (server) => {
        const client = await connect(server)
        for (const byte of Buffer.concat([header, post('/echo', 'hello')])) {
          await client.sendSeen(server, Buffer.from([byte]))
        }
        assert.is((await client.response()).text, 'hello')
      },
      REQUIRED,
    )
  })
}

test('requests in a pipeline behind the header, and a body', async () => {
  await serving(
    app,
    async (server) => {
      const client = await connect(server)
      client.send(
        HEADER,
        get('/fixed'),
        post('/echo', 'a'),
        get('/'),
        get('/fixed'),
        post('/echo', 'b'.repeat(100_000)),
      )
      const answers = await client.receive(5)
      assert.equal(
        answers.map(({ text }) => text.slice(0, 9)),
        ['fixed', 'a', CLIENT, 'fixed', 'bbbbbbbbb'],
      )
    },
    REQUIRED,
  )
})

test('a client that closes its side behind its request is answered', async () => {
  await serving(
    app,
    async (server) => {
      const client = (await connect(server)).send(HEADER, get('/')).finish()
      assert.is((await client.response()).text, CLIENT)
      assert.is(await client.closed(), 'fin')
    },
    REQUIRED,
  )
})

for (const [what, bytes] of [
  ['nothing', ''],
  ['half a header', LINE.slice(0, 20)],
  ['a header alone', LINE],
] as const) {
  test(`a client that closes its side behind ${what} is no error`, async () => {
    await serving(
      app,
      async (server) => {
        assert.is(await (await connect(server)).send(bytes).finish().closed(), 'fin')
        await counts(server, { open: 0, refused: 0, timeouts: 0 })
        assert.equal(server.stats().refusals, {})
      },
      REQUIRED,
    )
  })
}

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

test('a connection idles behind its header as long as any', async () => {
  await serving(
    app,
    async (server) => {
      const client = await connect(server)
      await client.sendSeen(server, HEADER)
      assert.is(await client.closed(), 'fin')
      await counts(server, { idleTimeouts: 1 })
      assert.equal(server.stats().refusals, {})
    },
    { ...REQUIRED, headersTimeout: 60_000, keepAliveTimeout: 100 },
  )
})

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

test('trustProxy goes on from the client that the header names', async () => {
  await serving(
    app,
    async (server) => {
      const through = async (address: string, ...fields: string[]) =>
        (await ask(server, `PROXY TCP4 ${address} 1.1.1.1 1 2\r\n${get('/peer', ...fields)}`)).text
      assert.is(await through('10.0.0.1', 'X-Forwarded-For: 6.6.6.6, 192.0.2.7'), '192.0.2.7 by 127.0.0.1')
      assert.is(await through('192.0.2.1', 'X-Forwarded-For: 6.6.6.6'), '192.0.2.1 by 127.0.0.1')
    },
    { ...REQUIRED, trustProxy: ['loopback', '10.0.0.0/8'] },
  )
})

for (const [what, header] of [
  ['UNKNOWN', line('UNKNOWN')],
  ['LOCAL', version2({ command: 0, family: 0 })],
  ['UNSPEC', version2({ family: 0 })],
  ['UNIX', version2({ family: 0x31, addresses: new Array(216).fill(0x2f) })],
  ['the address of nobody', line('TCP6 :: ::1 1 2')],
] as const) {
  test(`${what}: who the client is, is not known, so nothing is believed that it says`, async () => {
    const seen = new Router().all('/*', async ({ ip, peer, url }) => `${ip} by ${peer} at ${url}`)
    const said = ['X-Forwarded-For: 192.0.2.7', 'X-Forwarded-Proto: https', 'Forwarded: for=192.0.2.7;host=evil.test']
    for (const trustProxy of ['loopback', 2, true]) {
      await serving(
        seen,
        async (server) => {
          const client = (await connect(server)).send(header, get('/', ...said), get('/', ...said))
          for (const { text } of await client.receive(2)) assert.is(text, `${PEER} by ${PEER} at http://brink/`)
        },
        { ...REQUIRED, trustProxy },
      )
    }
  })
}

test('accept: a trusted peer without a header is a proxy whose fields are believed', async () => {
  await serving(
    app,
    async (server) => {
      assert.is((await ask(server, get('/', 'X-Forwarded-For: 192.0.2.7'))).text, '192.0.2.7')
    },
    ACCEPTED,
  )
})

/** Whether a listener takes a header, and whether it needs one. */
async function headersAt(place: { port: number; path?: string | undefined } | undefined): Promise<string> {
  const answers = async (...parts: (string | Buffer)[]) => {
    const client = await connect(place as { port: number })
    client.send(...parts)
    await until(() => client.ending !== undefined || client.arrived.length > 0, 'an answer, or the end')
    const isAnswered = client.arrived.toString('latin1').startsWith('HTTP/1.1 200')
    client.leave()
    return isAnswered
  }
  return `${await answers(HEADER, get('/'))} ${await answers(get('/'))}`
}
const ONLY_WITH = 'true false'
const ONLY_WITHOUT = 'false true'
const WITH_OR_WITHOUT = 'true true'
const port = { port: 0, host: '127.0.0.1' }

const listeners: [what: string, options: ServeOptions, expected: string[]][] = [
  [
    'one with it, and one without',
    { listen: [{ ...port, proxyProtocol: 'require' }, port] },
    [ONLY_WITH, ONLY_WITHOUT],
  ],
  ['the last has it', { listen: [port, { ...port, proxyProtocol: 'require' }] }, [ONLY_WITHOUT, ONLY_WITH]],
  [
    "the server's counts where a listener does not say otherwise",
    {
      proxyProtocol: 'require',
      trustProxy: 'loopback',
      listen: [port, { ...port, proxyProtocol: false }, { ...port, proxyProtocol: 'accept' }],
    },
    [ONLY_WITH, ONLY_WITHOUT, WITH_OR_WITHOUT],
  ],
  [
    'accept for one of them',
    { trustProxy: 'loopback', listen: [port, { ...port, proxyProtocol: 'accept' }] },
    [ONLY_WITHOUT, WITH_OR_WITHOUT],
  ],
]

for (const [what, options, expected] of listeners) {
  test(`listeners: ${what}`, async () => {
    await serving(
      app,
      async (server) => {
        const found: string[] = []
        for (const listener of server.listeners) found.push(await headersAt(listener))
        assert.equal(found, expected)
      },
      { port: undefined, ...options },
    )
  })
}

const posix = process.platform === 'win32' ? test.skip : test

posix('listeners: a port with it beside a path without, and the other way round', async () => {
  for (const expected of [
    [ONLY_WITH, ONLY_WITHOUT],
    [ONLY_WITHOUT, ONLY_WITH],
  ]) {
    const [atPort, atPath] = expected.map((each) => (each === ONLY_WITH ? ('require' as const) : false))
    const path = join(fileTree({}), 'app.sock')
    await serving(
      app,
      async (server) => {
        const found: string[] = []
        for (const listener of server.listeners) found.push(await headersAt(listener))
        assert.equal(found, expected)
      },
      {
        port: undefined,
        listen: [
          { ...port, proxyProtocol: atPort },
          { path, proxyProtocol: atPath },
        ],
      },
    )
  }
})

test('the peer of a request can be read after an await, with many fields before it', async () => {
  const later = new Router().get('/', async (req) => {
    await new Promise(setImmediate)
    return `${req.headers.get('a9')} ${req.ip} by ${req.peer}`
  })
  await serving(
    later,
    async (server) => {
      const fields = Array.from({ length: 99 }, (_, n) => `A${n}: ${n}`)
      const answers = await (await connect(server)).send(HEADER, get('/', ...fields), get('/', ...fields)).receive(2)
      for (const { text } of answers) assert.is(text, `9 ${CLIENT} by ${PEER}`)
    },
    REQUIRED,
  )
})

test('one connection above maxConnections gets 503', async () => {
  await serving(
    app,
    async (server) => {
      const first = await connect(server)
      assert.is((await first.send(HEADER, get('/')).response()).text, CLIENT)
      const clients = await Promise.all([connect(server), connect(server)])
      const second = clients[0].send(HEADER, get('/'))
      assert.is((await second.response()).status, 503)
      clients[1].leave()
    },
    { ...REQUIRED, maxConnections: 1, threads: Math.min(1, Number(process.env.BRINK_THREADS)) },
  )
})

test('close() waits for what follows a header, and for no header', async () => {
  const handling = gate()
  const answered = gate()
  const waiting = new Router().get('/', async ({ ip }) => {
    handling.open()
    await answered.opened
    return ip
  })
  const server: Server = await serve(waiting, { port: 0, ...REQUIRED })
  const silent = await connect(server)
  const announced = await connect(server)
  await announced.sendSeen(server, HEADER)
  const asking = (await connect(server)).send(LINE, get('/'))
  await within(handling.opened, 'the handler')
  const closed = server.close()
  assert.is(await silent.closed(), 'fin')
  assert.is(await announced.closed(), 'fin')
  answered.open()
  assert.is((await asking.response()).text, CLIENT)
  await within(closed, 'the server to close')
  await turn()
})

test('close() lets a header that has begun come to its end', async () => {
  const server: Server = await serve(app, { port: 0, ...REQUIRED })
  const client = await connect(server)
  await client.sendSeen(server, LINE.slice(0, 20))
  const closed = server.close()
  const answer = await client.send(LINE.slice(20), get('/')).response()
  assert.equal([answer.text, answer.header('connection')], [CLIENT, 'close'])
  await within(closed, 'the server to close')
})

test.run()
