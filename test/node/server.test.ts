// The server of brink/node by itself: where it listens, how it ends, whom it calls.
import { AsyncLocalStorage } from 'node:async_hooks'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import http, { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import net, { type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, Server } from 'brink/node'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { until, within } from '../server/waiting.js'
import { closed, running } from './running.js'
import { get, last, request } from './twins.js'

function serving(
  listener: RequestListener | undefined,
  use: (open: { readonly server: Server; readonly port: number }) => Promise<void>,
  prepare: (server: Server) => void = () => {},
): Promise<void> {
  const server = createServer(listener)
  prepare(server)
  return running(server, use)
}

/** Sends, and gives all that came until the end. */
async function ask(where: { port: number } | { path: string }, bytes: string): Promise<string> {
  const socket = net.connect({ ...where, host: '127.0.0.1' } as net.TcpNetConnectOpts)
  let text = ''
  socket.setEncoding('latin1').on('data', (piece: string) => {
    text += piece
  })
  socket.write(bytes)
  await within(once(socket, 'close'), 'the end of the connection')
  return text
}

const bodyOf = (response: string) => response.slice(response.indexOf('\r\n\r\n') + 4)

test('it is an http.Server, also where it is called without new or by a class', async () => {
  const plain = (Server as unknown as () => Server)()
  assert.ok(plain instanceof http.Server && plain instanceof Server && plain instanceof net.Server)
  class Mine extends Server {}
  assert.ok(new Mine() instanceof Server)
  function Old(this: object, listener: RequestListener): void {
    ;(Server as unknown as (this: object, listener: RequestListener) => void).call(this, listener)
  }
  Object.setPrototypeOf(Old.prototype, Server.prototype)
  const old = new (Old as unknown as new (listener: RequestListener) => Server)((_req, res) => res.end('old'))
  old.listen(0, '127.0.0.1')
  await once(old, 'listening')
  assert.is(bodyOf(await ask(old.address() as AddressInfo, last('/'))), 'old')
  await closed(old)
  assert.throws(() => createServer({ headersTimeout: 'x' } as unknown as http.ServerOptions), /headersTimeout/)
})

test('it has bound when listen returns', async () => {
  const server = createServer((_req, res) => res.end('there'))
  server.listen(0)
  const address = server.address() as AddressInfo
  assert.ok(server.listening)
  assert.ok(address.port > 0)
  assert.is(bodyOf(await ask({ port: address.port }, last('/'))), 'there')
  assert.throws(() => server.listen(0), /ERR_SERVER_ALREADY_LISTEN|more than once/)
  await closed(server)
  assert.is(server.listening, false)
  assert.is(server.address(), null)
})

test('it listens at a path, a descriptor and a handle', async () => {
  const path = join(tmpdir(), `brink-${process.pid}.sock`)
  const local = createServer((req, res) => res.end(`${req.url} ${req.socket.remoteAddress}`)).listen(path)
  await within(once(local, 'listening'), 'a socket of the UNIX domain')
  assert.is(local.address(), path)
  assert.is(bodyOf(await ask({ path }, last('/x'))), '/x undefined')
  await closed(local)

  const holder = net.createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  const { port } = holder.address() as AddressInfo
  const { fd } = (holder as unknown as { _handle: { fd: number } })._handle
  const bound = (
    net as unknown as { _createServerHandle(address: string, port: number, type: number): { fd: number } }
  )._createServerHandle('127.0.0.1', 0, 4)
  const given = createServer((_req, res) => res.end('given')).listen({ fd: bound.fd })
  await within(once(given, 'listening'), 'a descriptor')
  assert.is(bodyOf(await ask({ port: (given.address() as AddressInfo).port }, last('/'))), 'given')
  await closed(given)
  assert.ok(fd > 0 && port > 0)

  const taken = createServer().listen(port, '127.0.0.1')
  const [error] = (await within(once(taken, 'error'), 'an error')) as [NodeJS.ErrnoException & { port: number }]
  assert.equal([error.code, error.syscall, error.port], ['EADDRINUSE', 'listen', port])
  assert.is(error.message, `listen EADDRINUSE: address already in use 127.0.0.1:${port}`)
  holder.close()
})

test('it listens again after it was closed, and a signal closes it', async () => {
  const server = createServer((_req, res) => res.end('again'))
  for (let time = 0; time < 3; time += 1) {
    const control = new AbortController()
    server.listen({ port: 0, host: '127.0.0.1', signal: control.signal })
    await within(once(server, 'listening'), 'the server to listen')
    assert.is(bodyOf(await ask(server.address() as AddressInfo, last('/'))), 'again')
    const closed = once(server, 'close')
    control.abort()
    await within(closed, 'the server to close')
  }
  const neverOpen: unknown = await new Promise((resolve) => server.close(resolve))
  assert.is((neverOpen as NodeJS.ErrnoException).code, 'ERR_SERVER_NOT_RUNNING')
})

test('close ends idle connections and waits for the others, which are answered', () => {
  let late: ServerResponse | undefined
  return serving(
    (req, res) => {
      if (req.url === '/now') res.end('now')
      else late = res
    },
    async ({ server, port }) => {
      const agent = new http.Agent({ keepAlive: true })
      const texts: string[] = []
      const fetchText = (path: string) =>
        new Promise<void>((resolve, reject) => {
          http
            .get({ port, path, agent, host: '127.0.0.1' }, (res) => {
              res.on('data', (piece) => texts.push(`${piece}`)).on('end', resolve)
            })
            .on('error', reject)
        })
      await fetchText('/now')
      const asked = fetchText('/late')
      await until(() => late !== undefined, 'the request')
      const closed = new Promise((resolve) => server.close(resolve))
      late?.end('late')
      await asked
      assert.equal(texts, ['now', 'late'])
      agent.destroy()
      await within(closed, 'the server to close')
    },
  )
})

function connections(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })
}

test('connections above maxConnections are dropped with an event', () =>
  serving(
    (_req, res) => res.end('x'),
    async ({ server, port }) => {
      const first = net.connect(port, '127.0.0.1')
      await once(first, 'connect')
      await until(async () => (await connections(server)) === 1, 'the first')
      const dropped = once(server, 'drop')
      const second = net.connect(port, '127.0.0.1').on('error', () => {})
      const [data] = (await within(dropped, 'a drop')) as [{ remotePort: number }]
      assert.is(data.remotePort, second.localPort)
      await within(once(second, 'close'), 'its end')
      first.destroy()
    },
    (server) => {
      server.maxConnections = 1
    },
  ))

test('keepAliveTimeout can be changed while connections wait', () =>
  serving(
    (_req, res) => res.end('x'),
    async ({ server, port }) => {
      const socket = net.connect(port, '127.0.0.1')
      socket.write(get('/'))
      await once(socket, 'data')
      server.keepAliveTimeout = 1
      // Node lets them live a second longer than it says.
      await within(once(socket.resume(), 'end'), 'the end of an idle connection', 4000)
      socket.destroy()
    },
  ))

test('a quiet connection is told by timeout events, and destroyed where nobody listens', () =>
  serving(
    (_req, _res) => {},
    async ({ server, port }) => {
      const [socket] = (await within(
        Promise.all([once(server, 'timeout'), Promise.resolve(net.connect(port, '127.0.0.1').end(get('/')))]),
        'a timeout',
      )) as unknown as [[Socket]]
      assert.is(typeof socket[0].remotePort, 'number')
      socket[0].destroy()
    },
    (server) => {
      server.setTimeout(30)
      Object.assign(server, { httpAllowHalfOpen: true })
    },
  ))

test('what a listener throws is an uncaught exception, and others are answered', () =>
  serving(
    (req, res) => {
      if (req.url === '/throws') throw new Error('thrown')
      res.end('fine')
    },
    async ({ port }) => {
      const caught: unknown[] = []
      const before = process.listeners('uncaughtException')
      process.removeAllListeners('uncaughtException')
      process.on('uncaughtException', (error) => caught.push(error.message))
      try {
        const thrown = net.connect(port, '127.0.0.1')
        thrown.write(get('/throws'))
        const texts = await Promise.all([1, 2, 3].map(() => ask({ port }, last('/'))))
        assert.equal(texts.map(bodyOf), ['fine', 'fine', 'fine'])
        await until(() => caught.length === 1, 'the exception')
        thrown.destroy()
      } finally {
        process.removeAllListeners('uncaughtException')
        for (const listener of before) process.on('uncaughtException', listener)
      }
      assert.equal(caught, ['thrown'])
    },
  ))

test('contexts of requests that come together are apart', async () => {
  const storage = new AsyncLocalStorage<string>()
  const seen: unknown[] = []
  await serving(
    (req, res) => {
      seen.push(storage.getStore())
      storage.enterWith(`${req.url}`)
      res.on('finish', () => seen.push(storage.getStore() === req.url))
      res.end('x')
    },
    async ({ port }) => {
      const sockets = await Promise.all(
        Array.from({ length: 8 }, async () => {
          const socket = net.connect(port, '127.0.0.1')
          await once(socket, 'connect')
          return socket
        }),
      )
      for (const [place, socket] of sockets.entries()) socket.write(last(`/${place}`))
      await Promise.all(sockets.map((socket) => once(socket.resume(), 'close')))
    },
  )
  assert.equal(
    seen.filter((each) => each !== true),
    Array.from({ length: 8 }, () => undefined),
  )
})

test('prototypes that a framework puts between are kept', async () => {
  const request_ = Object.create(http.IncomingMessage.prototype, { shout: { get: shout } }) as object
  const response = Object.create(http.ServerResponse.prototype, { say: { value: say } }) as object
  function shout(this: IncomingMessage): string {
    return String(this.url).toUpperCase()
  }
  function say(this: ServerResponse, text: string): void {
    this.setHeader('X-Say', '1').end(text)
  }
  const own = Object.create(request_) as object
  const app = Object.assign(
    (req: IncomingMessage, res: ServerResponse) => {
      Object.setPrototypeOf(req, own)
      Object.setPrototypeOf(res, response)
      const { shout: text } = req as unknown as { shout: string }
      if (req.method === 'POST') req.pipe(res)
      else (res as unknown as { say(text: string): void }).say(`${text} ${req.headers.host}`)
    },
    { request: own, response },
  )
  // The second server finds the prototypes as the first has left them.
  for (let time = 0; time < 2; time += 1) {
    await serving(app, async ({ port }) => {
      assert.match(await ask({ port }, last('/a')), /X-Say: 1\r\n.*\/A a$/s)
      assert.match(await ask({ port }, request('POST', '/', 'abc', ['Connection: close'])), /abc/)
    })
  }
})

async function sendLargeBodies(): Promise<void> {
  await serving(
    (req, res) => {
      if (req.method === 'POST') {
        let size = 0
        req.on('data', (piece: Buffer) => {
          size += piece.length
          req.pause()
          setImmediate(() => req.resume())
        })
        req.on('end', () => res.end(String(size)))
        return
      }
      const piece = Buffer.alloc(1024 * 1024, 'x')
      let left = 20
      const more = () => {
        while (left > 0) {
          left -= 1
          if (!res.write(piece)) return void res.once('drain', more)
        }
        res.end()
      }
      more()
    },
    async ({ port }) => {
      const size = 8 * 1024 * 1024
      assert.is(
        bodyOf(await ask({ port }, request('POST', '/', 'y'.repeat(size), ['Connection: close']))),
        String(size),
      )
      const response = await fetch(`http://127.0.0.1:${port}/`)
      assert.is((await response.arrayBuffer()).byteLength, 20 * 1024 * 1024)
    },
  )
}

// Some of them read and write in a thread of their own.
for (const backend of ['auto', 'poll', 'select']) {
  test(`large bodies in both directions wait for whoever is slower [${backend}]`, async () => {
    const before = process.env.BRINK_BACKEND
    process.env.BRINK_BACKEND = backend
    try {
      await within(sendLargeBodies(), 'large bodies')
    } finally {
      if (before === undefined) delete process.env.BRINK_BACKEND
      else process.env.BRINK_BACKEND = before
    }
  })
}

test('register puts it behind node:http for a whole process', async () => {
  const program = `
    import http, { createServer } from 'node:http'
    import { createRequire } from 'node:module'
    const same = createRequire('/')('http').createServer === createServer && http.createServer === createServer
    const server = createServer((req, res) => res.end('x')).listen(0, '127.0.0.1', async () => {
      const text = await (await fetch('http://127.0.0.1:' + server.address().port)).text()
      console.log(same, text, server.constructor === http.Server, process.moduleLoadList.includes('NativeModule tls'))
      server.close()
      server.closeAllConnections()
    })`
  const register = new URL('../../node/register.js', import.meta.url).href
  const child = spawn(process.execPath, ['--import', register, '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const [code] = (await within(once(child, 'close'), 'the process to end')) as [number]
  assert.match(output, /^true x true/)
  assert.is(code, 0)
})

test('a server that is not referenced does not keep the process alive', async () => {
  const program = `
    import { createServer } from ${JSON.stringify(new URL('../../node.js', import.meta.url).href)}
    const server = createServer().listen(0, () => { console.log('listening'); server.unref() })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const [code] = (await within(once(child, 'close'), 'the process to end')) as [number]
  assert.is(code, 0)
})

test.run()
