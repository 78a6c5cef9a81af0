// Requests that get 503 because there is too much to do: which, how many, and what stays of their connections.
import { health, metrics, Router, type ServeOptions, type Server, serve } from 'brink'
import { Hono } from 'hono'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head, noise, post } from './messages.js'
import { ask, connect, leaveAll, type RawClient } from './raw_client.js'
import { counts, serving } from './serving.js'
import { gate, until } from './waiting.js'

function overloaded(
  name: string,
  make: () => { app: Router; release: () => void },
  options: ServeOptions,
  run: (server: Server, release: () => void) => Promise<void>,
): void {
  test(name, async () => {
    const { app, release } = make()
    try {
      await serving(app, (server) => run(server, release), options)
    } finally {
      release()
    }
  })
}

let begun = 0

/** A client whose request for `/slow` is in its handler. */
async function occupant(server: Server): Promise<RawClient> {
  const before = begun
  const client = (await connect(server)).send(get('/slow'))
  await until(() => begun > before, 'its handler has begun')
  return client
}

/** `/slow` answers when it is released. */
function slow(): { app: Router; release: () => void } {
  const { opened, open } = gate()
  const app = new Router()
    .get('/', () => 'fast')
    .post('/', async (req) => (await req.bytes()).length)
    .get('/slow', async () => {
      begun += 1
      await opened
      return 'slow'
    })
    .get('/stream', async function* () {
      yield 'begun'
      await opened
    })
    .get('/vital', () => 'vital', { shed: false })
    .fixed('/fixed', 'fixed')
    .mount('/', health())
    .get('/metrics', metrics())
  return { app, release: () => open() }
}

const SHED = { status: 503, text: 'Service Unavailable', retry: '5', connection: 'keep-alive' }

overloaded('above maxInFlight requests get 503 with Retry-After', slow, { maxInFlight: 2 }, async (server, release) => {
  const clients = [await occupant(server), await occupant(server)]
  const client = await connect(server)
  for (const request of [get('/'), get('/slow'), get('/unknown'), post('/', 'body')]) {
    const answer = await client.send(request).response()
    const { status, text } = answer
    const [retry, connection] = [answer.header('retry-after'), answer.header('connection')]
    assert.equal({ status, text, retry, connection }, SHED)
  }
  assert.is((await client.send(head('HEAD', '/')).response('HEAD')).status, 503)
  await counts(server, { shedRequests: 5 })
  release()
  for (const waiting of clients) assert.is((await waiting.response()).text, 'slow')
  assert.is((await client.send(get('/')).response()).text, 'fast')
  await counts(server, { shedRequests: 5 })
})

overloaded(
  'health, metrics, routes and paths that are exempt are answered, and fixed answers',
  slow,
  { maxInFlight: 1, neverShed: ['/caf%C3%A9', '/a/*'] },
  async (server) => {
    await occupant(server)
    assert.is((await ask(server, get('/'))).status, 503)
    for (const path of ['/live', '/ready', '/metrics', '/vital', '/fixed', '/fixed?query']) {
      const expected = path === '/fixed?query' ? 503 : 200
      assert.is((await ask(server, get(path))).status, expected, path)
    }
    for (const path of ['/caf%c3%a9', '/a/b/c?d', '/a/']) assert.is((await ask(server, get(path))).status, 404, path)
    for (const path of ['/a', '/b/a/']) assert.is((await ask(server, get(path))).status, 503, path)
  },
)

overloaded(
  'a function tells which requests are exempt',
  slow,
  { maxInFlight: 1, neverShed: (path, method) => method === 'POST' && path === '/' },
  async (server) => {
    await occupant(server)
    assert.is((await ask(server, post('/', 'body'))).text, '4')
    assert.is((await ask(server, get('/'))).status, 503)
  },
)

overloaded('retryAfter is the value of Retry-After', slow, { maxInFlight: 1, retryAfter: 60 }, async (server) => {
  await occupant(server)
  assert.is((await ask(server, get('/'))).header('retry-after'), '60')
})

overloaded('a streamed answer is in flight until it begins', slow, { maxInFlight: 1 }, async (server) => {
  const client = await connect(server)
  client.send(get('/stream'))
  await client.touched()
  assert.is((await ask(server, get('/'))).text, 'fast')
  client.leave()
})

overloaded(
  'a request is in flight until its handler ends, though its client has left',
  slow,
  { maxInFlight: 1 },
  async (server, release) => {
    const client = await occupant(server)
    client.crash()
    await until(() => server.stats().open === 0, 'the client has left')
    assert.is((await ask(server, get('/'))).status, 503)
    release()
    await until(async () => (await ask(server, get('/'))).status === 200, 'its handler has ended')
  },
)

overloaded('a body that arrives slowly holds no place', slow, { maxInFlight: 1 }, async (server, release) => {
  const [half = '', rest = ''] = [post('/', 'body').subarray(0, -2), post('/', 'body').subarray(-2)]
  const uploading = await connect(server)
  await uploading.sendSeen(server, half)
  assert.is((await ask(server, get('/'))).text, 'fast')
  await occupant(server)
  assert.is((await uploading.send(rest).response()).status, 503)
  release()
  assert.is((await uploading.send(post('/', 'body')).response()).text, '4')
})

overloaded(
  'a request whose body still arrives gets 503, and its connection stays',
  slow,
  { maxInFlight: 1 },
  async (server, release) => {
    const waiting = await occupant(server)
    const client = await connect(server)
    const body = noise(300_000)
    for (const fields of [[], ['Expect: 100-continue']]) {
      const bytes = post('/', body, ...fields)
      client.send(bytes.subarray(0, 70_000))
      assert.is((await client.response()).status, 503)
      // It has no way to take back what it has announced.
      client.send(bytes.subarray(70_000), get('/vital'))
      assert.is((await client.response()).text, 'vital')
    }
    release()
    await waiting.response()
    assert.is((await client.send(get('/')).response()).text, 'fast')
  },
)

/** `/block` keeps the event loop busy for some time. */
function blocking(): { app: Router; release: () => void } {
  const app = new Router()
    .get('/', () => 'fast')
    .get('/vital', () => 'vital', { shed: false })
    .get('/block', () => {
      const end = performance.now() + 900
      while (performance.now() < end);
      return 'blocked'
    })
  return { app, release: () => {} }
}

overloaded('while the event loop is late, requests get 503', blocking, { shedWhen: { delay: 500 } }, async (server) => {
  const clients = await Promise.all(Array.from({ length: 20 }, () => connect(server)))
  const [first, vital, ...others] = clients
  first?.send(get('/block'))
  // Sent while nothing can be read: the loop of this test is the one that is blocked.
  vital?.send(get('/vital'))
  for (const client of others) client.send(get('/'))
  const answers = await Promise.all(others.map((client) => client.response()))
  assert.is((await first?.response())?.text, 'blocked')
  assert.is((await vital?.response())?.text, 'vital')
  const shed = answers.filter(({ status }) => status === 503)
  // Those that have come before it are answered.
  assert.ok(shed.length > 0 || answers.every(({ text }) => text === 'fast'), `${shed.length} shed`)
  await counts(server, { shedRequests: shed.length })
  await until(async () => (await ask(server, get('/'))).status === 200, 'it has recovered')
  for (const client of others) assert.is((await client.send(get('/')).response()).status, 200)
})

overloaded(
  'requests of one batch behind a handler that blocks get 503',
  blocking,
  { shedWhen: { delay: 500 } },
  async (server) => {
    const client = await connect(server)
    client.send(get('/block'), ...Array.from({ length: 30 }, () => get('/')), get('/vital'))
    const [first, ...answers] = await client.receive(32)
    assert.is(first?.text, 'blocked')
    const last = answers.pop()
    assert.is(last?.text, 'vital')
    assert.equal(
      answers.map(({ status }) => status),
      answers.map(() => 503),
    )
    await counts(server, { shedRequests: 30 })
  },
)

for (const [name, reason] of [
  ['heapUsed', 'heap_used'],
  ['rss', 'rss'],
] as const) {
  overloaded(`above ${name} requests get 503`, slow, { shedWhen: { [name]: 1 } }, async (server) => {
    assert.is((await ask(server, get('/'))).status, 503)
    const text = (await ask(server, get('/metrics'))).text
    assert.match(text, new RegExp(`^brink_http_shed_requests_total\\{reason="${reason}"\\} 1$`, 'm'))
  })
}

/** Promises with a `then` of their own. */
class Twice extends Promise<string> {
  // biome-ignore lint/suspicious/noThenProperty: that is what is tested.
  override then<A, B>(...calls: Parameters<typeof Promise.prototype.then<A, B>>): Promise<A | B> {
    void super.then(...calls)
    return super.then(...calls)
  }
}
class Throwing extends Promise<string> {
  // biome-ignore lint/suspicious/noThenProperty: the same.
  override then(): never {
    throw new Error('then')
  }
}

function inFlight(text: string): number {
  return Number(/^brink_http_requests_in_flight (.*)$/m.exec(text)?.[1])
}

test('a request is in flight once, whatever its promise calls or throws', () => {
  const own = Object.assign(Promise.resolve('x'), {
    // biome-ignore lint/suspicious/noThenProperty: the same.
    then: () => {
      throw new Error('own')
    },
  })
  const app = new Router()
    .get('/twice', () => new Twice((resolve) => resolve('twice')))
    .get('/throws', () => new Throwing(() => {}))
    .get('/own', () => own)
  const use = async (server: Server) => {
    const statuses = []
    for (const path of ['/twice', '/throws', '/own']) statuses.push((await ask(server, get(path))).status)
    assert.equal(statuses, [200, 500, 500])
    assert.is(inFlight(await server.metrics()), 0)
  }
  return serving(app, use, { maxInFlight: 10, log: () => {} })
})

test('a fetch app sheds load as well', async () => {
  const { opened, open } = gate()
  const hono = new Hono()
    .get('/', (context) => context.text('fast'))
    .get('/spared/:id', (context) => context.text('spared'))
    .get('/slow', async (context) => {
      begun += 1
      await opened
      return context.text('slow')
    })
  const server = await serve(hono, { port: 0, maxInFlight: 1, neverShed: ['/spared/*'] })
  try {
    const client = await occupant(server)
    assert.is((await ask(server, get('/'))).status, 503)
    assert.is((await ask(server, get('/spared/1'))).text, 'spared')
    open()
    assert.is((await client.response()).text, 'slow')
    assert.is((await ask(server, get('/'))).text, 'fast')
    await counts(server, { shedRequests: 1 })
  } finally {
    leaveAll()
    await server.close({ force: 0 })
  }
})

test.run()
