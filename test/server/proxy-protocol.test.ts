// The PROXY protocol: whom a header names, whatever the pieces are that it comes in.
import { Router, type Server, serve } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, post } from './messages.js'
import { HEADER, INET, INET6, LINE, line, version2 } from './proxy_headers.js'
import { ACCEPTED, app, CLIENT, PEER, REQUIRED } from './proxy_protocol_app.js'
import { ask, connect } from './raw_client.js'
import { counts, serving } from './serving.js'
import { gate, turn, within } from './waiting.js'

const tlv = (type: number, length: number) => [
  type,
  length >> 8,
  length & 0xff,
  ...new Array<number>(length).fill(0x41),
]

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
