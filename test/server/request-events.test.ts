// The life of requests on the channels of node:diagnostics_channel.
import { AsyncLocalStorage } from 'node:async_hooks'
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import { HttpError, type RequestMessage, Router, reply, type Server, serve } from 'brink'
import { Hono } from 'hono'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head, post } from './messages.js'
import { ask, connect } from './raw_client.js'
import { serving } from './serving.js'
import { gate, until } from './waiting.js'

type Name = 'start' | 'routed' | 'end' | 'error'
type Told = [name: Name, about: string]

const NAMES: readonly Name[] = ['start', 'routed', 'error', 'end']

/** What is told while `run` runs. */
async function listening(run: (told: Told[], messages: RequestMessage[]) => Promise<void>): Promise<void> {
  const told: Told[] = []
  const messages: RequestMessage[] = []
  const listeners = NAMES.map((name) => {
    const listen = (message: unknown): void => {
      const { request, route, status, error, aborted } = message as RequestMessage
      messages.push(message as RequestMessage)
      const failure = error === undefined ? '' : (error as Error).message
      // It can be read on each channel.
      const what: Record<Name, string> = {
        start: `${request.method} ${request.target}${route}`,
        routed: route,
        error: failure,
        end: [request.target, status, failure, aborted ? 'aborted' : ''].filter((word) => word !== '').join(' '),
      }
      told.push([name, what[name]])
    }
    subscribe(`brink:request:${name}`, listen)
    return [name, listen] as const
  })
  try {
    await run(told, messages)
  } finally {
    for (const [name, listen] of listeners) unsubscribe(`brink:request:${name}`, listen)
  }
}

const hangs = gate()
const app = () =>
  new Router()
    .get('/', () => 'hello')
    .get('/users/:id', async ({ params }) => ({ id: params.id }))
    .get('/nothing', () => null)
    .get('/reply', () => reply(201, 'made'))
    .get('/stream', async function* () {
      yield 'one'
      await null
      yield 'two'
    })
    .get('/endless', async function* (req: { signal: AbortSignal }) {
      yield 'one'
      await new Promise((resolve) => req.signal.addEventListener('abort', resolve))
    })
    .get('/hangs', async () => {
      await hangs.opened
      throw new Error('too late')
    })
    .get('/throws', () => {
      throw new Error('thrown')
    })
    .get('/rejects', async () => {
      throw new HttpError(409, 'rejected')
    })
    .get('/thrown-reply', () => {
      throw reply(202)
    })
    .get(
      '/handled',
      (_, next) => next(),
      () => {
        throw new Error('handled')
      },
    )
    .get('/breaks', async function* () {
      yield 'one'
      await new Promise((resolve) => setTimeout(resolve, 1))
      throw new Error('broken')
    })
    .get('/unsendable', () => new Map())
    .post('/', async (req) => (await req.bytes()).length)
    .upgrade('/upgrade', (_req, socket) => {
      socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n')
    })
    .onError((error) => (error instanceof Error && error.message === 'handled' ? 'as 500' : undefined))

function told(name: string, request: string | Buffer, expected: Told[], method = 'GET'): void {
  test(name, () =>
    serving(
      app(),
      async (server) => {
        await listening(async (told, messages) => {
          const client = await connect(server)
          client.send(request)
          if (name.includes('broken off')) await client.broken()
          else if (!name.includes('upgrade')) await client.response(method)
          await until(() => told.some(([name]) => name === 'end'), 'its end')
          assert.equal(told, expected)
          assert.is(new Set(messages).size, 1)
          assert.is(messages[0]?.server, server)
        })
      },
      { log: () => {} },
    ),
  )
}

told('a request starts, is routed and ends', get('/users/7'), [
  ['start', 'GET /users/7'],
  ['routed', '/users/:id'],
  ['end', '/users/7 200'],
])
told('a handler that is told nothing of its request', get('/'), [
  ['start', 'GET /'],
  ['routed', '/'],
  ['end', '/ 200'],
])
told(
  'HEAD',
  head('HEAD', '/'),
  [
    ['start', 'HEAD /'],
    ['routed', '/'],
    ['end', '/ 200'],
  ],
  'HEAD',
)
told('an answer without a body', get('/nothing'), [
  ['start', 'GET /nothing'],
  ['routed', '/nothing'],
  ['end', '/nothing 204'],
])
told('a reply', get('/reply'), [
  ['start', 'GET /reply'],
  ['routed', '/reply'],
  ['end', '/reply 201'],
])
told('a stream ends with its last piece', get('/stream'), [
  ['start', 'GET /stream'],
  ['routed', '/stream'],
  ['end', '/stream 200'],
])
told('a body that is read', post('/', 'body'), [
  ['start', 'POST /'],
  ['routed', '/'],
  ['end', '/ 200'],
])
told('an unknown path has no route', get('/unknown'), [
  ['start', 'GET /unknown'],
  ['end', '/unknown 404'],
])
told('a handler throws', get('/throws'), [
  ['start', 'GET /throws'],
  ['routed', '/throws'],
  ['error', 'thrown'],
  ['end', '/throws 500 thrown'],
])
told('a handler rejects', get('/rejects'), [
  ['start', 'GET /rejects'],
  ['routed', '/rejects'],
  ['error', 'rejected'],
  ['end', '/rejects 409 rejected'],
])
told('a thrown reply is no error', get('/thrown-reply'), [
  ['start', 'GET /thrown-reply'],
  ['routed', '/thrown-reply'],
  ['end', '/thrown-reply 202'],
])
told('an error that onError answers is told once', get('/handled'), [
  ['start', 'GET /handled'],
  ['routed', '/handled'],
  ['error', 'handled'],
  ['end', '/handled 500 handled'],
])
told('a stream that is broken off', get('/breaks'), [
  ['start', 'GET /breaks'],
  ['routed', '/breaks'],
  ['error', 'broken'],
  ['end', '/breaks 200 broken'],
])
told('an upgrade ends when the connection is handed over', get('/upgrade', 'Connection: upgrade', 'Upgrade: x'), [
  ['start', 'GET /upgrade'],
  ['routed', '/upgrade'],
  ['end', '/upgrade 101'],
])

test('a value that cannot be sent is an error', () =>
  serving(
    app(),
    async (server) => {
      await listening(async (told) => {
        await ask(server, get('/unsendable'))
        assert.equal(
          told.map(([name]) => name),
          ['start', 'routed', 'error', 'end'],
        )
        assert.match(told[3]?.[1] ?? '', /^\/unsendable 500 /)
      })
    },
    { log: () => {} },
  ))

for (const [path, status] of [
  ['/hangs', 0],
  ['/endless', 200],
] as const) {
  test(`a client that leaves ends its request once: ${path}`, () =>
    serving(
      app(),
      async (server) => {
        await listening(async (told) => {
          const client = await connect(server)
          await client.sendSeen(server, get(path))
          await until(() => told.length === 2, 'it has started')
          if (path === '/endless') await client.touched()
          client.crash()
          await until(() => told.length > 2, 'its end')
          hangs.open()
          await ask(server, get('/'))
          assert.equal(told.slice(2, 3), [['end', `${path} ${status} aborted`]])
          assert.is(told.filter(([name]) => name === 'end').length, 2)
        })
      },
      { log: () => {} },
    ))
}

test('every start has one end, in whichever way requests wait for their turn', () =>
  serving(app(), async (server) => {
    await listening(async (told) => {
      const client = await connect(server)
      const requests = Array.from({ length: 60 }, (_, number) => get(number % 2 === 0 ? '/' : `/users/${number}`))
      client.send(...requests)
      await client.receive(requests.length)
      await until(() => told.filter(([name]) => name === 'end').length === requests.length, 'all ends')
      assert.is(told.filter(([name]) => name === 'start').length, requests.length)
      assert.is(told.length, 3 * requests.length)
    })
  }))

test('a store that is bound to the start is there in the handler and at the end', async () => {
  const storage = new AsyncLocalStorage<{ target: string }>()
  const start = channel('brink:request:start')
  const seen: (string | undefined)[] = []
  const ended = () => seen.push(storage.getStore()?.target)
  start.bindStore(storage, (message) => ({ target: (message as RequestMessage).request.target }))
  subscribe('brink:request:end', ended)
  try {
    const app = new Router().get('/:id', async () => {
      await null
      return storage.getStore()?.target
    })
    await serving(app, async (server) => {
      const client = await connect(server)
      const answers = await client.send(get('/a'), get('/b')).receive(2)
      assert.equal(
        answers.map(({ text }) => text),
        ['/a', '/b'],
      )
      await until(() => seen.length === 2, 'both ends')
      assert.equal(seen, ['/a', '/b'])
    })
  } finally {
    start.unbindStore(storage)
    unsubscribe('brink:request:end', ended)
  }
})

test('what a listener throws is an uncaught exception of its own, and harms no request', async () => {
  const names = ['start', 'routed', 'error', 'end']
  const uncaught: unknown[] = []
  const hear = (error: unknown) => uncaught.push((error as Error).message)
  const throwing = names.map((name) => {
    return () => {
      throw new Error(name)
    }
  })
  process.on('uncaughtException', hear)
  names.forEach((name, place) => void subscribe(`brink:request:${name}`, throwing[place] as () => void))
  try {
    const own = new Router()
      .get('/at-once', () => 'ok')
      .get('/later', async () => 'ok')
      .get('/stream', async function* () {
        yield 'ok'
      })
      .get('/throws', () => {
        throw new Error('thrown')
      })
    const use = async (server: Server) => {
      const statuses = []
      for (const path of ['/at-once', '/later', '/stream', '/throws']) {
        statuses.push((await ask(server, get(path))).status)
      }
      assert.equal(statuses, [200, 200, 200, 500])
      await until(() => uncaught.filter((name) => name === 'end').length === 4, 'all ends')
      assert.is(uncaught.length, 3 * 4 + 1)
    }
    await serving(own, use, { log: () => {} })
  } finally {
    process.off('uncaughtException', hear)
    names.forEach((name, place) => void unsubscribe(`brink:request:${name}`, throwing[place] as () => void))
  }
})

test('a fetch app has the same events, without routes', async () => {
  const hono = new Hono().get('/users/:id', (context) => context.text('user'))
  const server: Server = await serve(hono, { port: 0 })
  try {
    await listening(async (told) => {
      await ask(server, get('/users/7'))
      await until(() => told.length === 2, 'its end')
      assert.equal(told, [
        ['start', 'GET /users/7'],
        ['end', '/users/7 200'],
      ])
    })
  } finally {
    await server.close({ force: 0 })
  }
})

test.run()
