// What apps on Node's https server see, on brink's. Where the two can be compared, they are.
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import https from 'node:https'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls, { type ConnectionOptions, type TLSSocket } from 'node:tls'
import { createServer, Server, type ServerOptions } from 'brink/node/https'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { WebSocket, WebSocketServer } from 'ws'
import { archive, certificate, encrypted } from '../server/certificates.js'
import { within } from '../server/waiting.js'
import { running } from './running.js'
import {
  type AnyServer,
  alice,
  ask,
  authority,
  certificateText,
  codeOf,
  exitOf,
  handshake,
  hello,
  localhost,
  makers,
  other,
} from './secure.js'

test('it is an https.Server, also where it is called without new or by a class', () => {
  const plain = (Server as unknown as () => unknown)()
  assert.ok(plain instanceof https.Server && plain instanceof tls.Server && plain instanceof net.Server)
  assert.ok(plain instanceof Server)
  class Mine extends Server {}
  assert.ok(new Mine(localhost) instanceof Server)
})

test('programs that use brink/node alone do not load node:https', async () => {
  const entry = JSON.stringify(new URL('../../node.js', import.meta.url).href)
  const program = `import { createServer } from ${entry}; createServer()
    process.exit(process.moduleLoadList.includes('NativeModule https') ? 1 : 0)`
  assert.is(await exitOf(['--input-type=module', '-e', program]), 0)
})

/** What an app can read of a connection. */
function factsOf({ socket: given }: IncomingMessage): unknown {
  const socket = given as TLSSocket & { servername?: unknown }
  return {
    isTls: socket instanceof tls.TLSSocket && socket instanceof net.Socket,
    name: socket.constructor.name,
    encrypted: socket.encrypted,
    authorized: socket.authorized,
    authorizationError: socket.authorizationError,
    servername: socket.servername,
    alpn: socket.alpnProtocol,
    cipher: socket.getCipher(),
    protocol: socket.getProtocol(),
    reused: socket.isSessionReused(),
    key: socket.getEphemeralKeyInfo(),
    peer: socket.getPeerCertificate(),
    x509: socket.getPeerX509Certificate()?.fingerprint256,
    address: socket.remoteAddress,
  }
}

const clients: Readonly<Record<string, { client?: ConnectionOptions; server?: ServerOptions }>> = {
  'a client without a name': {},
  'a client with a name': { client: { servername: 'localhost' } },
  'a client with protocols': { client: { ALPNProtocols: ['h2', 'http/1.1'] } },
  'TLS 1.2': { client: { maxVersion: 'TLSv1.2' } },
  'a client that was asked and has none': { server: { requestCert: true, rejectUnauthorized: false } },
  'a trusted certificate': {
    client: alice,
    server: { requestCert: true, ca: authority.cert },
  },
  'an untrusted certificate': {
    client: alice,
    server: { requestCert: true, rejectUnauthorized: false, ca: other.cert },
  },
  'a certificate that signs itself': {
    client: other,
    server: { requestCert: true, rejectUnauthorized: false, ca: authority.cert },
  },
  'a certificate nobody has asked for': { client: alice },
}

for (const [name, { client, server }] of Object.entries(clients)) {
  test(`an app sees of a connection what it sees on Node's: ${name}`, async () => {
    const facts: Record<string, unknown> = {}
    for (const [maker, make] of Object.entries(makers)) {
      const app = make({ ...localhost, ...server }, (req, res) => {
        facts[maker] = factsOf(req)
        res.end('x')
      })
      await running(app, async ({ port }) => assert.is((await ask(port, client)).text, 'x'))
    }
    assert.equal(facts.brink, facts.node)
  })
}

test('each cipher has the names and the version that Node gives it', async () => {
  const names = tls
    .getCiphers()
    .map((cipher) => cipher.toUpperCase())
    .filter((cipher) => !/PSK|SRP|^ADH|AECDH|DSS|^DHE|NULL/.test(cipher))
  const rsa = certificate('localhost', 'rsa', ['IP:127.0.0.1'])
  const server = createServer({ ...rsa, ciphers: 'ALL:@SECLEVEL=0', minVersion: 'TLSv1' }, (req, res) => {
    res.end(JSON.stringify((req.socket as TLSSocket).getCipher()))
  }) as unknown as AnyServer
  let compared = 0
  await running(server, async ({ port }) => {
    for (const cipher of names) {
      const only: ConnectionOptions = cipher.startsWith('TLS_')
        ? { ciphers: cipher }
        : { ciphers: `${cipher}:@SECLEVEL=0`, maxVersion: 'TLSv1.2' }
      const socket = tls.connect({ ...only, port, host: '127.0.0.1', ca: rsa.cert })
      const isOpen = await within(
        new Promise((resolve) => {
          socket.on('secureConnect', () => resolve(true)).on('error', () => resolve(false))
        }),
        'the handshake',
      )
      if (!isOpen) continue
      const expected = JSON.stringify(socket.getCipher())
      let text = ''
      socket.setEncoding('latin1').on('data', (piece: string) => {
        text += piece
      })
      socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n')
      await within(once(socket, 'close'), 'the end of the connection')
      assert.is(text.slice(text.indexOf('\r\n\r\n') + 4), expected)
      compared += 1
    }
  })
  assert.ok(compared >= 10, `${compared} ciphers`)
})

test('getPeerCertificate(true) has the issuers that are in ca', async () => {
  const seen: Record<string, unknown> = {}
  for (const [maker, make] of Object.entries(makers)) {
    const app = make({ ...localhost, requestCert: true, ca: authority.cert }, (req, res) => {
      const { issuerCertificate: issuer } = (req.socket as TLSSocket).getPeerCertificate(true)
      seen[maker] = [issuer.subject.CN, issuer.fingerprint256, issuer.issuerCertificate === issuer]
      res.end()
    })
    await running(app, async ({ port }) => void (await ask(port, alice)))
  }
  assert.equal(seen.brink, seen.node)
})

test('what a connection of the loop cannot give is an error that says so', async () => {
  const server = createServer(localhost, (req, res) => {
    const socket = req.socket as TLSSocket
    const codes = [() => socket.exportKeyingMaterial(1, 'x', Buffer.alloc(0)), () => socket.getFinished()].map(codeOf)
    res.end(codes.join())
  }) as unknown as AnyServer
  await running(server, async ({ port }) => {
    assert.is((await ask(port)).text, 'ERR_METHOD_NOT_IMPLEMENTED,ERR_METHOD_NOT_IMPLEMENTED')
  })
})

test('node:https, fetch-like agents and keep-alive work, with bodies both ways', async () => {
  const server = createServer(localhost, (req, res) => {
    let size = 0
    req.on('data', (piece: Buffer) => {
      size += piece.length
    })
    req.on('end', () => res.end(`${size} ${'x'.repeat(300_000)}`))
  }) as unknown as AnyServer
  await running(server, async ({ port }) => {
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1, ca: localhost.cert })
    for (let round = 0; round < 3; round += 1) {
      const asked = https.request({ port, host: '127.0.0.1', method: 'POST', agent })
      asked.end('y'.repeat(200_000))
      const [response] = (await within(once(asked, 'response'), 'the response')) as [IncomingMessage]
      let text = ''
      for await (const piece of response.setEncoding('latin1')) text += piece
      assert.is(text, `200000 ${'x'.repeat(300_000)}`)
    }
    agent.destroy()
  })
})

test('a WebSocket, wss', async () => {
  const server = createServer(localhost) as unknown as AnyServer
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket, req) => {
    socket.on('message', (text) => socket.send(`${(req.socket as TLSSocket).encrypted} ${text}`))
  })
  await running(server, async ({ port }) => {
    const client = new WebSocket(`wss://127.0.0.1:${port}/`, { ca: localhost.cert })
    await within(once(client, 'open'), 'the WebSocket')
    client.send('hi')
    const [text] = await within(once(client, 'message'), 'a message')
    assert.is(`${text}`, 'true hi')
    client.close()
    await within(once(client, 'close'), 'the end')
  })
})

test('CONNECT and Expect reach their listeners', async () => {
  const server = createServer(localhost, hello) as unknown as AnyServer
  server.on('connect', (_req, socket: net.Socket) => socket.end('HTTP/1.1 200 OK\r\n\r\ntunnel'))
  server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) => {
    res.writeContinue()
    req.resume().on('end', () => res.end('continued'))
  })
  await running(server, async ({ port }) => {
    const talk = async (bytes: string) => {
      const socket = tls.connect({ port, host: '127.0.0.1', ca: localhost.cert })
      let text = ''
      socket.setEncoding('latin1').on('data', (piece: string) => {
        text += piece
      })
      socket.write(bytes)
      await within(once(socket, 'close'), 'the end of the connection')
      return text
    }
    assert.match(await talk('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n'), /tunnel$/)
    const post = 'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx'
    assert.match(await talk(post), /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK[\s\S]*continued$/)
  })
})

test("events come in Node's order: 'connection', 'secureConnection', 'request'", async () => {
  const logs: string[][] = []
  for (const make of Object.values(makers)) {
    const log: string[] = []
    const server = make(localhost, (_req, res) => {
      log.push('request')
      res.end()
    })
    server.on('connection', (socket: net.Socket) => log.push(`connection ${socket.remoteAddress}`))
    server.on('secureConnection', (socket: TLSSocket) => log.push(`secureConnection ${socket.authorized}`))
    await running(server, async ({ port }) => void (await ask(port)))
    logs.push(log)
  }
  assert.equal(logs[1], logs[0])
})

test('a listener of connection can close before the handshake, and one of secureConnection after it', async () => {
  for (const event of ['connection', 'secureConnection']) {
    const server = createServer(localhost, () => assert.unreachable()) as unknown as AnyServer
    server.on(event, (socket: net.Socket) => socket.destroy())
    server.on('tlsClientError', () => assert.unreachable('the app has closed it'))
    await running(server, async ({ port }) => void (await handshake(port, {})))
  }
})

test('a stream that the app emits as a connection gets a handshake of Node', async () => {
  const server = createServer(localhost, hello) as unknown as AnyServer
  const plain = net.createServer((socket) => server.emit('connection', socket)).listen(0, '127.0.0.1')
  await once(plain, 'listening')
  assert.is((await ask((plain.address() as AddressInfo).port)).text, 'hello')
  plain.close()
})

test('certificates by name, which can be added and replaced while the server listens', async () => {
  const wild = certificate('*.wild.example', 'ec', ['DNS:*.wild.example'])
  const server = createServer(localhost, hello)
  server.addContext('other.example', other)
  await running(server as unknown as AnyServer, async ({ port }) => {
    const nameFor = (servername: string) => shownTo(port, servername)
    assert.is(await nameFor('other.example'), 'other.example')
    assert.is(await nameFor('a.wild.example'), 'localhost')
    server.addContext('*.wild.example', wild)
    assert.is(await nameFor('a.wild.example'), '*.wild.example')
    server.setSecureContext(certificate('renewed'))
    assert.is(await nameFor('unknown.example'), 'renewed')
    assert.is(await nameFor('other.example'), 'other.example')
    assert.throws(() => server.setSecureContext({ key: localhost.key, cert: 'no PEM' }))
    assert.is(await nameFor('unknown.example'), 'renewed')
  })
})

async function shownTo(port: number, servername: string): Promise<string | string[] | undefined> {
  const socket = tls.connect({ port, host: '127.0.0.1', servername, rejectUnauthorized: false })
  await within(once(socket, 'secureConnect'), 'the handshake')
  const name = socket.getPeerCertificate().subject.CN
  socket.destroy()
  return name
}

test('without a certificate of its own, a server has that of the first name', async () => {
  const server = createServer(hello)
  server.addContext('other.example', other)
  await running(server as unknown as AnyServer, async ({ port }) => {
    assert.is(await shownTo(port, 'other.example'), 'other.example')
    assert.is(await shownTo(port, 'unknown.example'), 'other.example')
  })
})

test('keys with a passphrase, archives and lists are taken as by Node', async () => {
  const forms: ServerOptions[] = [
    { key: encrypted(localhost, 'secret'), cert: localhost.cert, passphrase: 'secret' },
    { key: [{ pem: encrypted(localhost, 'secret'), passphrase: 'secret' }], cert: [localhost.cert] },
    { pfx: archive(localhost, 'secret'), passphrase: 'secret' },
    { pfx: [{ buf: archive(localhost, 'secret'), passphrase: 'secret' }] },
    { key: Buffer.from(localhost.key), cert: Buffer.from(localhost.cert), passphrase: '', ca: undefined },
  ]
  for (const options of forms) {
    await running(createServer(options, hello) as unknown as AnyServer, async ({ port }) => {
      assert.is((await ask(port)).text, 'hello')
    })
  }
})

test('bytes of keys and certificates may be wiped as soon as they were given', async () => {
  const bytes = ({ key, cert }: typeof localhost) => ({ key: Buffer.from(key), cert: Buffer.from(cert) })
  const own = bytes(localhost)
  const named = bytes(other)
  const keys = [Buffer.alloc(48, 1), Buffer.alloc(48, 2)]
  const server = createServer({ key: [{ pem: own.key }], cert: [own.cert], ticketKeys: keys } as ServerOptions, hello)
  server.addContext('other.example', named)
  for (const given of [own.key, own.cert, named.key, named.cert, ...keys]) given.fill(0)
  server.addContext('third.example', bytes(other))
  assert.equal(server.getTicketKeys(), Buffer.alloc(48, 1))
  await running(server as unknown as AnyServer, async ({ port }) => {
    assert.is(await shownTo(port, 'other.example'), 'other.example')
    assert.is((await ask(port)).text, 'hello')
  })
})

test('ticket keys: sessions are resumed by servers that share them, and by lists with an older key', async () => {
  const resumed = (req: IncomingMessage, res: ServerResponse) => {
    res.end(`${(req.socket as TLSSocket).isSessionReused()}`)
  }
  const first = createServer(localhost, resumed)
  const second = createServer(localhost, resumed)
  assert.is(first.getTicketKeys().length, 48)
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const session = await running(
      first as unknown as AnyServer,
      async ({ port }) => (await ask(port, { maxVersion })).session,
    )
    await running(second as unknown as AnyServer, async ({ port }) => {
      const again = { maxVersion, ...(session && { session }) }
      second.setTicketKeys(Buffer.alloc(48, maxVersion))
      assert.is((await ask(port, again)).text, 'false')
      second.setTicketKeys([Buffer.alloc(48, 1), first.getTicketKeys()])
      assert.is((await ask(port, again)).text, 'true')
      second.setSecureContext(localhost)
      assert.is((await ask(port, again)).text, 'true')
    })
  }
})

test('options that brink does not have are refused, with what to write instead', () => {
  const refused: [ServerOptions, RegExp][] = [
    [{ SNICallback: () => {} }, /addContext/],
    [{ ALPNProtocols: ['h2'] }, /http\/1\.1/],
    [{ pskCallback: () => null }, /requestCert/],
    [{ secureProtocol: 'TLSv1_2_method' }, /minVersion/],
    [{ honorCipherOrder: false }, /ciphers/],
    [{ enableTrace: true }, /s_client/],
  ]
  for (const [options, advice] of refused) {
    assert.throws(
      () => createServer({ ...localhost, ...options }),
      (error: NodeJS.ErrnoException) => error.code === 'ERR_TLS_OPTION' && advice.test(error.message),
    )
  }
  const harmless = { ALPNProtocols: ['h2', 'http/1.1'], honorCipherOrder: true, requestCert: false }
  assert.ok(createServer({ ...localhost, ...harmless }))
  assert.throws(
    () => createServer(localhost).addContext('a.example', tls.createSecureContext(other) as never),
    (error: NodeJS.ErrnoException) => error.code === 'ERR_TLS_OPTION',
  )
})

test('wrong options are the errors of Node', () => {
  for (const options of [{ key: 'x' }, { key: 1 }, { ...localhost, minVersion: 'x' }, { ...localhost, ciphers: 'x' }]) {
    const codes = Object.values(makers).map((make) => codeOf(() => make(options as ServerOptions)))
    assert.is.not(codes[0], 'none')
    assert.is(codes[1], codes[0])
  }
})

test('options that are no object are the error of Node', () => {
  for (const options of ['x', 1, true, []])
    assert.is(
      codeOf(() => createServer(options as never)),
      'ERR_INVALID_ARG_TYPE',
    )
})

test('a server without a certificate cannot listen', () => {
  assert.is(
    codeOf(() => createServer(hello).listen(0)),
    'ERR_TLS_CONTEXT',
  )
})

const registered = ['--import', new URL('../../node/register.js', import.meta.url).href, '--input-type=module', '-e']

test('register puts it behind node:https for a whole process', async () => {
  const program = `
    import https, { createServer } from 'node:https'
    const server = createServer(${certificateText}, (req, res) => res.end('x')).listen(0, '127.0.0.1', () => {
      https.get({ port: server.address().port, ca: ${certificateText}.cert }, (res) => {
        server.close()
        server.closeAllConnections()
        process.exitCode = https.createServer === createServer && server._handle === null ? 0 : 1
      })
      if (server._handle.constructor.name !== 'ListeningHandle') process.exit(2)
    })`
  assert.is(await exitOf([...registered, program]), 0)
})

test('register leaves servers with options that brink does not have to Node, with a warning', async () => {
  const program = `
    import https from 'node:https'
    import tls from 'node:tls'
    import { once } from 'node:events'
    const certificate = ${certificateText}
    const SNICallback = (name, done) => done(null, tls.createSecureContext(certificate))
    const warned = once(process, 'warning')
    const servers = [https.createServer({ SNICallback }), https.createServer(certificate)]
    servers[1].addContext('x.example', tls.createSecureContext(certificate))
    const [{ code }] = await warned
    if (code !== 'BRINK_HTTPS_OF_NODE') process.exit(2)
    for (const server of servers) {
      server.on('request', (req, res) => res.end('x'))
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const { port } = server.address()
      const [response] = await once(https.get({ port, host: '127.0.0.1', servername: 'localhost', ca: certificate.cert, agent: new https.Agent({ keepAlive: true }) }), 'response')
      if (response.statusCode !== 200) process.exit(3)
      response.resume()
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    }
    process.exit(0)`
  assert.is(await exitOf(['--no-warnings', ...registered, program]), 0)
})

test('workers of a cluster whose primary accepts, with the certificates of the server', async () => {
  const entry = JSON.stringify(new URL('../../node/https.js', import.meta.url).href)
  const program = `
    import cluster from 'node:cluster'
    import { once } from 'node:events'
    import https from 'node:https'
    import { createServer } from ${entry}
    const certificate = ${certificateText}
    if (cluster.isPrimary) {
      const worker = cluster.fork()
      const [{ port }] = await once(worker, 'listening')
      const [response] = await once(https.get({ port, host: '127.0.0.1', ca: certificate.cert, servername: 'localhost' }), 'response')
      process.exitCode = response.statusCode === 200 ? 0 : 1
      worker.kill()
    } else {
      createServer(certificate, (req, res) => res.end('x')).listen(0, '127.0.0.1')
    }`
  const folder = mkdtempSync(join(tmpdir(), 'brink-https-'))
  const file = join(folder, 'cluster.mjs')
  writeFileSync(file, program)
  try {
    assert.is(await exitOf([file]), 0)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('http.Server of brink/node is not affected', () => {
  assert.not.ok(createServer(localhost) instanceof http.Server)
})

test.run()
