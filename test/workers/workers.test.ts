// An app in several processes: who serves, who follows, and what outlives a worker.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { serve } from 'brink'
import { type WorkerStartError, workers } from 'brink/workers'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get } from '../server/messages.js'
import { ask, connect, leaveAll } from '../server/raw_client.js'
import { until } from '../server/waiting.js'
import { APP, gone, signs, supervised } from './supervising.js'

test.after(leaveAll)

async function startErrorOf(starting: Promise<unknown>): Promise<WorkerStartError> {
  try {
    await starting
  } catch (error) {
    return error as WorkerStartError
  }
  throw new Error('it has started')
}

test('workers share the port, and the sums tell how uneven it is', async () => {
  await supervised({ count: 3 }, async ({ supervisor, pids }) => {
    assert.is(supervisor.workers.length, 3)
    assert.equal(
      supervisor.workers.map(({ slot, state }) => [slot, state]),
      [0, 1, 2].map((slot) => [slot, 'serving']),
    )
    const answered = new Map<number, number>()
    for (let number = 0; number < 60; number += 1) {
      const [pid, slot, variable, options] = (await ask(supervisor, get('/'))).text.split(' ')
      assert.is(supervisor.workers[Number(slot)]?.pid, Number(pid))
      // What the supervisor has put in is out again, for the children of the worker.
      assert.equal([variable, options], ['undefined', `${process.execArgv.length}`])
      answered.set(Number(pid), (answered.get(Number(pid)) ?? 0) + 1)
    }
    const { total, workers } = await supervisor.stats()
    assert.equal(
      workers.map(({ stats }) => stats?.requests),
      pids().map((pid) => answered.get(pid) ?? 0),
    )
    assert.is(total?.requests, 60)
    assert.ok(answered.size > 1, 'more than one worker has answered')
  })
})

test('requests that wait for a worker that is killed are answered by its successor', async () => {
  await supervised({ count: 1 }, async ({ supervisor, signs, pids, exits }) => {
    const [pid = 0] = pids()
    const blocked = (await connect(supervisor)).send(get('/block'))
    await until(() => signs.has('blocked'), 'the worker is blocked')
    const waiting = await Promise.all(Array.from({ length: 20 }, () => connect(supervisor)))
    for (const client of waiting) client.send(get('/'))
    process.kill(pid, 'SIGKILL')
    for (const client of waiting) {
      const answer = await client.response()
      assert.is(answer.status, 200)
      assert.is.not(Number(answer.text.split(' ')[0]), pid)
    }
    await blocked.closed()
    const [exit] = exits()
    assert.equal([exit?.signal, exit?.code, exit?.expected, exit?.pid], ['SIGKILL', null, false, pid])
  })
})

test('process.exit in a handler ends one worker, which is replaced', async () => {
  await supervised({ count: 1 }, async ({ supervisor, exits, pid }) => {
    const old = await pid()
    await (await connect(supervisor)).send(get('/exit')).closed()
    assert.is.not(await pid(), old)
    assert.is(exits()[0]?.code, 3)
  })
})

test('workers that end at once are started again with growing delays', async () => {
  await supervised({ count: 1 }, async ({ signs, exits, pid, pids }) => {
    const [first = 0] = pids()
    signs.give('throws')
    process.kill(first, 'SIGKILL')
    await until(() => exits().length >= 4, 'it has ended four times')
    assert.equal(
      exits()
        .slice(0, 4)
        .map(({ restartMs }) => restartMs),
      [100, 200, 400, 800],
    )
    assert.is(exits()[1]?.error?.message, 'no database')
    signs.take('throws')
    assert.is.not(await pid(), first)
  })
})

for (const [sign, expected] of [
  ['throws', /^Worker 0 exited with 1 before it listened: no database$/],
  ['exits', /^Worker 0 exited with 5 before it listened: does the app call serve\(\)/],
  ['idles', /^Worker 0 was ended by SIGKILL before it listened: It did not listen within 2000 ms/],
] as const) {
  test(`when no worker comes to listen, the first one's error is thrown: ${sign}`, async () => {
    const startTimeout = sign === 'idles' ? 2000 : 60_000
    const { folder } = signs(sign)
    const options = { port: 0, count: 2, args: [folder], signals: false, startTimeout }
    const error = await startErrorOf(workers(APP, options))
    assert.match(error.message, expected)
    assert.equal([error.code, error.slot], ['ERR_WORKER_START', 0])
    if (sign !== 'throws') return
    const { message, code, stack } = error.cause as NodeJS.ErrnoException
    assert.equal([message, code], ['no database', 'ENODB'])
    assert.match(stack ?? '', /apps\/app\.js/)
  })
}

test('a reload starts new workers before the old ones drain', async () => {
  await supervised({ count: 2 }, async ({ supervisor, signs, pids, exits, events }) => {
    const old = pids()
    const busy = (await connect(supervisor)).send(get('/wait'))
    await until(() => signs.has('waits'), 'the request has come')
    await supervisor.reload()
    assert.ok(supervisor.workers.some(({ state }) => state === 'draining'))
    assert.is(new Set(pids().filter((pid) => !old.includes(pid))).size, 2)
    signs.give('go')
    const answer = await busy.response()
    assert.ok(old.includes(Number(answer.text)))
    assert.is(answer.header('connection'), 'close')
    busy.leave()
    await until(() => exits().length === 2, 'the old workers have ended')
    assert.equal(
      exits().map(({ code, expected }) => [code, expected]),
      [0, 0].map((code) => [code, true]),
    )
    const types = events.map(({ type }) => type)
    assert.ok(types.indexOf('reload') > types.lastIndexOf('ready'))
  })
})

test('reloads that are asked for while one runs are one more', async () => {
  await supervised({ count: 2 }, async ({ supervisor, events, pids, exits }) => {
    await Promise.all([supervisor.reload(), supervisor.reload(), supervisor.reload()])
    assert.is(events.filter(({ type }) => type === 'reload').length, 2)
    await until(() => exits().length === 4, 'the old workers have ended')
    assert.is(pids().length, 2)
  })
})

test('a reload whose worker does not start keeps the old one', async () => {
  await supervised({ count: 2 }, async ({ supervisor, signs, pid, pids, exits, events }) => {
    const old = pids()
    signs.give('throws')
    const error = await startErrorOf(supervisor.reload())
    assert.equal([error.code, (error.cause as Error).message], ['ERR_WORKER_START', 'no database'])
    assert.equal(pids(), old)
    assert.ok(old.includes(await pid()))
    assert.is(exits().length, 1)
    assert.is(exits()[0]?.restartMs, undefined)
    assert.is(events.find(({ type }) => type === 'reload')?.type, 'reload')
    signs.take('throws')
    await supervisor.reload()
    assert.not.ok(old.includes(await pid()))
  })
})

test('a worker that is killed during a reload is followed by the one that starts', async () => {
  await supervised({ count: 2 }, async ({ supervisor, pid, pids, exits }) => {
    const old = pids()
    const reloaded = supervisor.reload()
    for (const each of old) process.kill(each, 'SIGKILL')
    await reloaded
    await until(() => exits().length >= 2, 'the old workers have ended')
    await until(() => supervisor.workers.every(({ state }) => state === 'serving'), 'all serve')
    assert.equal(
      supervisor.workers.map(({ slot }) => slot),
      [0, 1],
    )
    assert.not.ok(old.includes(await pid()))
  })
})

test('twenty reloads leave no descriptor behind, and no grandchild has a socket', async () => {
  const descriptors = () => readdirSync('/proc/self/fd').length
  await supervised({ count: 1 }, async ({ supervisor, exits }) => {
    await supervisor.reload()
    await until(() => exits().length === 1, 'the old worker has ended')
    const before = descriptors()
    for (let number = 2; number <= 20; number += 1) {
      await supervisor.reload()
      await until(() => exits().length === number, 'the old worker has ended')
    }
    assert.is(descriptors(), before)
    const listed = (await ask(supervisor, get('/grandchild'))).text
    const sockets = listed.split('\n').filter((line) => /\b(?:[3-9]|\d\d+) -> socket:/.test(line))
    assert.equal(sockets, [])
  })
})

test('the port is free when the supervisor has closed, and its own until then', async () => {
  let port = 0
  await supervised({ count: 2 }, async ({ supervisor }) => {
    port = supervisor.port
    const { folder } = signs()
    const again = { count: 2, port, args: [folder], signals: false }
    const error = await workers(APP, again).catch((error: NodeJS.ErrnoException) => error)
    assert.is((error as NodeJS.ErrnoException).code, 'EADDRINUSE')
    await (await workers(APP, { ...again, reusePort: true })).close({ force: 0 })
  })
  await (await serve(() => 'free', { port })).close()
})

test('a Unix socket is shared by the workers, and its file is removed', async () => {
  const { folder } = signs()
  const path = join(folder, 'app.sock')
  await supervised({ count: 2, port: undefined, path }, async ({ supervisor }) => {
    assert.is((await ask({ port: 0, path }, get('/'))).status, 200)
    await supervisor.reload()
    assert.is((await ask({ port: 0, path }, get('/'))).status, 200)
  })
  assert.not.ok(existsSync(path))
})

test('only the first server of a worker listens on the handed sockets', async () => {
  await supervised(
    { count: 1 },
    async ({ supervisor, signs }) => {
      await until(() => signs.has('second'), 'it has a second server')
      assert.is((await ask(supervisor, get('/'))).status, 200)
      assert.is((await supervisor.stats()).workers.length, 1)
    },
    signs('second'),
  )
})

test('close drains, and gives a report of all workers', async () => {
  await supervised({ count: 2 }, async ({ supervisor, signs, pids }) => {
    const all = pids()
    const busy = (await connect(supervisor)).send(get('/wait'))
    await until(() => signs.has('waits'), 'the request has come')
    const closed = supervisor.close({ grace: 0 })
    assert.is(await supervisor.reload().catch((error: NodeJS.ErrnoException) => error.code), 'ERR_SERVER_CLOSING')
    signs.give('go')
    assert.is((await busy.response()).status, 200)
    busy.leave()
    const { answered, cut } = await closed
    assert.equal([answered.requests, cut.requests], [1, 0])
    for (const pid of all) await gone(pid)
  })
})

test('closeOnSignals in a worker hears that it is to end', async () => {
  const own = signs('closes')
  await supervised(
    { count: 1 },
    async ({ supervisor }) => {
      await supervisor.close({ grace: 0 })
      assert.ok(own.has('closed'))
    },
    own,
  )
})

test.run()
