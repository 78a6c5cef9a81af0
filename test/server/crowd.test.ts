// Many clients at once: nobody gets what is another's.
import { Router, reply } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, noise, post, postChunked } from './messages.js'
import { connect } from './raw_client.js'
import { counts, serving } from './serving.js'
import { turn, until } from './waiting.js'

const app = new Router()
  .post('/now/:id', async (req) => reply(200, await req.bytes(), { 'x-id': req.params.id }))
  .post('/later/:id', async (req) => {
    await turn()
    return reply(201, await req.bytes(), { 'x-id': req.params.id })
  })
  .get('/text/:id', ({ params }) => params.id)

test('three hundred clients, each with twenty requests of all kinds on one connection', () =>
  serving(app, async (server) => {
    const one = async (_: unknown, n: number) => {
      const client = await connect(server)
      for (let round = 0; round < 20; round += 1) {
        const id = `${n}-${round}`
        const body = noise(1 + ((n * 37 + round * 911) % 9000), n + round)
        const bytes = [post(`/now/${id}`, body), postChunked(`/later/${id}`, [body, 'x']), get(`/text/${id}`)]
        const [now, later, text] = await client.send(...bytes).receive(3)
        assert.ok(now?.body.equals(body) && now.header('x-id') === id, id)
        assert.ok(later?.body.equals(Buffer.concat([body, Buffer.from('x')])) && later.header('x-id') === id, id)
        assert.is(text?.text, id)
      }
    }
    await Promise.all(Array.from({ length: 300 }, one))
    await counts(server, { accepted: 300, open: 300, requests: 18_000, refused: 0 })
  }))

test('clients that come, crash and go in between disturb nobody', () =>
  serving(app, async (server) => {
    const steady = async (_: unknown, n: number) => {
      const client = await connect(server)
      for (let round = 0; round < 60; round += 1) {
        const body = noise(500 + n, n + round)
        const answer = await client.send(post(`/${round % 2 === 0 ? 'now' : 'later'}/${n}`, body)).response()
        assert.ok(answer.body.equals(body) && answer.header('x-id') === String(n))
      }
      client.leave()
    }
    const hasty = async (_: unknown, n: number) => {
      for (let round = 0; round < 30; round += 1) {
        const client = await connect(server)
        client.send(post(`/later/${n}`, noise(3000)), post(`/later/${n}`, noise(3000)).subarray(0, 2000))
        if (round % 3 === 0) await turn()
        if (round % 2 === 0) client.crash()
        else client.leave()
      }
    }
    await Promise.all([...Array.from({ length: 30 }, steady), ...Array.from({ length: 10 }, hasty)])
    await until(() => server.stats().open === 0, 'all have gone')
    await counts(server, { accepted: 330 })
  }))

test.run()
