import { Router, reply } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head, post, postChunked } from './messages.js'
import { connect } from './raw_client.js'
import { counts, serving } from './serving.js'
import { gate, turn, until } from './waiting.js'

test('three requests to a handler that takes 30 ms get three answers', () =>
  serving(
    () => new Promise((resolve) => setTimeout(resolve, 30, 'late')),
    async (server) => {
      const client = (await connect(server)).send(get() + get() + get())
      const answers = await client.receive(3)
      assert.ok(answers.every(({ status, text }) => status === 200 && text === 'late'))
      assert.is((await client.send(get()).response()).text, 'late')
    },
  ))

test('a fast answer waits for the slow one before it', async () => {
  const slow = gate<string>()
  const app = new Router().get('/slow', () => slow.opened).get('/fast', () => 'fast')
  await serving(app, async (server) => {
    const client = await connect(server)
    await client.sendSeen(server, get('/slow') + get('/fast') + head('HEAD', '/fast') + get('/nowhere'))
    await until(() => server.stats().requests === 4, 'all have been asked')
    assert.is(server.stats().bytesOut, 0)
    slow.open('slow')
    const answers = await client.receive(4, ['GET', 'GET', 'HEAD'])
    assert.equal(
      answers.map(({ status, text }) => `${status} ${text}`),
      ['200 slow', '200 fast', '200 ', '404 Not Found'],
    )
  })
})

// Every order in which four answers can become ready.
for (const order of permutations([0, 1, 2, 3])) {
  test(`answers that are ready in the order ${order.join(' ')} arrive in the order of the requests`, async () => {
    const gates = order.map(() => gate<string>())
    const app = new Router().get('/:n', ({ params }) => gates[Number(params.n)]?.opened)
    await serving(app, async (server) => {
      const client = await connect(server)
      await client.sendSeen(server, [0, 1, 2, 3].map((n) => get(`/${n}`)).join(''))
      for (const n of order) {
        // Small ones are copied, large ones cross by reference.
        gates[n]?.open(`${n}`.repeat(n % 2 === 0 ? 3 : 50_000))
        await turn()
        await turn()
      }
      const answers = await client.receive(4)
      assert.is(answers.map(({ text }) => text[0]).join(''), '0123')
    })
  })
}

test('a hundred requests in one segment get a hundred answers in order', () =>
  serving(
    new Router().get('/:n', ({ params }) => params.n),
    async (server) => {
      const numbers = Array.from({ length: 100 }, (_, n) => String(n))
      const client = (await connect(server)).send(numbers.map((n) => get(`/${n}`)).join(''))
      const answers = await client.receive(100)
      assert.equal(
        answers.map(({ text }) => text),
        numbers,
      )
    },
  ))

test('ten thousand requests, with slow and fast handlers mixed, are answered in order', async () => {
  const app = new Router().get('/:n', ({ params }) => {
    const n = Number(params.n)
    if (n % 7 === 0) return turn().then(() => params.n)
    if (n % 11 === 0) return new Promise((resolve) => setTimeout(resolve, 1, params.n))
    return params.n
  })
  await serving(app, async (server) => {
    const numbers = Array.from({ length: 10_000 }, (_, n) => String(n))
    const client = (await connect(server)).send(numbers.map((n) => get(`/${n}`)).join(''))
    const answers = await client.receive(numbers.length)
    assert.equal(
      answers.map(({ text }) => text),
      numbers,
    )
    assert.ok(server.stats().batches < numbers.length, 'many cross at a time')
  })
})

test('bodies of pipelined requests are not mixed up', () =>
  serving(
    async (req) => {
      await turn()
      return req.bytes()
    },
    async (server) => {
      const bodies = [3, 0, 20_000, 100, 70_000, 1].map((size, n) => Buffer.alloc(size, `${n}`))
      const client = await connect(server)
      client.send(
        ...bodies.map((body, n) => (n % 2 === 0 ? post('/', body) : postChunked('/', body.length > 0 ? [body] : []))),
      )
      const answers = await client.receive(bodies.length)
      answers.forEach((answer, n) => {
        assert.ok(answer.body.equals(bodies[n] as Buffer), `body ${n}`)
      })
    },
  ))

test('what is pipelined behind a request that closes the connection is not answered', () =>
  serving(
    new Router().get('/:n', ({ params }) => params.n),
    async (server) => {
      const client = (await connect(server)).send(get('/1') + get('/2', 'Connection: close') + get('/3'))
      const answers = await client.receive(2)
      assert.equal(
        answers.map((answer) => [answer.text, answer.header('connection')]),
        [
          ['1', 'keep-alive'],
          ['2', 'close'],
        ],
      )
      assert.is(await client.closed(), 'fin')
      await counts(server, { requests: 2 })
    },
  ))

test('what is pipelined behind an answer that closes the connection is not answered', () =>
  serving(
    new Router().get('/close', () => reply(200, 'bye', { connection: 'close' })).get('/', () => 'hello'),
    async (server) => {
      const client = (await connect(server)).send(get() + get('/close') + get() + get())
      const [first, last] = await client.receive(2)
      assert.is(first?.text, 'hello')
      assert.is(last?.text, 'bye')
      assert.is(last?.header('connection'), 'close')
      assert.is(await client.closed(), 'fin')
    },
  ))

test('a refusal waits for the answers to the requests before it', async () => {
  const slow = gate<string>()
  await serving(
    () => slow.opened,
    async (server) => {
      const client = await connect(server)
      await client.sendSeen(server, `${get()}NOT HTTP\r\n\r\n${get()}`)
      await until(() => server.stats().refused === 1, 'it is refused')
      slow.open('good')
      const [good, bad] = await client.receive(2)
      assert.is(good?.text, 'good')
      assert.is(bad?.status, 400)
      assert.is(await client.closed(), 'fin')
      await counts(server, { requests: 1 })
    },
  )
})

function permutations(list: number[]): number[][] {
  if (list.length < 2) return [list]
  return list.flatMap((first) => permutations(list.filter((other) => other !== first)).map((rest) => [first, ...rest]))
}

test.run()
