// Servers that are closed with patience: balancers are told, idle clients may ask once more, and what is left at the
// deadline is cut.
import { once } from 'node:events'
import { Agent, request as nodeRequest } from 'node:http'
import { type CloseOptions, type CloseReport, Router, type Server, serve } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { WebSocket, WebSocketServer } from 'ws'
import { assertCounts, closed, counts, idleClient, LONG_MS, listensNoMore, never, SHORT_MS } from './drains.js'
import { get, head, noise, post } from './messages.js'
import { connect, leaveAll, type RawClient } from './raw_client.js'
import { gate, turn, until, within } from './waiting.js'

function draining(name: string, app: Router, run: (server: Server) => Promise<void>, options = {}): void {
  test(name, async () => {
    const server = await serve(app, { port: 0, host: '127.0.0.1', log: () => {}, ...options })
    try {
      await run(server)
    } finally {
      leaveAll()
      await closed(server.close({ force: 0 }))
    }
  })
}

const hello = () => new Router().get('/', () => 'hello').fixed('/fixed', 'fixed')

draining('during the readinessDelay everything is served as before', hello(), async (server) => {
  assert.ok(server.ready)
  const idle = await idleClient(server)
  const closing = server.close({ readinessDelay: LONG_MS })
  assert.not.ok(server.ready)
  assert.not.ok(server.signal.aborted)
  for (const client of [idle, await connect(server)]) {
    const answer = await client.send(get()).response()
    assert.equal([answer.text, answer.header('connection')], ['hello', 'keep-alive'])
  }
  void server.close({ readinessDelay: 0 })
  assert.ok(server.signal.aborted)
  await listensNoMore(server)
  assert.is((await idle.send(get()).response()).header('connection'), 'close')
  leaveAll()
  assertCounts(await closed(closing), { answered: { requests: 1 } })
})

draining('the readinessDelay ends by itself', hello(), async (server) => {
  const closing = server.close({ readinessDelay: SHORT_MS, grace: 0 })
  const report = await closed(closing)
  assert.ok(report.durationMs >= SHORT_MS - 2, `${report.durationMs} ms`)
  assert.ok(server.signal.aborted)
})

draining('an idle connection stays for its next request, which is its last', hello(), async (server) => {
  const clients = [await idleClient(server), await connect(server)]
  const fixed = await idleClient(server)
  const closing = server.close({ grace: LONG_MS })
  await listensNoMore(server)
  for (const client of clients) {
    const answer = await client.send(get()).response()
    assert.equal([answer.text, answer.header('connection')], ['hello', 'close'])
  }
  const answer = await fixed.send(get('/fixed')).response()
  assert.equal([answer.text, answer.header('connection')], ['fixed', 'close'])
  for (const client of [...clients, fixed]) {
    assert.is(await client.closed(), 'fin')
    client.finish()
  }
  assertCounts(await closed(closing), { answered: { requests: 3 } })
})

draining('when the grace is over an idle connection is half-closed, and nothing is reset', hello(), async (server) => {
  const clients = await Promise.all(Array.from({ length: 5 }, () => idleClient(server)))
  const closing = server.close({ grace: SHORT_MS })
  const seen = server.stats().bytesIn
  await Promise.all(
    clients.map(async (client) => {
      assert.is(await client.closed(), 'fin')
      // It was on its way.
      client.send(get())
    }),
  )
  await until(() => server.stats().bytesIn >= seen + 5 * get().length, 'it is read')
  for (const client of clients) {
    assert.is(await client.closed(), 'fin')
    client.finish()
  }
  assertCounts(await closed(closing), {})
})

draining('the grace of a connection begins with the end of its last answer', hello(), async (server) => {
  const idle = await idleClient(server)
  const began = performance.now()
  const closing = server.close({ grace: 300 })
  assert.is(await idle.closed(), 'fin')
  assert.ok(performance.now() - began >= 290)
  leaveAll()
  await closed(closing)
})

draining('plain close() and force end idle connections at once', hello(), async (server) => {
  const idle = await idleClient(server)
  const report = server.close({ force: LONG_MS })
  assert.is(await idle.closed(), 'fin')
  // The client has not closed its side, and nobody waits for it.
  assertCounts(await closed(report), {})
})

draining('a later call can shorten the grace, and not lengthen it', hello(), async (server) => {
  const idle = await idleClient(server)
  const closing = server.close({ grace: LONG_MS })
  await listensNoMore(server)
  for (const later of [{}, { grace: 2 * LONG_MS }, { deadline: LONG_MS }, { readinessDelay: LONG_MS }]) {
    assert.is(server.close(later), closing)
  }
  for (let turns = 0; turns < 20; turns += 1) await turn()
  assert.is(idle.ending, undefined)
  void server.close({ grace: 0 })
  assert.is(await idle.closed(), 'fin')
  await closed(closing)
})

const deadlines: [first: CloseOptions, later: CloseOptions][] = [
  [{ deadline: LONG_MS }, { deadline: SHORT_MS }],
  [{ deadline: SHORT_MS }, { deadline: LONG_MS }],
  [{ readinessDelay: LONG_MS }, { deadline: SHORT_MS }],
  [{ readinessDelay: LONG_MS }, { force: 0 }],
  [{ force: SHORT_MS }, { force: LONG_MS }],
]
for (const [first, later] of deadlines) {
  const name = `close(${JSON.stringify(first)}), then close(${JSON.stringify(later)}): the earliest deadline counts`
  draining(name, new Router().get('/', never), async (server) => {
    const client = await connect(server)
    await client.sendSeen(server, get())
    const closing = server.close(first)
    void server.close(later)
    // A readinessDelay that would be longer than the deadline ends at once.
    assert.ok(server.signal.aborted)
    assertCounts(await closed(closing), { cut: { requests: 1 } })
    assert.match(await client.closed(), /fin|reset/)
  })
}

const wrong: [options: object, code: string, message: RegExp][] = [
  ...['readinessDelay', 'grace', 'deadline', 'force'].flatMap((name): [object, string, RegExp][] =>
    [-1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, '1'].map((value) => [
      { [name]: value },
      'ERR_OUT_OF_RANGE',
      new RegExp(`^close\\(\\) takes a number of milliseconds as "${name}", at most 2147483647, not `),
    ]),
  ),
  [{ readinessDelay: 10, deadline: 10 }, 'ERR_OUT_OF_RANGE', /"deadline" that is later than its "readinessDelay"/],
  [{ timeout: 1 }, 'ERR_INVALID_ARG_VALUE', /it is "deadline"/],
  [{ gracePeriod: 1 }, 'ERR_INVALID_ARG_VALUE', /it is "grace"/],
]
draining('wrong options are errors, and close nothing', hello(), async (server) => {
  for (const [options, code, message] of wrong) {
    try {
      void server.close(options)
      assert.unreachable(JSON.stringify(options))
    } catch (error) {
      assert.is((error as NodeJS.ErrnoException).code, code)
      assert.match((error as Error).message, message)
    }
  }
  assert.ok(server.ready)
  assert.is((await (await connect(server)).send(get()).response()).header('connection'), 'keep-alive')
})

test('every request that clients send while the server drains is answered, and no connection is reset', async () => {
  const app = new Router()
    .get('/', () => 'hello')
    .get('/later', () => new Promise((done) => setImmediate(done, 'hello')))
  for (const grace of [SHORT_MS, LONG_MS]) {
    const server = await serve(app, { port: 0, host: '127.0.0.1' })
    const clients = await Promise.all(Array.from({ length: 300 }, () => idleClient(server)))
    let answered = 0
    let refused = 0
    let asked = 0
    const one = async (client: RawClient, index: number): Promise<void> => {
      for (let count = 0; ; count += 1) {
        for (let turns = 0; turns < (index + count) % 5; turns += 1) await turn()
        // Those that are told the end beforehand do not ask.
        if (client.ending !== undefined) break
        client.send(get(index % 2 === 0 ? '/' : '/later'))
        asked += 1
        const answer = await client.response().catch((error: Error) => error)
        if (answer instanceof Error) {
          // It has met the end of the grace, in order.
          assert.match(answer.message, /^fin after 0 of 1/)
          refused += 1
          break
        }
        answered += 1
        if (answer.header('connection') === 'close') break
      }
      assert.is(await client.closed(), 'fin')
      client.leave()
    }
    const all = clients.map(one)
    for (let turns = 0; turns < 3; turns += 1) await turn()
    const closing = server.close({ grace, deadline: LONG_MS })
    await within(Promise.all(all), 'the clients')
    const report = await closed(closing)
    assert.is(answered + refused, asked)
    // Of a short grace a client may meet the end.
    if (grace === LONG_MS) {
      assert.is(refused, 0)
      assert.ok(report.answered.requests >= 300, `${report.answered.requests}`)
    }
    assert.ok(report.answered.requests <= answered, `${report.answered.requests} of ${answered}`)
    assert.equal([report.cut, report.lost], [counts(), counts()])
    leaveAll()
  }
})

test("node's http.Agent and fetch see no error while the server drains", async () => {
  const app = new Router().get('/', () => 'hello')
  const server = await serve(app, { port: 0, host: '127.0.0.1' })
  const next = await serve(app, { port: 0, host: '127.0.0.1' })
  const agent = new Agent({ keepAlive: true, maxSockets: 20 })
  // What a balancer does: it sends to the one that is ready.
  const target = () => (server.ready ? server : next)
  const byNode = (port: number) =>
    new Promise<void>((resolve, reject) => {
      nodeRequest({ port, host: '127.0.0.1', agent }, (res) => res.resume().on('end', resolve).on('error', reject))
        .on('error', reject)
        .end()
    })
  const byFetch = async ({ url }: Server) => assert.is(await (await fetch(url)).text(), 'hello')
  let over = false
  let asked = 0
  const clients = Array.from({ length: 20 }, async (_, index) => {
    while (!over) {
      await (index % 2 === 0 ? byNode(target().port) : byFetch(target()))
      asked += 1
    }
  })
  await until(() => asked > 200, 'they are at it')
  const before = asked
  const report = await closed(server.close({ readinessDelay: 1, grace: 2_000, deadline: LONG_MS }))
  await until(() => asked > before + 100, 'they go on with the other server')
  over = true
  await within(Promise.all(clients), 'the clients')
  assert.equal([report.cut, report.lost], [counts(), counts()])
  agent.destroy()
  await closed(next.close({ force: 0 }))
})

draining(
  'pipelined requests are all answered, and the last one says that the connection closes',
  new Router().get('/', () => turn().then(() => 'hello')),
  async (server) => {
    const client = await connect(server)
    await client.sendSeen(server, get().repeat(10))
    const closing = server.close({ deadline: LONG_MS })
    const answers = await client.receive(10)
    assert.is(answers.at(-1)?.header('connection'), 'close')
    assert.is(await client.closed(), 'fin')
    client.finish()
    const { answered, cut, lost } = await closed(closing)
    assert.ok(answered.requests <= 10 && answered.requests >= 1)
    assert.equal([cut, lost], [counts(), counts()])
  },
)

test('what comes behind an answer that says close is not handled: no request runs without an answer', async () => {
  const first = gate<string>()
  const end = gate()
  let handled = 0
  const app = new Router()
    .get('/first', () => first.opened)
    .get('/', () => {
      handled += 1
      return 'hello'
    })
    .get('/stream', async function* () {
      yield 'begun '
      await end.opened
      yield 'end'
    })
  const server = await serve(app, { port: 0, host: '127.0.0.1' })
  const [waiting, streaming] = [await connect(server), await connect(server)]
  await waiting.sendSeen(server, get('/first'))
  const closing = server.close({ deadline: LONG_MS })
  await listensNoMore(server)
  // Its answer waits for the first one's.
  await waiting.sendSeen(server, get())
  streaming.send(get('/stream'))
  await streaming.touched()
  await until(() => handled === 1, 'it is handled')
  for (let turns = 0; turns < 20; turns += 1) await turn()
  await waiting.sendSeen(server, get())
  await streaming.sendSeen(server, get())
  for (let turns = 0; turns < 20; turns += 1) await turn()
  first.open('first')
  end.open()
  // A loop on a thread may read it before it has the answer: then that is not the last one, and it is answered.
  const [, second] = await waiting.receive(2)
  const answers = second?.header('connection') === 'close' ? 1 : 2
  if (answers === 2) assert.is((await waiting.response()).header('connection'), 'close')
  const stream = await streaming.response()
  assert.equal([stream.text, stream.header('connection')], ['begun end', 'close'])
  assert.is(await waiting.closed(), 'fin')
  assert.is(await streaming.closed(), 'fin')
  assert.is(handled, answers)
  leaveAll()
  const report = await closed(closing)
  assertCounts(report, { answered: { requests: 1 + answers, streams: 1 } })
})

draining(
  'an upload goes on, and its answer is counted',
  new Router().post('/', async (req) => String((await req.bytes()).length)),
  async (server) => {
    const client = await connect(server)
    await client.sendSeen(server, head('POST', '/', 'Content-Length: 200000') + 'x'.repeat(1000))
    const closing = server.close({ deadline: LONG_MS })
    await listensNoMore(server)
    client.send(noise(199_000))
    const answer = await client.response()
    assert.equal([answer.text, answer.header('connection')], ['200000', 'close'])
    client.finish()
    assertCounts(await closed(closing), { answered: { requests: 1 } })
  },
)

test('the deadline does not wait for waitUntil()', async () => {
  const server = await serve(
    {
      fetch: (_request: Request, info: { waitUntil(promise: Promise<unknown>): void }) => {
        info.waitUntil(never())
        return new Response('hello')
      },
    },
    { port: 0, host: '127.0.0.1', overrideGlobals: false },
  )
  const client = await idleClient(server)
  client.leave()
  await closed(server.close({ deadline: SHORT_MS }))
  leaveAll()
})

test('WebSockets that are told to go away end in order, and are counted', async () => {
  const sockets = new WebSocketServer({ noServer: true })
  const app = new Router().upgrade('/', (req, socket, first) => {
    sockets.handleUpgrade(req, socket, first, () => {})
  })
  const server = await serve(app, { port: 0, host: '127.0.0.1' })
  server.signal.addEventListener('abort', () => {
    for (const socket of sockets.clients) socket.close(1001)
  })
  const clients = Array.from({ length: 10 }, () => new WebSocket(server.url.replace('http', 'ws')))
  await within(Promise.all(clients.map((client) => once(client, 'open'))), 'the sockets to open')
  const codes = Promise.all(clients.map((client) => once(client, 'close').then(([code]) => code as number)))
  const report = await closed(server.close({ deadline: LONG_MS }))
  assert.equal(new Set(await codes), new Set([1001]))
  assertCounts(report, { answered: { tunnels: 10 } })
})

test('a handler may drain its server, and every idle client may still ask', async () => {
  let server: Server | undefined
  let closing: Promise<CloseReport> | undefined
  const app = new Router()
    .get('/', () => 'hello')
    .post('/drain', () => {
      closing = server?.close({ deadline: LONG_MS })
      return 'draining'
    })
  server = await serve(app, { port: 0, host: '127.0.0.1' })
  const idle = await idleClient(server)
  const client = await connect(server)
  const answer = await client.send(post('/drain', '')).response()
  assert.equal([answer.text, answer.header('connection')], ['draining', 'close'])
  assert.is((await idle.send(get()).response()).header('connection'), 'close')
  leaveAll()
  const report = await closed(closing as Promise<CloseReport>)
  // With threads the answer may have been on its way when the drain began.
  assert.ok(report.answered.requests >= 1 && report.answered.requests <= 2)
})

test.run()
