// Answers leave when they are ready, and connections have their turns, whatever else crosses at the same time.
import { once } from 'node:events'
import v8 from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Worker } from 'node:worker_threads'
import { type Handler, Router, reply } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head, post } from './messages.js'
import { connect, leaveAll, type RawClient } from './raw_client.js'
import { serving } from './serving.js'
import { gate, turn, until, within } from './waiting.js'

const COMPUTING_MS = 4

/** Computes for so long of this thread's own time: on a busy machine that is more of everybody's. */
function compute(): void {
  const begun = process.cpuUsage()
  for (;;) {
    const { user, system } = process.cpuUsage(begun)
    if ((user + system) / 1000 >= COMPUTING_MS) return
  }
}

/** Handlers that compute, each in its way, and how many of them have. */
function counting(): { ran: () => number; handlers: [string, Handler][] } {
  let ran = 0
  const work = () => {
    compute()
    ran += 1
  }
  return {
    ran: () => ran,
    handlers: [
      [
        '/sync',
        () => {
          work()
          return 'done'
        },
      ],
      [
        '/async',
        async () => {
          work()
          await turn()
          return 'done'
        },
      ],
      [
        '/posted',
        async (req) => {
          await req.text()
          work()
          return 'done'
        },
      ],
    ],
  }
}

const CLIENTS = 60

for (const path of ['/sync', '/async', '/posted']) {
  test(`when many ask at once, the first is answered first, and half of them when half are done: ${path}`, () => {
    const { ran, handlers } = counting()
    const app = new Router()
    for (const [each, handler] of handlers) app.all(each, handler)
    return serving(app, async (server) => {
      const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connect(server)))
      const bytes = path === '/posted' ? post(path, 'body') : get(path)
      // By how many handlers had run when each answer came.
      const times: number[] = []
      for (const client of clients) client.send(bytes)
      await Promise.all(clients.map((client) => client.response().then(() => times.push(ran()))))
      times.sort((a, b) => a - b)
      const [first = 0, median = 0, last = 0] = [times[0], times[CLIENTS / 2], times.at(-1)]
      const what = `first ${first}, median ${median}, last ${last} of ${CLIENTS}`
      assert.ok(first <= 8, what)
      assert.ok(median >= CLIENTS / 4 && median <= (3 * CLIENTS) / 4, what)
      assert.is(last, CLIENTS)
    })
  })
}

test('a client with many requests in a pipeline does not hold up another', () => {
  const { ran, handlers } = counting()
  const app = new Router().get('/quick', () => `after ${ran()}`)
  for (const [each, handler] of handlers) app.all(each, handler)
  return serving(app, async (server) => {
    const hog = await connect(server)
    const other = await connect(server)
    hog.send(get('/sync').repeat(CLIENTS))
    await until(() => ran() >= 1, 'the first is at work')
    for (const round of [1, 2, 3]) {
      const asked = ran()
      const { text } = await other.send(get('/quick')).response()
      const answered = Number(text.split(' ')[1])
      assert.ok(answered - asked <= 8, `asked after ${asked}, answered after ${answered} (${round})`)
    }
    assert.ok(ran() < CLIENTS, 'the others of the pipeline still wait')
    assert.equal(new Set((await hog.receive(CLIENTS)).map(({ text }) => text)), new Set(['done']))
  })
})

test('fixed answers, and connections that come anew, do not wait for a pipeline that computes', () => {
  const { ran, handlers } = counting()
  const app = new Router().fixed('/fixed', 'fixed')
  for (const [each, handler] of handlers) app.all(each, handler)
  return serving(app, async (server) => {
    const hog = await connect(server)
    hog.send(get('/sync').repeat(CLIENTS))
    await until(() => ran() >= 1, 'the first is at work')
    const asked = ran()
    const other = await connect(server)
    assert.is((await other.send(get('/fixed')).response()).text, 'fixed')
    assert.ok(ran() - asked <= 12, `asked after ${asked}, answered after ${ran()}`)
    await hog.receive(CLIENTS)
  })
})

test('requests of one connection are begun and answered in their order, when they have to wait, too', () => {
  const begun: string[] = []
  const app = new Router()
    .get('/compute', () => compute())
    .post('/:name', async (req) => {
      begun.push(req.params.name)
      return `${req.params.name} ${await req.text()}`
    })
  return serving(app, async (server) => {
    const client = await connect(server)
    const parts: (string | Buffer)[] = [get('/compute'), get('/compute')]
    for (const name of ['a', 'b', 'c']) parts.push(post(`/${name}`, name.repeat(30_000)), get('/compute'))
    client.send(...parts)
    const texts = (await client.receive(8)).map(({ text }) => text)
    assert.equal(
      texts,
      ['', '', 'a'.repeat(30_000), '', 'b'.repeat(30_000), '', 'c'.repeat(30_000), ''].map((body) =>
        body === '' ? '' : `${body[0]} ${body}`,
      ),
    )
    assert.equal(begun, ['a', 'b', 'c'])
  })
})

test('a body that arrives while its request waits for its turn is there when that comes', () => {
  const app = new Router()
    .get('/compute', () => compute())
    .post('/small', async (req) => String((await req.text()).length))
    .post(
      '/streamed',
      async (req) => {
        let length = 0
        for await (const piece of req.body ?? []) length += piece.length
        return String(length)
      },
      { stream: true },
    )
  return serving(app, async (server) => {
    const hog = (await connect(server)).send(get('/compute').repeat(40))
    const clients: RawClient[] = []
    for (const path of ['/small', '/streamed', '/small', '/streamed']) {
      const client = await connect(server)
      clients.push(client)
      client.send(head('POST', path, 'Content-Length: 30000'), 'x'.repeat(10_000))
    }
    for (const client of clients) client.send('y'.repeat(20_000))
    for (const client of clients) assert.is((await client.response()).text, '30000')
    await hog.receive(40)
  })
})

test('a request is not begun when its client has gone before its turn comes', () => {
  let begun = 0
  const app = new Router()
    .get('/compute', () => compute())
    .get('/wanted', () => {
      begun += 1
      return 'begun'
    })
  return serving(app, async (server) => {
    const hog = (await connect(server)).send(get('/compute').repeat(30))
    const gone = await connect(server)
    // Its own first one computes, so that the others cannot be begun in the same round.
    gone.send(get('/compute').repeat(20), get('/wanted').repeat(20))
    await until(() => server.stats().requests >= 60, 'they are read')
    gone.crash()
    await until(() => server.stats().open === 1, 'it is gone')
    await hog.receive(30)
    const last = (await connect(server)).send(get('/compute'))
    await last.response()
    assert.is(begun, 0)
  })
})

test('what waits for its turn when the server closes is answered', async () => {
  const { ran, handlers } = counting()
  const app = new Router()
  for (const [each, handler] of handlers) app.all(each, handler)
  await serving(app, async (server) => {
    const clients = await Promise.all([1, 2, 3].map(() => connect(server)))
    for (const client of clients) client.send(get('/sync').repeat(10))
    await until(() => server.stats().requests === 30, 'all are read')
    const closed = server.close()
    for (const client of clients) assert.is((await client.receive(10)).length, 10)
    await closed
    assert.is(ran(), 30)
  })
})

test('a server that is cut with requests that wait for their turn ends', async () => {
  const { ran, handlers } = counting()
  const app = new Router()
  for (const [each, handler] of handlers) app.all(each, handler)
  await serving(app, async (server) => {
    const clients = await Promise.all([1, 2, 3, 4].map(() => connect(server)))
    for (const client of clients) client.send(get('/sync').repeat(50))
    await until(() => ran() >= 1, 'the first is at work')
    await server.close({ force: 0 })
    const ended = ran()
    for (let turns = 0; turns < 20; turns += 1) await turn()
    assert.is(ran(), ended)
    assert.ok(ended < 200, `${ended} have run`)
  })
})

test('a worker thread that is terminated while requests wait for their turn takes nobody along', async () => {
  for (let times = 0; times < 5; times += 1) {
    const worker = new Worker(new URL('./programs/computing_worker.js', import.meta.url))
    const [port] = (await within(once(worker, 'message'), 'the worker to listen')) as [number]
    const computing = once(worker, 'message')
    const clients = await Promise.all(Array.from({ length: 4 }, () => connect({ port })))
    for (const client of clients) client.send(get('/').repeat(60))
    await within(computing, 'the first to be at work')
    await within(worker.terminate(), 'the worker to end')
    for (const client of clients) await until(() => client.ending !== undefined, 'the connection has ended')
    leaveAll()
  }
})

test('nothing is begun behind an answer that closes, also when it comes in another batch', async () => {
  const begun: string[] = []
  const app = new Router()
    .get('/last', () => {
      // Meanwhile a loop on a thread of its own reads on.
      for (let times = 0; times < 5; times += 1) compute()
      return reply(200, 'last', { connection: 'close' })
    })
    .post('/order/:number', ({ params }) => {
      begun.push(params.number)
      return 'ordered'
    })
  await serving(app, async (server) => {
    for (let round = 0; round < 5; round += 1) {
      const client = await connect(server)
      // More than is read at a time, and fewer than may wait.
      const orders = Array.from({ length: 60 }, (_, number) => post(`/order/${number}`, 'x'.repeat(4000)))
      client.send(get('/last'), ...orders)
      assert.is((await client.response()).text, 'last')
      await client.broken().catch(() => {})
    }
  })
  assert.equal(begun, [])
})

test('memory for many answers that are there at once is given back when there are few again', () => {
  const body = 'x'.repeat(20_000)
  let go = gate<void>()
  const app = new Router()
    .get('/', () => 'few')
    .get('/many', async () => {
      await go.opened
      return body
    })
  v8.setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const held = () => {
    collect()
    return process.memoryUsage().arrayBuffers
  }
  return serving(app, async (server) => {
    const before = held()
    const many = async () => {
      const clients = await Promise.all(Array.from({ length: 20 }, () => connect(server)))
      const asked = server.stats().requests + 1000
      for (const client of clients) client.send(get('/many').repeat(50))
      await until(() => server.stats().requests === asked, 'all are asked')
      go.open()
      for (const client of clients) {
        for (const { body: got } of await client.receive(50)) assert.is(got.length, body.length)
      }
      leaveAll()
      go = gate<void>()
    }
    await many()
    const few = await connect(server)
    for (let times = 0; times < 150; times += 1) await few.send(get()).response()
    await until(() => held() - before < 6 * 2 ** 20, 'it is given back')
    // And had anew.
    await many()
  })
})

test.run()
