// What an app gets wrong costs nobody else anything: not the requests beside it, not the process.
import { AsyncLocalStorage } from 'node:async_hooks'
import { createReadStream } from 'node:fs'
import type { Duplex } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { events, type Middleware, type Part, parts, Router, reply, type ServeOptions, type Server } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, post } from './messages.js'
import { ask, connect, type RawClient } from './raw_client.js'
import { counts, serving } from './serving.js'
import { turn, until } from './waiting.js'

/** What would have ended the process while `run` ran. */
async function fatal(run: () => Promise<void>): Promise<string[]> {
  const errors: string[] = []
  const note = (error: unknown) => errors.push(String(error))
  process.on('uncaughtException', note).on('unhandledRejection', note)
  try {
    await run()
    for (let turns = 0; turns < 5; turns += 1) await turn()
  } finally {
    process.off('uncaughtException', note).off('unhandledRejection', note)
  }
  return errors
}

test('a tick that throws does not let bodies be read when their block holds other requests', async () => {
  const app = new Router()
    .get('/tick', () => {
      process.nextTick(() => {
        throw new Error('of the tick')
      })
      return 'ticked'
    })
    .post('/:letter', async (req) => {
      const text = await req.text()
      return text === req.params.letter.repeat(text.length) ? 'its own' : 'not its own'
    })
  const errors = await fatal(() =>
    serving(app, async (server) => {
      const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ']
      const ticker = await connect(server)
      const clients = await Promise.all(letters.map(() => connect(server)))
      ticker.send(get('/tick'))
      clients.forEach((client, place) => {
        const letter = letters[place] as string
        client.send(post(`/${letter}`, letter.repeat(30_000)))
      })
      assert.is((await ticker.response()).text, 'ticked')
      for (const client of clients) assert.is((await client.response()).text, 'its own')
    }),
  )
  assert.equal(errors, ['Error: of the tick'])
})

test('a listener of a handed-over connection that throws does not cost the others of its batch their answers', async () => {
  const app = new Router()
    .upgrade('/', (_, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n')
      socket.on('data', () => {
        throw new Error('of the listener')
      })
    })
    .get('/*path', ({ params }) => params.path)
  const logged: string[] = []
  const errors = await fatal(() =>
    serving(
      app,
      async (server) => {
        const tunnel = (await connect(server)).send(get('/', 'Connection: upgrade', 'Upgrade: raw'))
        await until(() => server.stats().bytesOut > 0, 'it is handed over')
        const clients = await Promise.all(Array.from({ length: 20 }, () => connect(server)))
        tunnel.send('boom')
        for (const [place, client] of clients.entries()) client.send(get(`/${place}`))
        for (const [place, client] of clients.entries()) assert.is((await client.response()).text, String(place))
      },
      { log: (error) => logged.push(String(error)) },
    ),
  )
  assert.equal(errors, [])
  assert.equal(logged, ['Error: of the listener'])
})

const users = new AsyncLocalStorage<string>()

/** Serves `app`, and gives what was logged while `use` ran, with the request that it was logged in. Nothing is fatal. */
async function loggedBy(app: Router, use: (server: Server, logged: string[]) => Promise<void>): Promise<string[]> {
  const logged: string[] = []
  const log = (error: unknown) => logged.push(`${(error as Error).message} ${users.getStore()}`)
  const errors = await fatal(() => serving(app, (server) => use(server, logged), { log }))
  assert.equal(errors, [])
  return logged.sort()
}

const boom = (what: string) => () => {
  throw new Error(what)
}
const entering: Middleware = (req, next) => users.run(req.headers.get('user') ?? 'nobody', next)

test('what listeners of a signal throw is logged with their request, and costs nobody anything', async () => {
  const app = new Router()
    .use(entering)
    .get('/', async ({ signal }) => {
      const removed = boom('removed')
      signal.addEventListener('abort', boom('function'))
      signal.addEventListener('abort', { handleEvent: boom('object') })
      signal.addEventListener('abort', async () => boom('async')())
      signal.addEventListener('abort', removed)
      signal.removeEventListener('abort', removed)
      signal.onabort = boom('property')
      // What Node and libraries do with signals goes on as ever.
      const waited = await pause(60_000, undefined, { signal }).catch((error: Error) => error.name)
      return AbortSignal.any([signal]).aborted ? waited : 'not aborted'
    })
    .get('/next', () => 'next')
  const logged = await loggedBy(app, async (server, soFar) => {
    const client = (await connect(server)).send(get('/', 'User: ann'))
    await until(() => server.stats().requests === 1, 'it is asked')
    // It may still take its answer.
    assert.is((await client.finish().response()).text, 'AbortError')
    await until(() => soFar.length >= 4, 'they are logged')
    assert.is((await ask(server, get('/next'))).text, 'next')
  })
  assert.equal(logged, ['async ann', 'function ann', 'object ann', 'property ann'])
})

const accepted = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n'

/** What an app gets wrong with a socket that was handed over to it, and what is logged. */
const sockets: [string, (socket: Duplex) => void, (client: RawClient) => unknown, string][] = [
  ['data', (socket) => socket.on('data', boom('data')), (client) => client.send('x'), 'data'],
  ['data, later', (socket) => socket.on('data', async () => boom('later')()), (client) => client.send('x'), 'later'],
  ['readable', (socket) => socket.on('readable', boom('readable')), (client) => client.send('x'), 'readable'],
  ['end', (socket) => socket.on('end', boom('end')).resume(), (client) => client.finish(), 'end'],
  ['close', (socket) => socket.on('close', boom('close')).resume(), (client) => client.crash(), 'close'],
  ['error', (socket) => socket.on('error', boom('error')).resume(), (client) => client.crash(), 'error'],
  ['finish', (socket) => socket.on('finish', boom('finish')).end(), () => {}, 'finish'],
  ['an error that nobody listens to', (socket) => socket.destroy(new Error('unheard')), () => {}, 'unheard'],
]

for (const [what, use, act, expected] of sockets) {
  test(`a listener of a handed-over connection that throws is logged and ends it: ${what}`, async () => {
    const app = new Router()
      .use(entering)
      .upgrade('/', (_req, socket) => {
        socket.write(accepted)
        use(socket)
      })
      .get('/next', () => 'next')
    const logged = await loggedBy(app, async (server, soFar) => {
      const client = (await connect(server)).send(get('/', 'Connection: upgrade', 'Upgrade: raw', 'User: ann'))
      await client.touched()
      act(client)
      await until(() => soFar.length > 0, 'it is logged')
      await counts(server, { open: 0 })
      assert.is((await ask(server, get('/next'))).text, 'next')
    })
    assert.equal(logged, [`${expected} ann`])
  })
}

test('a stream that throws when it is cancelled costs nobody anything', async () => {
  let cancelled = 0
  const cancel = () => {
    cancelled += 1
    throw new Error('of the cancelling')
  }
  const app = new Router()
    .get('/generator', async function* () {
      try {
        for (;;) yield new Uint8Array(10_000)
      } finally {
        cancel()
      }
    })
    .get('/stream', () => new ReadableStream({ pull: (to) => to.enqueue(new Uint8Array(10_000)), cancel }))
    .get('/next', () => 'next')
  const logged = await loggedBy(app, async (server) => {
    for (const path of ['/generator', '/stream']) {
      const client = (await connect(server)).send(get(path))
      await client.touched()
      client.crash()
    }
    await until(() => cancelled === 2, 'both are cancelled')
    assert.is((await ask(server, get('/next'))).text, 'next')
  })
  assert.equal(logged, [])
})

test('a generator that gives nothing for ever does not keep others from their answers', async () => {
  let isOver = false
  const app = new Router()
    .get('/nothing', function* () {
      while (!isOver) yield ''
      yield 'over'
    })
    .get('/nothing-later', async function* () {
      while (!isOver) yield ''
      yield 'over'
    })
    .get('/next', () => 'next')
  await serving(app, async (server) => {
    const clients = await Promise.all(['/nothing', '/nothing-later'].map(() => connect(server)))
    clients[0]?.send(get('/nothing'))
    clients[1]?.send(get('/nothing-later'))
    assert.is((await ask(server, get('/next'))).text, 'next')
    isOver = true
    for (const client of clients) assert.is((await client.response()).text, 'over')
  })
})

/** What `await` takes for a promise, as query builders are. */
function thenable(then: PropertyDescriptor): object {
  return Object.defineProperty({}, 'then', then)
}

function fails(): never {
  throw new Error('of then')
}

const twice = (resolve: (value: string) => void) => {
  resolve('once')
  resolve('twice')
}

const thenables: [string, () => unknown, number][] = [
  ['throws', () => thenable({ value: fails }), 500],
  ['throws where it is looked at', () => thenable({ get: fails }), 500],
  ['calls back twice', () => thenable({ value: twice }), 200],
]

for (const [what, make, status] of thenables) {
  for (const [how, handler] of [
    ['a handler that takes no request', () => make() as string],
    ['a handler that takes one', (_req: unknown) => make() as string],
  ] as const) {
    test(`${how} and gives a thenable that ${what} is answered with ${status}, and so are those beside it`, () => {
      const logged: unknown[] = []
      const app = new Router().get('/', handler).get('/late', async (req) => {
        await turn()
        return `${req.target} ${req.headers.get('x')}`
      })
      return serving(
        app,
        async (server) => {
          const [odd, late] = [await connect(server), await connect(server)]
          odd.send(get('/'))
          late.send(get('/late?mine', 'X: mine'))
          assert.is((await odd.response()).status, status)
          assert.is((await late.response()).text, '/late?mine mine')
          assert.is(logged.length, status === 500 ? 1 : 0)
        },
        { log: (error) => logged.push(error) },
      )
    })
  }
}

const listeners: [string, ServeOptions, string][] = [
  ['log', { log: (async () => Promise.reject(new Error('of the log'))) as () => void }, get('/throws')],
  [
    'onClientError',
    { onClientError: (async () => Promise.reject(new Error('of the listener'))) as () => void },
    'nonsense\r\n\r\n',
  ],
]

for (const [what, options, asked] of listeners) {
  test(`an async ${what} that rejects ends no process`, async () => {
    const told: unknown[] = []
    const { error } = console
    console.error = (first: unknown) => told.push(first)
    const app = new Router().get('/throws', () => {
      throw new Error('of the handler')
    })
    try {
      const errors = await fatal(() =>
        serving(
          app,
          async (server) => {
            await ask(server, asked)
            await until(() => told.length > 0, 'it is told')
          },
          options,
        ),
      )
      assert.equal(errors, [])
      assert.match(String(told[0]), /Error: of the (log|listener)/)
    } finally {
      console.error = error
    }
  })
}

test('nobody works for a client that went away in the batch that brought its request', () => {
  let begun = 0
  let ended = 0
  const app = new Router().get('/', async (req) => {
    await turn()
    return events(req, async function* ({ signal }) {
      begun += 1
      try {
        await pause(1_000_000, undefined, { signal })
        yield 'never'
      } finally {
        ended += 1
      }
    })
  })
  return serving(app, async (server) => {
    const clients = await Promise.all(Array.from({ length: 10 }, () => connect(server)))
    for (const client of clients) client.send(get()).crash()
    // A thread has read both before this one hears of either.
    for (const end = performance.now() + 100; performance.now() < end; );
    await until(() => server.stats().accepted === 10 && server.stats().open === 0, 'they are gone')
    await until(() => begun === ended, 'nobody works on')
  })
})

test('clients that have sent in time are answered after a stall, however many they are', () =>
  serving(
    new Router().get('/', () => 'in time'),
    async (server) => {
      // Client and server share this process's descriptors, of which select takes 1,024.
      const count = server.backend === 'select' ? 300 : 1200
      const clients = await Promise.all(Array.from({ length: count }, () => connect(server)))
      await Promise.all(clients.map((client) => client.send(get()).response()))
      for (const client of clients) client.send(get())
      for (const end = performance.now() + 3500; performance.now() < end; );
      for (const client of clients) assert.is((await client.response()).text, 'in time')
      await counts(server, { idleTimeouts: 0 })
    },
    { keepAliveTimeout: 3000 },
  ))

test('a stream whose reply cannot be sent is given up', () => {
  const logged: unknown[] = []
  const stream = createReadStream(fileURLToPath(import.meta.url))
  const app = new Router().get('/', () => {
    const answer = reply(200, stream)
    answer.trailers = { 'set-cookie': 'a=b' }
    return answer
  })
  return serving(
    app,
    async (server) => {
      assert.is((await ask(server, get())).status, 500)
      await until(() => stream.destroyed, 'it is given up')
      assert.is(logged.length, 1)
    },
    { log: (error) => logged.push(error) },
  )
})

test('a Response that gives nothing yet has its head sent, and is cancelled when the client goes', () => {
  let cancelled = false
  const quiet = () =>
    new ReadableStream({
      cancel() {
        cancelled = true
      },
    })
  return serving(
    new Router().get('/', () => new Response(quiet())),
    async (server) => {
      const client = (await connect(server)).send(get())
      await until(() => server.stats().bytesOut > 0, 'its head is sent')
      client.crash()
      await until(() => cancelled, 'it is cancelled')
    },
  )
})

test('a part of a form that is gathered is read to its end, and one that was left is an error', () => {
  const app = new Router()
    .post('/gathered', async (req) => {
      for await (const part of parts(req)) return part.text()
      return 'none'
    })
    .post('/left', async (req) => {
      let left: Part | undefined
      for await (const part of parts(req)) {
        left = part
        break
      }
      return left?.text().catch((error: { code?: string }) => error.code)
    })
  const content = 'x'.repeat(100_000)
  const body = `--b\r\ncontent-disposition: form-data; name="a"\r\n\r\n${content}\r\n--b--\r\n`
  const form = (target: string) => post(target, body, 'Content-Type: multipart/form-data; boundary=b')
  return serving(app, async (server) => {
    assert.is((await ask(server, form('/gathered'))).text, content)
    assert.is((await ask(server, form('/left'))).text, 'ERR_PART_PASSED')
  })
})

test('the writer of a tunnel has its buffer back only when the client has taken it', () => {
  const PIECES = 60
  const SIZE = 48 * 1024
  const app = new Router().upgrade('/', async (_, socket) => {
    const buffer = Buffer.alloc(SIZE)
    for (let piece = 0; piece < PIECES; piece += 1) {
      buffer.fill(piece)
      await new Promise((resolve) => socket.write(buffer, resolve))
    }
    socket.end()
  })
  return serving(app, async (server) => {
    const client = (await connect(server)).pause().send(get('/', 'Connection: upgrade', 'Upgrade: raw'))
    await until(() => server.stats().partialWrites > 0, 'it is held back')
    const all = Buffer.from(await client.resume().finish().everything(), 'latin1')
    assert.is(all.length, PIECES * SIZE)
    for (let piece = 0; piece < PIECES; piece += 1) {
      assert.ok(
        all.subarray(piece * SIZE, (piece + 1) * SIZE).every((byte) => byte === piece),
        `piece ${piece}`,
      )
    }
  })
})

test.run()
