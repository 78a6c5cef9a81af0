// Workers that cannot start, hang, or lose their supervisor, and apps that close or listen at unusual times.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { closeOnSignals, type Server, serve } from 'brink'
import { workers } from 'brink/workers'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get } from '../server/messages.js'
import { ask, connect, leaveAll } from '../server/raw_client.js'
import { until, within } from '../server/waiting.js'
import { APP, gone, signs, supervised } from './supervising.js'

test.after(leaveAll)

/** No system takes so much for a process: starting it throws. */
const TOO_MUCH = 'x'.repeat(8_000_000)
const LONGEST_MS = 2 ** 31 - 1
const PRELOAD = new URL('../../workers/worker_process.js', import.meta.url).href

for (const [what, stdio, expected] of [
  ['a worker whose supervisor is gone when it starts ends before its app runs', ['ipc', 'pipe'], 1],
  ['a worker without a channel ends before its app runs', ['ignore', 'pipe'], 1],
  ['a process that inherits the variable, but no sockets, runs its app', ['ipc'], 5],
] as const) {
  test(what, async () => {
    const own = signs('exits')
    const parent = stdio[0] === 'ipc' ? process.pid + 1_000_000_000 : process.pid
    const task = { parent, slot: 0, places: 1, sockets: [{ descriptor: 4, place: 0 }], closing: {} }
    const child = spawn(process.execPath, ['--import', PRELOAD, fileURLToPath(APP), own.folder], {
      env: { ...process.env, BRINK_WORKER: JSON.stringify(task) },
      stdio: ['ignore', 'inherit', 'inherit', ...stdio],
    })
    assert.is(await within(new Promise((resolve) => child.once('exit', resolve)), 'its end'), expected)
  })
}

test('when the system refuses to start workers, nothing is left behind', async () => {
  const { folder } = signs()
  const before = process.listenerCount('SIGTERM')
  const free = await serve(() => 'free', { port: 0 })
  const { port } = free
  await free.close()
  const options = { port, count: 2, args: [folder], env: { TOO_MUCH } }
  const error = await workers(APP, options).catch((error: NodeJS.ErrnoException) => error)
  assert.is((error as NodeJS.ErrnoException).code, 'ERR_WORKER_START')
  assert.is(((error as Error).cause as NodeJS.ErrnoException).code, 'E2BIG')
  assert.is(process.listenerCount('SIGTERM'), before)
  await (await serve(() => 'free', { port })).close()
})

test('a successor that the system refuses to start is tried again', async () => {
  await supervised({ count: 1 }, async ({ supervisor, pids, pid, exits }) => {
    const [old = 0] = pids()
    process.env.TOO_MUCH = TOO_MUCH
    try {
      process.kill(old, 'SIGKILL')
      await until(() => exits().length >= 3, 'two successors have failed')
      assert.is((await supervisor.reload().catch((error: NodeJS.ErrnoException) => error))?.code, 'ERR_WORKER_START')
    } finally {
      delete process.env.TOO_MUCH
    }
    const [, failed] = exits()
    assert.equal([failed?.pid, failed?.code, failed?.signal, failed?.restartMs], [undefined, null, null, 200])
    assert.is((failed?.error as NodeJS.ErrnoException | undefined)?.code, 'E2BIG')
    assert.is.not(await pid(), old)
  })
})

test('closeOnSignals that is called while a worker drains hears of it', async () => {
  const own = signs('late')
  await supervised(
    { count: 1 },
    async ({ supervisor }) => {
      const busy = (await connect(supervisor)).send(get('/wait'))
      await until(() => own.has('waits'), 'the request has come')
      const closed = supervisor.close({ grace: 0 })
      await until(() => own.has('listens'), 'it has called closeOnSignals')
      own.give('go')
      assert.is((await busy.response()).status, 200)
      await closed
      assert.ok(own.has('closed'))
    },
    own,
  )
})

test('a worker waits for other servers than those of its closeOnSignals', async () => {
  const own = signs('closes', 'second')
  await supervised(
    { count: 1 },
    async ({ supervisor }) => {
      await until(() => own.text('second') !== '', 'the second server listens')
      const port = Number(new URL(own.text('second')).port)
      const busy = (await connect({ port })).send(get('/wait'))
      await until(() => own.has('waits'), 'the request has come')
      const closed = supervisor.close({ grace: 0 })
      await until(() => own.has('closed'), 'its first server has closed')
      own.give('go')
      assert.is((await busy.response()).status, 200)
      busy.leave()
      assert.is((await closed).answered.requests, 1)
    },
    own,
  )
})

test('a worker waits for a server that begins to listen while it drains', async () => {
  const own = signs('serves late')
  await supervised(
    { count: 1 },
    async ({ supervisor, exits }) => {
      const closed = supervisor.close({ readinessDelay: 1000, grace: 0, deadline: 60_000 })
      await until(() => own.has('waits'), 'the late server has a request')
      await until(async () => !(await connect(supervisor).catch(() => undefined)), 'the first server drains')
      own.give('go')
      assert.is((await closed).answered.requests, 1)
      assert.is(exits()[0]?.code, 0)
    },
    own,
  )
})

test('the report of close() is about workers that ran when it was called', async () => {
  await supervised({ count: 1 }, async ({ supervisor, signs, pids }) => {
    const [old = 0] = pids()
    const busy = (await connect(supervisor)).send(get('/wait'))
    await until(() => signs.has('waits'), 'the request has come')
    await supervisor.reload()
    signs.give('go')
    assert.is((await busy.response()).status, 200)
    busy.leave()
    await gone(old)
    await until(() => pids().length === 1, 'the supervisor has heard of its end')
    assert.is((await supervisor.close({ grace: 0 })).answered.requests, 0)
  })
})

test('closeOnSignals in a worker can be taken back', async () => {
  const own = signs('removes')
  await supervised(
    { count: 1 },
    async ({ supervisor, exits }) => {
      await supervisor.close({ grace: 0 })
      assert.is(exits()[0]?.code, 0)
      assert.not.ok(own.has('closed'))
    },
    own,
  )
})

test('signals to single workers do not delay the successors of those that die', async () => {
  await supervised({ count: 1 }, async ({ pid, exits }) => {
    for (let number = 0; number < 3; number += 1) {
      const old = await pid()
      process.kill(old, 'SIGTERM')
      await gone(old)
    }
    process.kill(await pid(), 'SIGKILL')
    await until(() => exits().length === 4, 'it has ended')
    assert.equal([exits()[3]?.signal, exits()[3]?.restartMs], ['SIGKILL', 100])
  })
})

test('an error that the app has caught is not why a worker ends', async () => {
  await supervised({ count: 1 }, async ({ supervisor, exits }) => {
    assert.is((await ask(supervisor, get('/catches'))).text, 'Error: caught')
    await (await connect(supervisor)).send(get('/exit')).closed()
    await until(() => exits().length === 1, 'it has ended')
    assert.equal([exits()[0]?.code, exits()[0]?.error], [3, undefined])
  })
})

test('a worker whose app closes its server has a successor', async () => {
  await supervised({ count: 1 }, async ({ supervisor, pids, pid, exits }) => {
    const [old = 0] = pids()
    assert.is(Number((await ask(supervisor, get('/close'))).text), old)
    assert.is.not(await pid(), old)
    assert.is(exits().length, 0)
    assert.equal(
      supervisor.workers.map(({ state }) => state),
      ['draining', 'serving'],
    )
    // The server that is closed is not kept.
    await until(async () => (await supervisor.stats()).workers[0]?.stats === undefined, 'it has no server any more')
  })
})

test('a worker that hangs does not hold up the counters of the others', async () => {
  await supervised({ count: 2 }, async ({ supervisor, pids }) => {
    const [hanging = 0] = pids()
    process.kill(hanging, 'SIGSTOP')
    const { total, workers } = await within(supervisor.stats(), 'the counters')
    process.kill(hanging, 'SIGKILL')
    assert.is(workers[0]?.stats, undefined)
    assert.is(workers[1]?.stats?.requests, 0)
    assert.equal(total, workers[1]?.stats)
  })
})

test('the longest deadline does not cut', async () => {
  await supervised({ count: 1 }, async ({ supervisor, signs }) => {
    const busy = (await connect(supervisor)).send(get('/wait'))
    await until(() => signs.has('waits'), 'the request has come')
    const closed = supervisor.close({ grace: 0, deadline: LONGEST_MS })
    // It answers nobody else when it has begun to drain.
    await until(async () => !(await connect(supervisor).catch(() => undefined)), 'it has begun to drain')
    signs.give('go')
    assert.is((await busy.response()).status, 200)
    busy.leave()
    const { answered, cut } = await closed
    assert.equal([answered.requests, cut.requests], [1, 0])
  })
})

test('closeOnSignals takes a delay that leaves less than the standard time, and refuses one that leaves none', () => {
  const server = { close: async () => {}, signal: new AbortController().signal } as unknown as Server
  closeOnSignals(server, { readinessDelay: LONGEST_MS - 5000 })()
  assert.throws(
    () => closeOnSignals(server, { readinessDelay: LONGEST_MS }),
    (error: NodeJS.ErrnoException) => error.code === 'ERR_OUT_OF_RANGE',
  )
})

test.run()
