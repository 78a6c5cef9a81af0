// Edge rules 3 and 4: a client that sends more than is answered, or takes less than it is sent, is not read any more;
// and goes on without a new edge.
import { Router } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, noise } from './messages.js'
import { connect } from './raw_client.js'
import { counts, serving } from './serving.js'
import { gate, turn, until } from './waiting.js'

for (const depth of [1, 7, 64]) {
  test(`at most ${depth} requests of a connection wait for answers, and all are answered`, async () => {
    const release = gate()
    let waiting = 0
    let most = 0
    const app = new Router().get('/:n', async ({ params }) => {
      waiting += 1
      most = Math.max(most, waiting)
      await release.opened
      await turn()
      waiting -= 1
      return params.n
    })
    await serving(
      app,
      async (server) => {
        const client = await connect(server)
        const numbers = Array.from({ length: 200 }, (_, n) => String(n))
        await client.sendSeen(server, numbers.map((n) => get(`/${n}`)).join(''))
        await until(() => waiting === depth, 'as many are at work as may be')
        release.open()
        const answers = await client.receive(200)
        assert.equal(
          answers.map(({ text }) => text),
          numbers,
        )
        assert.is(most, depth)
      },
      { maxPipelined: depth },
    )
  })
}

const SIZE = 64 * 1024
const bodies = Array.from({ length: 8 }, (_, n) => noise(SIZE, n + 1))
const bodyOf = (n: string) => bodies[Number(n) % bodies.length] as Buffer
// Below and above the size from which bodies cross by reference.
const slice = (n: string) => bodyOf(n).subarray(0, Number(n) % 3 === 0 ? 5000 : SIZE)

for (const kind of ['at once', 'later'] as const) {
  test(`a client that stops reading is not read, and then gets every byte in order (answered ${kind})`, async () => {
    const maxPendingOutput = 100_000
    const total = 1000
    let produced = 0
    await serving(
      new Router().get('/:n', ({ params }) => {
        const body = slice(params.n)
        produced += body.length
        return kind === 'at once' ? body : turn().then(() => body)
      }),
      async (server) => {
        const client = (await connect(server)).pause()
        const numbers = Array.from({ length: total }, (_, n) => String(n))
        client.send(numbers.map((n) => get(`/${n}`)).join(''))
        await until(() => server.stats().partialWrites > 0, 'the client has not taken it all')
        // The server is given every chance to read on.
        for (let count = 0; count < 100; count += 1) await turn()
        const { requests, bytesOut } = server.stats()
        assert.ok(requests < total, 'not all requests were read')
        // The high-water mark, and what one more round of pipelined requests can bring.
        const untaken = produced - bytesOut
        assert.ok(untaken <= maxPendingOutput + 64 * (SIZE + 300), `${untaken} bytes are waiting`)
        client.resume()
        const answers = await client.receive(total)
        answers.forEach((answer, n) => {
          assert.ok(answer.body.equals(slice(String(n))), `answer ${n}`)
        })
        await counts(server, { requests: total })
      },
      { maxPendingOutput },
    )
  })
}

for (const size of [100_000, 16 * 1024 * 1024]) {
  test(`an answer of ${size} bytes arrives whole, however slowly it is taken`, async () => {
    const body = noise(size)
    const app = new Router().get('/', () => body)
    await serving(app, async (server) => {
      const client = (await connect(server)).pause().send(get('/'), get('/'))
      await until(() => server.stats().requests === 2, 'both are asked')
      // Taken in pieces: each pause lets the buffers fill again.
      let done = false
      const received = client.receive(2).finally(() => {
        done = true
      })
      while (!done) {
        client.resume()
        await turn()
        client.pause()
        await turn()
      }
      for (const answer of await received) assert.ok(answer.body.equals(body))
      await until(() => server.stats().bytesOut >= 2 * size, 'all is counted')
    })
  })
}

test.run()
