// Connections that are handed over, with the `ws` library and without.
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { HttpError, Router } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { WebSocket, WebSocketServer } from 'ws'
import { get, head, noise } from './messages.js'
import { connect } from './raw_client.js'
import { SCHEME } from './scheme.js'
import { counts, serving } from './serving.js'
import { gate, turn, until, within } from './waiting.js'

const offer = (target: string, ...fields: string[]) => get(target, 'Connection: Upgrade', 'Upgrade: raw', ...fields)
const accepted = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n'

/** An echo, which says what was asked. */
const echoing = new Router()
  .upgrade('/raw/:name', (req, socket) => {
    socket.write(`${accepted}${req.method} ${req.url} ${req.params.name} ${req.headers['x-a']}\n`)
    socket.pipe(socket)
  })
  .get('/raw/:name', () => 'plain')
  .get('/next', () => 'next')

const expected = `${accepted}GET /raw/a%20b?q a b 1\n`

test('a connection that is handed over passes bytes in both directions, up to the end of each', () =>
  serving(echoing, async (server) => {
    const client = (await connect(server)).send(offer('/raw/a%20b?q', 'X-A: 1'))
    await until(() => server.stats().bytesOut >= expected.length, 'it is accepted')
    const body = noise(1_000_000)
    client.send(body).finish()
    const all = Buffer.from(await client.everything(), 'latin1')
    assert.is(all.toString('latin1', 0, expected.length), expected)
    assert.ok(all.subarray(expected.length).equals(body))
    await counts(server, { open: 0 })
  }))

test('what is sent along with the request is not lost', () =>
  serving(echoing, async (server) => {
    const client = (await connect(server)).send(offer('/raw/a%20b?q', 'X-A: 1'), 'early', get('/next')).finish()
    assert.is(await client.everything(), `${expected}early${get('/next')}`)
  }))

test('a connection is handed over behind the answers before it', () => {
  const go = gate<void>()
  const app = new Router()
    .upgrade('/raw', (_req, socket) => {
      socket.end(`${accepted}handed over`)
      socket.resume()
    })
    .get('/slow', async () => {
      await go.opened
      return 'slow'
    })
  return serving(app, async (server) => {
    const client = (await connect(server)).send(get('/slow'), offer('/raw'))
    await until(() => server.stats().requests === 2, 'both are asked')
    go.open()
    assert.is((await client.response()).text, 'slow')
    assert.is((await client.finish().everything()).replace(accepted, ''), 'handed over')
  })
})

test('an upgrade that nobody wants is answered as a plain request, and so is what follows it', () =>
  serving(echoing, async (server) => {
    const client = (await connect(server)).send(
      offer('/next'),
      get('/raw/a', 'Upgrade: raw'),
      'GET /raw/a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: raw\r\nContent-Length: 1\r\n\r\na',
      get('/next'),
    )
    const answers = await client.receive(4)
    assert.equal(
      answers.map(({ text }) => text),
      ['next', 'plain', 'plain', 'next'],
    )
  }))

test('middleware may answer instead', () =>
  serving(
    new Router()
      .use((req, next) => {
        if (req.headers.get('authorization') === null) throw new HttpError(401)
        return next()
      })
      .upgrade('/', (_req, socket) => void socket.end(accepted)),
    async (server) => {
      const client = (await connect(server)).send(offer('/'))
      assert.is((await client.response()).status, 401)
      client.send(offer('/', 'Authorization: yes')).finish()
      assert.is(await client.everything(), accepted)
    },
  ))

test('who takes a connection over sees what middleware left', () => {
  const app = new Router()
    .use((req, next) => {
      req.state.user = 'ada'
      return next()
    })
    .upgrade('/', (req, socket) => {
      socket.end(`${accepted}${req.state.user}`)
    })
  return serving(app, async (server) => {
    assert.is(await (await connect(server)).send(offer('/')).finish().everything(), `${accepted}ada`)
  })
})

test('CONNECT is refused, unless it is asked for', async () => {
  const asking = 'CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n'
  await serving(echoing, async (server) => {
    const client = (await connect(server)).send(asking)
    assert.is((await client.response()).status, 501)
    assert.is(await client.closed(), 'fin')
  })
  const app = new Router().connect((req, socket) => {
    socket.write(`HTTP/1.1 200 Connection established\r\n\r\n${req.url} `)
    socket.pipe(socket)
  })
  await serving(app, async (server) => {
    const client = (await connect(server)).send(asking, 'hello').finish()
    assert.match(await client.everything(), /established\r\n\r\nexample\.org:443 hello$/)
  })
})

const unwilling: Record<string, () => void> = {
  throws: () => {
    throw new Error('unwilling')
  },
  'is rejected': async () => {
    await turn()
    throw new Error('unwilling')
  },
}

for (const [what, handler] of Object.entries(unwilling)) {
  test(`a handler that ${what} loses its connection, and is logged with its request`, async () => {
    const logged: string[] = []
    await serving(
      new Router().upgrade('/a', handler),
      async (server) => {
        const client = (await connect(server)).send(offer('/a'))
        assert.is(await client.closed(), 'fin')
        await counts(server, { open: 0 })
      },
      { log: (error, req) => logged.push(`${req.path}: ${error}`) },
    )
    assert.equal(logged, ['/a: Error: unwilling'])
  })
}

test('requests behind an offer that is refused are answered', () =>
  serving(
    new Router()
      .use('/raw', async () => {
        await turn()
        throw new HttpError(401)
      })
      .upgrade('/raw', (_req, socket) => void socket.destroy())
      .get('/next', () => 'next'),
    async (server) => {
      const client = (await connect(server)).send(
        offer('/raw'),
        get('/next'),
        offer('/raw'),
        offer('/next'),
        get('/next'),
      )
      const answers = await client.receive(5)
      assert.equal(
        answers.map(({ status }) => status),
        [401, 200, 401, 200, 200],
      )
    },
  ))

test('an offer of HTTP/1.0, or in the last request of a connection, is a plain request', () =>
  serving(echoing, async (server) => {
    for (const request of [
      'GET /raw/a HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n',
      head('GET', '/raw/a', 'Connection: close, Upgrade', 'Upgrade: raw'),
    ]) {
      const client = (await connect(server)).send(request)
      assert.is((await client.response()).text, 'plain')
      assert.is(await client.closed(), 'fin')
    }
  }))

test('what a socket was given before its end arrives, however much, and however slowly it is taken', () =>
  serving(
    new Router().upgrade('/', (_req, socket) => {
      socket.resume()
      socket.write(accepted)
      for (let n = 0; n < 20; n += 1) socket.write(noise(500_000, n))
      socket.end('the end')
    }),
    async (server) => {
      const client = (await connect(server)).pause().send(offer('/'))
      await until(() => server.stats().partialWrites > 0, 'the client takes no more')
      const all = await client.resume().finish().everything()
      assert.is(all.length, accepted.length + 20 * 500_000 + 7)
      assert.ok(all.endsWith('the end'))
      await counts(server, { open: 0 })
    },
  ))

test('what a client sent before its end arrives, though the socket was ended and is read late', () => {
  const go = gate<void>()
  const received = gate<number>()
  const app = new Router().upgrade('/', async (_req, socket) => {
    socket.end(accepted)
    await go.opened
    let bytes = 0
    for await (const piece of socket) bytes += (piece as Buffer).length
    received.open(bytes)
  })
  return serving(app, async (server) => {
    const client = (await connect(server)).send(offer('/'))
    await client.touched()
    client.send(noise(150_000))
    await until(() => server.stats().bytesIn > 60_000, 'some of it is read')
    client.finish()
    for (let turns = 0; turns < 20; turns += 1) await turn()
    go.open()
    assert.is(await within(received.opened, 'the rest'), 150_000)
    await counts(server, { open: 0 })
  })
})

test('a socket that is written to when its client is gone does no harm', () => {
  const sockets: Duplex[] = []
  const app = new Router().upgrade('/', (_req, socket) => {
    sockets.push(socket)
    socket.write(accepted)
  })
  return serving(app, async (server) => {
    const client = (await connect(server)).send(offer('/'))
    await client.touched()
    client.crash()
    const [socket] = sockets as [Duplex]
    await until(() => {
      socket.write(noise(100_000))
      return socket.destroyed
    }, 'it is closed')
    socket.write('more')
    socket.end('and more')
    await counts(server, { open: 0 })
  })
})

test('a socket that is given up at once is closed', () =>
  serving(
    new Router().upgrade('/', (_req, socket) => void socket.destroy()),
    async (server) => {
      for (const sent of [offer('/'), offer('/') + get('/'), `${offer('/')}${'x'.repeat(100_000)}`]) {
        const client = (await connect(server)).send(sent)
        await until(() => client.ending !== undefined, 'it is closed')
        client.leave()
        await counts(server, { open: 0 })
      }
    },
  ))

test('who reads slowly is sent no faster, and who writes faster than the client takes is told so', () => {
  const sockets: Duplex[] = []
  const app = new Router().upgrade('/', (_req, socket) => {
    socket.write(accepted)
    sockets.push(socket)
  })
  return serving(app, async (server) => {
    const client = (await connect(server)).pause().send(offer('/'))
    await until(() => sockets.length === 1, 'it is handed over')
    const [socket] = sockets as [Duplex]
    for (let sent = 0; sent < 64; sent += 1) client.send(noise(1_000_000))
    await until(() => server.stats().bytesIn > 50_000, 'some of it is read')
    assert.ok(server.stats().bytesIn < 2_000_000, String(server.stats().bytesIn))
    let written = 0
    while (socket.write(noise(100_000)) || written < 1_000_000) written += 100_000
    assert.ok(socket.writableNeedDrain)
    client.resume()
    await within(once(socket, 'drain'), 'the socket to drain')
  })
})

for (const how of ['crash', 'leave'] as const) {
  test(`a socket closes when its client goes (${how})`, () => {
    const closed = gate<void>()
    const app = new Router().upgrade('/', (_req, socket) => {
      socket.write(accepted)
      socket.resume()
      socket.on('close', () => closed.open())
      socket.on('end', () => socket.end())
    })
    return serving(app, async (server) => {
      const client = (await connect(server)).send(offer('/'))
      await until(() => server.stats().bytesOut > 0, 'it is handed over')
      client[how]()
      await closed.opened
      await counts(server, { open: 0 })
    })
  })
}

test('sockets close when the server is closed', async () => {
  const closed = gate<void>()
  const app = new Router().upgrade('/', (_req, socket) => {
    socket.write(accepted)
    socket.on('close', () => closed.open())
  })
  await serving(app, async (server) => {
    const client = (await connect(server)).send(offer('/'))
    await until(() => server.stats().bytesOut > 0, 'it is handed over')
    await server.close({ force: 0 })
    await closed.opened
    client.leave()
  })
})

function chat(): { app: Router; sockets: WebSocketServer } {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 32 * 1024 * 1024 })
  sockets.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  })
  const app = new Router().upgrade('/chat', (req, socket, rest) =>
    sockets.handleUpgrade(req, socket, rest, (webSocket) => sockets.emit('connection', webSocket, req)),
  )
  return { app, sockets }
}

async function opened(port: number): Promise<WebSocket> {
  const socket = new WebSocket(`${SCHEME.replace('http', 'ws')}://127.0.0.1:${port}/chat`)
  await within(once(socket, 'open'), 'a WebSocket to open')
  return socket
}

async function echoed(socket: WebSocket, data: string | Buffer): Promise<void> {
  socket.send(data)
  const [received, isBinary] = (await within(once(socket, 'message'), 'an echo')) as [Buffer, boolean]
  assert.is(isBinary, typeof data !== 'string')
  assert.ok(received.equals(Buffer.from(data as string)))
}

test('ws serves its own clients: text, binary, large messages, pings, and a close in order', () => {
  const { app } = chat()
  return serving(app, async (server) => {
    const socket = await opened(server.port)
    await echoed(socket, 'Grüße')
    await echoed(socket, noise(10))
    await echoed(socket, noise(16 * 1024 * 1024))
    socket.ping('are you there')
    assert.is(String((await within(once(socket, 'pong'), 'a pong'))[0]), 'are you there')
    socket.close(1000, 'done')
    const [code, reason] = (await within(once(socket, 'close'), 'the close')) as [number, Buffer]
    assert.equal([code, String(reason)], [1000, 'done'])
    await counts(server, { open: 0 })
  })
})

test('idle WebSockets stay, though connections may not idle', () => {
  const { app, sockets } = chat()
  return serving(
    app,
    async (server) => {
      const clients = await Promise.all(Array.from({ length: 100 }, () => opened(server.port)))
      for (let times = 0; times < 2; times += 1) await (await connect(server)).closed()
      await Promise.all(clients.map((client, n) => echoed(client, `${n}`)))
      assert.is(sockets.clients.size, 100)
      for (const client of clients) client.terminate()
      await until(() => sockets.clients.size === 0, 'all are gone')
      await counts(server, { open: 0 })
    },
    { keepAliveTimeout: 200 },
  )
})

test('what is no WebSocket is refused by ws, and the connection ends', () => {
  const { app } = chat()
  return serving(app, async (server) => {
    const client = (await connect(server)).send(head('GET', '/chat', 'Connection: Upgrade', 'Upgrade: websocket'))
    assert.match(await client.everything(), /^HTTP\/1\.1 400/)
  })
})

test.run()
