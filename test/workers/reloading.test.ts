// Workers that are reloaded again and again, and one of which is killed, while clients ask without a pause: no request
// fails. Judged by counts; how many requests and reloads there are depends on the machine.
import { Agent, get as request } from 'node:http'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get } from '../server/messages.js'
import { connect } from '../server/raw_client.js'
import { within } from '../server/waiting.js'
import { signs, supervised } from './supervising.js'

const RELOADS = 5
const KEEPING_CLIENTS = 12
const NEW_CLIENTS = 4

interface Counts {
  answered: number
  readonly failed: string[]
  readonly pids: Set<string>
}

/** Asks one request after the other; a client that keeps its connection opens another when an answer says close. */
async function client(port: number, keepAlive: boolean, counts: Counts, isOver: () => boolean): Promise<void> {
  const agent = new Agent({ keepAlive, maxSockets: 1 })
  for (let number = 1; !isOver(); number += 1) {
    try {
      counts.pids.add(await within(ask(port, agent), 'an answer'))
      counts.answered += 1
    } catch (error) {
      counts.failed.push(String(error))
    }
    // Some of its connections are idle for a moment.
    if (number % 16 === 0) await new Promise((resolve) => setTimeout(resolve, number % 64))
  }
  agent.destroy()
}

function ask(port: number, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', agent }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (piece: string) => {
        text += piece
      })
      response.on('error', reject)
      response.on('end', () => {
        if (response.statusCode === 200) resolve(text.split(' ')[0] as string)
        else reject(new Error(`status ${response.statusCode}`))
      })
    })
    asked.on('error', reject)
  })
}

test('no request fails while workers are reloaded', async () => {
  await supervised({ count: 2 }, async ({ supervisor, events }) => {
    const counts: Counts = { answered: 0, failed: [], pids: new Set() }
    let over = false
    const clients = Array.from({ length: KEEPING_CLIENTS + NEW_CLIENTS }, (_, number) =>
      client(supervisor.port, number < KEEPING_CLIENTS, counts, () => over),
    )
    for (let reload = 0; reload < RELOADS; reload += 1) {
      await supervisor.reload()
      const before = counts.answered
      while (counts.answered < before + 200) await new Promise((resolve) => setTimeout(resolve, 10))
    }
    over = true
    await Promise.all(clients)
    assert.equal(counts.failed, [])
    assert.is(events.filter(({ type }) => type === 'ready').length, 2 * (RELOADS + 1))
    assert.ok(counts.pids.size > RELOADS, `${counts.pids.size} workers have answered ${counts.answered} requests`)
  })
})

for (const threads of ['0', '2']) {
  test(`who has connected after a reload is answered, though nobody is given a grace: ${threads} threads`, async () => {
    const options = { count: 2, grace: 0, env: { BRINK_THREADS: threads } }
    await supervised(
      options,
      async ({ supervisor }) => {
        await supervisor.reload()
        const clients = await Promise.all(Array.from({ length: NEW_CLIENTS * 5 }, () => connect(supervisor)))
        // All have heard of what they were told before.
        await supervisor.stats()
        for (const client of clients) assert.is((await client.send(get('/')).response()).status, 200)
        for (const client of clients) client.leave()
      },
      signs('hears late'),
    )
  })
}

test('a reload does not wait for a worker that hears nothing', async () => {
  await supervised({ count: 2, deadline: 60_000 }, async ({ supervisor, pids }) => {
    const old = pids()
    for (const pid of old) process.kill(pid, 'SIGSTOP')
    try {
      await within(supervisor.reload(), 'the end of the reload')
      const serving = supervisor.workers.filter(({ state }) => state === 'serving')
      assert.is(serving.length, 2)
      assert.ok(serving.every(({ pid }) => !old.includes(pid)))
    } finally {
      for (const pid of old) process.kill(pid, 'SIGCONT')
    }
  })
})

test.run()
