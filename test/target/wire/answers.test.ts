import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { reply } from '#brink/reply/reply.js'
import { Router } from '#brink/routing/router.js'
import { connect } from '../../server/raw_client.js'
import { until } from '../../server/waiting.js'
import { asking, faulty } from './faulty_server.js'

const app = () =>
  new Router()
    .get('/', () => 'Hello, World!')
    .get('/json', () => ({ some: 'json' }))
    .get('/stream', () =>
      reply(
        200,
        (async function* () {
          yield 'one'
          yield 'two'
          yield 'three'
        })(),
      ),
    )

test('smoke', () =>
  faulty(app(), async (target) => {
    const client = await connect(target)
    client.send(asking('/'))
    const answer = await client.response()
    assert.is(answer.body.toString(), 'Hello, World!')
    for (const fault of [
      { delay: 20 },
      { status: 503, retryAfter: 3 },
      { size: 5 },
      { bodyDelay: 10 },
      { drip: { pieces: 3, every: 5 } },
      { length: -3 },
      { close: true },
    ]) {
      const c = await connect(target)
      c.send(asking('/', fault))
      const { status, fields, body } = await c.response()
      console.log(JSON.stringify(fault), status, fields, body.toString())
    }
    for (const fault of [
      { length: 3 },
      { malformed: 'chunk' },
      { malformed: 'head' },
      { garbage: 20 },
      { empty: true },
      { cut: { at: 'before-head', by: 'close' } },
      { cut: { at: 'head', by: 'close' } },
      { cut: { at: 'body', by: 'close' } },
      { cut: { at: 'before-head', by: 'reset' } },
      { cut: { at: 'head', by: 'reset' } },
      { cut: { at: 'body', by: 'reset' } },
    ] as const) {
      for (const path of ['/', '/stream']) {
        const c = await connect(target)
        c.send(asking(path, fault))
        await until(() => c.ending !== undefined, `end ${JSON.stringify(fault)}`)
        console.log(JSON.stringify(fault), c.ending, JSON.stringify(c.arrived.toString('latin1')))
      }
    }
  }))

test.run()
