// Edge rule 2: no connection is read for ever while others wait.
import { Worker } from 'node:worker_threads'
import { Router } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { isSecured } from '../over_tls/places.js'
import { get, post } from './messages.js'
import { connect } from './raw_client.js'
import { serving } from './serving.js'
import { until, within } from './waiting.js'

function counting() {
  const seen = { loud: 0, quiet: 0 }
  const app = new Router()
    .post('/loud', () => {
      seen.loud += 1
    })
    .get('/quiet', () => {
      seen.quiet += 1
      return 'heard'
    })
  return { app, seen }
}

async function loudClient(port: number): Promise<Worker> {
  const workerData = { port, hasTls: isSecured({ port }) }
  const worker = new Worker(new URL('./programs/loud_client.js', import.meta.url), { workerData })
  await within(new Promise((resolve) => worker.once('message', resolve)), 'the loud client to connect')
  return worker
}

test('quiet clients are answered beside one that sends without end', async () => {
  const { app, seen } = counting()
  await serving(app, async (server) => {
    const loud = await loudClient(server.port)
    const quiet = await Promise.all(Array.from({ length: 8 }, () => connect(server)))
    loud.postMessage('pour')
    await until(() => seen.loud > 0, 'the loud client has been heard')
    for (let round = 0; round < 50; round += 1) {
      await Promise.all(
        quiet.map(async (client) => assert.is((await client.send(get('/quiet')).response()).text, 'heard')),
      )
    }
    assert.is(seen.quiet, 400)
    // It had not fallen silent in the meantime.
    const before = seen.loud
    await until(() => seen.loud > before, 'the loud client is heard as well')
    await loud.terminate()
  })
})

test('a small request overtakes the large one that began to arrive before it', async () => {
  const order: string[] = []
  const app = new Router()
    .post('/large', async (req) => {
      await req.bytes()
      order.push('large')
    })
    .get('/small', () => {
      order.push('small')
    })
  await serving(app, async (server) => {
    const large = await connect(server)
    const small = await connect(server)
    await until(() => server.stats().open === 2, 'both are accepted')
    // On a thread of its own the loop may have read the large one before the small one is sent.
    if (server.threads > 0) return
    const body = Buffer.alloc(1024 * 1024)
    // The system's buffers grow with what goes through them, until they hold much more than one read takes.
    for (let round = 0; round < 8; round += 1) await large.send(post('/large', body)).response()
    order.length = 0
    // Both are in the system's buffers before this thread looks at either.
    large.send(post('/large', body))
    small.send(get('/small'))
    const answers = await Promise.all([large.response(), small.response()])
    assert.equal(
      answers.map(({ status }) => status),
      [204, 204],
    )
    assert.equal(order, ['small', 'large'])
  })
})

test.run()
