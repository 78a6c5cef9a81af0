// Phases of a plan that concern the listeners of a target.
import { once } from 'node:events'
import { connect } from 'node:net'
import { type Target, target } from 'brink/target'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { until, within } from '../server/waiting.js'

/** The code of the error of a client that connects; undefined when it can. */
function connecting(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code))
    socket.once('connect', () => {
      socket.destroy()
      resolve(undefined)
    })
  })
}

async function using(options: Parameters<typeof target>[0], use: (t: Target) => Promise<void>): Promise<void> {
  const t = await target({ host: '127.0.0.1', ...options })
  try {
    await use(t)
  } finally {
    await within(t.close(), 'the target to close')
  }
}

for (const threads of [0, 2]) {
  test(`a phase refuses clients, and the next one serves them, with ${threads} threads`, () =>
    using({ threads }, async (t) => {
      assert.is(await connecting(t.port), undefined)
      t.setPlan({ phases: [{ for: '1h', fault: 'refuse' }] })
      await until(async () => (await connecting(t.port)) === 'ECONNREFUSED', 'clients are refused')
      t.setPlan({ phases: [{ for: '1h', fault: 'accept=1000/s; receive-window=4kB' }] })
      await until(async () => (await connecting(t.port)) === undefined, 'clients are let in')
      assert.is((await fetch(`${t.url}/json`, { headers: { connection: 'close' } })).status, 200)
      t.setPlan({ phases: [{ for: '1h', fault: 'hold' }] })
      // Loops on threads hear of it a little later.
      await until(async () => {
        const { accepted } = t.server.stats()
        await connecting(t.port)
        for (let time = 0; time < 20; time += 1) await new Promise((resolve) => setImmediate(resolve))
        return t.server.stats().accepted === accepted
      }, 'connections are held')
      const held = connect(t.port, '127.0.0.1')
      await within(once(held, 'connect'), 'a connection in the queue')
      held.write('GET /json HTTP/1.1\r\nhost: a\r\n\r\n')
      t.setPlan(null)
      const [answer] = (await within(once(held, 'data'), 'its answer')) as [Buffer]
      assert.match(answer.toString(), /^HTTP\/1\.1 200 /)
      held.destroy()
    }))
}

for (const threads of [0, 2]) {
  test(`a target that begins by refusing lets nobody in, with ${threads} threads`, async () => {
    for (let time = 0; time < 20; time += 1) {
      await using({ threads, fault: 'refuse' }, async (t) => assert.is(await connecting(t.port), 'ECONNREFUSED'))
    }
  })
}

test.run()
