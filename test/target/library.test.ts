// `brink/target` as tests of clients use it.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { type Target, type TargetOptions, target } from 'brink/target'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { moduleOutput } from '../node_output.js'
import { get, post } from '../server/messages.js'
import { ask, connect, leaveAll } from '../server/raw_client.js'
import { until, within } from '../server/waiting.js'
import { rejectionOf } from './rejection_of.js'

async function using(options: TargetOptions, run: (t: Target) => Promise<void>): Promise<void> {
  const t = await target(options)
  try {
    await run(t)
  } finally {
    leaveAll()
    await within(t.close(), 'the target to close')
  }
}

test('a target listens at any free port, and tells its URL', () =>
  using({}, async (t) => {
    assert.ok(t.port > 0)
    assert.match(t.url, new RegExp(`^http://[^/]+:${t.port}$`))
    assert.is(await (await fetch(`${t.url}/plaintext`)).text(), 'Hello, World!')
  }))

test('its own routes are below /_brink/, beside the endpoints', () =>
  using({ host: '127.0.0.1' }, async (t) => {
    assert.is((await ask(t, get('/_brink/'))).status, 200)
    assert.is((await ask(t, get('/json'))).text, '{"message":"Hello, World!"}')
    assert.is((await ask(t, get('/_brink/missing'))).status, 404)
  }))

test('a target closes while an answer is late, and may be closed again', async () => {
  const t = await target({ host: '127.0.0.1' })
  const late = fetch(`${t.url}/json`, { headers: { 'x-fault': 'stall' } }).catch(() => 'cut')
  await ask(t, get('/plaintext'))
  const reports = await within(Promise.all([t.close({ force: 0 }), t.close()]), 'the target to close')
  assert.is(reports[0], reports[1])
  assert.is(await late, 'cut')
})

test('several targets in one process share nothing', () =>
  using({ host: '127.0.0.1' }, (one) =>
    using({ host: '127.0.0.1' }, async (other) => {
      assert.is.not(one.port, other.port)
      await ask(one, get('/plaintext'))
      assert.is(other.stats().requests, 0)
    }),
  ))

test('a port in use is an error with the code of Node', () =>
  using({ host: '127.0.0.1' }, async ({ port }) => {
    assert.is((await rejectionOf(target({ port, host: '127.0.0.1' }))).code, 'EADDRINUSE')
  }))

test('a plan makes answers fail, the same ones for the same seed', async () => {
  const statuses = (seed: number) => {
    const seen: number[] = []
    return using({ plan: { phases: [{ fault: 'status=503:50%' }] }, seed }, async (t) => {
      assert.is(t.seed, seed)
      for (let request = 0; request < 20; request += 1) seen.push((await fetch(`${t.url}/json`)).status)
    }).then(() => seen)
  }
  const first = await statuses(7)
  assert.ok(first.includes(200) && first.includes(503))
  assert.equal(await statuses(7), first)
  assert.not.equal(await statuses(8), first)
})

test('faults are set and ended while it runs', () =>
  using({ fault: 'status=503' }, async (t) => {
    const status = async () => (await fetch(`${t.url}/json`)).status
    assert.is(await status(), 503)
    t.setFault('status=418')
    assert.is(await status(), 418)
    assert.throws(
      () => t.setPlan({ phases: [] }),
      ({ code }: { code: string }) => code === 'ERR_FAULT_SYNTAX',
    )
    assert.is(await status(), 418)
    t.setPlan('{ "phases": [{ "name": "bad", "fault": "status=500" }] }')
    assert.is(await status(), 500)
    assert.is(t.plan().phase?.name, 'bad')
    t.setPlan(null)
    assert.is(await status(), 200)
    assert.is(t.plan().state, 'none')
  }))

test('a test sees what its client has sent', () =>
  using({ record: true }, async (t) => {
    await fetch(`${t.url}/anything/a%20b?q=1`, { method: 'PUT', body: 'sent', headers: { 'X-One': '1' } })
    await fetch(`${t.url}/plaintext`, { headers: { 'x-fault': 'status=503', 'x-run-id': 'mine' } })
    const [put, get, ...others] = t.requests()
    assert.equal(others, [])
    assert.is(put?.method, 'PUT')
    assert.is(put.target, '/anything/a%20b?q=1')
    assert.is(put.path, '/anything/a%20b')
    assert.is(put.fields['x-one'], '1')
    assert.ok(put.rawFields.includes('4'))
    assert.is(Buffer.from(put.body).toString(), 'sent')
    assert.is(put.bodySize, 4)
    assert.equal(put.faults, [])
    assert.ok(Math.abs(Date.now() - put.at) < 600_000)
    assert.is(get?.method, 'GET')
    assert.equal(get.faults, ['status'])
    assert.is(get.bodySize, 0)
    t.reset()
    assert.equal(t.requests(), [])
  }))

const resets: [how: string, reset: (t: Target, run?: string) => unknown][] = [
  ['t.reset()', (t, run) => t.reset(run)],
  [
    'POST /_brink/reset',
    (t, run = '') => fetch(`${t.url}/_brink/reset?run=${run}`, { method: 'POST', headers: { connection: 'close' } }),
  ],
]

for (const [how, reset] of resets) {
  test(`${how} forgets what was counted and recorded, and begins the plan again; of a run only its counts`, () =>
    using({ record: true, plan: { phases: [{ requests: 2, fault: 'status=503' }, {}] } }, async (t) => {
      const ask = async (run: string) => (await fetch(`${t.url}/plaintext?run=${run}`)).status
      const counts = () => [t.stats('a').requests, t.stats('b').requests, t.stats().requests, t.requests().length]
      assert.equal([await ask('a'), await ask('b'), await ask('b')], [503, 503, 200])
      await reset(t, 'a')
      assert.equal(counts(), [0, 2, 3, 3])
      assert.is(t.plan().requests, 3)
      await reset(t)
      assert.equal(counts(), [0, 0, 0, 0])
      assert.equal([t.plan().state, t.plan().requests], ['waiting', 0])
      assert.is(await ask('b'), 503)
    }))
}

test('bodies are recorded up to a bound, also those that come in pieces or are not taken', () =>
  using({ record: { requests: 3, bodyBytes: 5 }, host: '127.0.0.1' }, async (t) => {
    const client = await connect(t)
    for (let request = 0; request < 5; request += 1) {
      await client.send(post('/post', `${request}`)).response()
    }
    const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`
    client.send('POST /upload HTTP/1.1\r\nHost: brink\r\nTransfer-Encoding: chunked\r\n\r\n')
    client.send(chunk('abc'))
    client.send(chunk('defgh'), chunk('ijk'), '0\r\n\r\n')
    await client.response()
    assert.equal(
      t.requests().map(({ body, bodySize }) => `${Buffer.from(body)} ${bodySize}`),
      ['3 1', '4 1', 'abcde 11'],
    )
  }))

test('without record, requests() says how to get them', () =>
  using({}, async (t) => {
    assert.throws(
      () => t.requests(),
      ({ code, message }: Error & { code: string }) => {
        assert.match(message, /start it with record: true/)
        return code === 'ERR_TARGET_NOT_RECORDING'
      },
    )
  }))

test('await using closes it', async () => {
  const t = await target()
  await t[Symbol.asyncDispose]()
  assert.is((await rejectionOf(fetch(t.url))).message, 'fetch failed')
})

test('a target in a worker thread has its own plan and requests', () =>
  using({ fault: 'status=503', record: true }, async (t) => {
    const worker = new Worker(
      `const { parentPort } = require('node:worker_threads')
       import('brink/target').then(async ({ target }) => {
         const t = await target({ record: true })
         parentPort.postMessage(t.url)
         parentPort.once('message', async () => {
           parentPort.postMessage(t.requests().length)
           await t.close()
         })
       })`,
      { eval: true },
    )
    const [url] = await once(worker, 'message')
    assert.is((await fetch(`${url}/json`)).status, 200)
    assert.is((await fetch(`${t.url}/json`)).status, 503)
    worker.postMessage('end')
    assert.equal(await once(worker, 'message'), [1])
    assert.is(t.requests().length, 1)
    await once(worker, 'exit')
  }))

test('a worker thread that is terminated takes its target with it, in the middle of answers', () =>
  using({}, async (t) => {
    const worker = new Worker(
      `const { parentPort } = require('node:worker_threads')
       import('brink/target').then(async ({ target }) => {
         const t = await target({ threads: 2, fault: 'stall=body:50%; delay=1us..20ms' })
         parentPort.postMessage(t.port)
         parentPort.on('message', () => parentPort.postMessage(t.stats().requests))
       })`,
      { eval: true },
    )
    const [port] = await once(worker, 'message')
    const clients = await Promise.all(Array.from({ length: 50 }, () => connect({ port })))
    for (const client of clients) client.send(get('/json').repeat(20))
    for (let requests = 0; requests === 0; ) {
      worker.postMessage('tell')
      ;[requests] = await once(worker, 'message')
    }
    await worker.terminate()
    for (const client of clients) await until(() => client.ending !== undefined, 'the connection to end')
    assert.match((await rejectionOf(fetch(`http://127.0.0.1:${port}/`))).message, 'fetch failed')
    assert.is((await fetch(`${t.url}/json`)).status, 200)
  }))

const wrong: [options: unknown, code: string, message: RegExp][] = [
  [8080, 'ERR_INVALID_ARG_TYPE', /^target\(\) takes its options as an object, not 8080\.$/],
  [{ prot: 1 }, 'ERR_INVALID_ARG_VALUE', /^The option "prot" of target\(\) does not exist: did you mean "port"\?$/],
  [{ plan: { phases: 1 } }, 'ERR_FAULT_SYNTAX', /phases/],
  [{ plan: '{' }, 'ERR_FAULT_SYNTAX', /JSON/],
  [{ plan: 1 }, 'ERR_INVALID_ARG_TYPE', /^The option "plan" must be the text of its JSON, or an object, not 1\.$/],
  [{ plan: {}, fault: 'empty' }, 'ERR_INVALID_ARG_VALUE', /^The option "fault" cannot be given beside "plan"/],
  [{ fault: 'status=5' }, 'ERR_FAULT_SYNTAX', /status/],
  [{ fault: 'delay=1h', faultLimits: { maxDelay: 10 } }, 'ERR_FAULT_VALUE', /delay/],
  [{ faults: 'empty' }, 'ERR_INVALID_ARG_VALUE', /it is "fault"/],
  [{ seed: -1 }, 'ERR_OUT_OF_RANGE', /"seed" must be a whole number from 0/],
  [{ limits: { maxCount: 0 } }, 'ERR_OUT_OF_RANGE', /maxCount/],
  [{ record: 'all' }, 'ERR_INVALID_ARG_TYPE', /^The option "record" must be a boolean or an object, not 'all'\.$/],
  [{ record: { requests: 0 } }, 'ERR_OUT_OF_RANGE', /^The option "record\.requests" must be .* from 1 to 1000000/],
  [{ port: 70_000 }, 'ERR_OUT_OF_RANGE', /^The option "port" must be .* from 0 to 65535/],
]
for (const [options, code, message] of wrong) {
  test(`target(${JSON.stringify(options)}) is refused with ${code}`, async () => {
    const error = await rejectionOf(target(options as TargetOptions))
    assert.is(error.code, code)
    assert.match(error.message, message)
  })
}

const closingOnStalls = (threads: number) => `
import { once } from 'node:events'
import { connect } from 'node:net'
import { target } from 'brink/target'
const t = await target({ host: '127.0.0.1', threads: ${threads} })
const faults = ['stall', 'stall=head', 'stall=body@1B', 'delay=50s', 'body-delay=50s', 'drip=100x500ms']
const ends = Array.from({ length: 1000 }, (_, place) => {
  const socket = connect(t.port, '127.0.0.1').on('error', () => {}).resume()
  socket.write('GET /json HTTP/1.1\\r\\nHost: a\\r\\nx-fault: ' + faults[place % faults.length] + '\\r\\n\\r\\n')
  return once(socket, 'close')
})
while (t.stats().requests < 1000) await new Promise((resolve) => setImmediate(resolve))
await t.close()
await Promise.all(ends)
const { connections, inFlight } = t.stats()
console.log(connections.open, inFlight)
`

for (const threads of [0, 2]) {
  test(`a target with ${threads} threads that closes on 1,000 stalled answers leaves none open, and no timer`, () => {
    // It ends by itself, or the output is cut off.
    assert.is(moduleOutput(closingOnStalls(threads)), '0 0')
  })
}

test.run()
