// The samples of a target's live page: who is sent what, and that nobody pays while nobody watches.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LiveFeed } from '#brink/target/live_feed.js'
import { turn } from '../server/waiting.js'
import { Clock } from './clock.js'
import { EventReader } from './event_reader.js'

class Watcher {
  readonly seen: string[] = []
  readonly #controller = new AbortController()
  readonly #done: Promise<void>

  constructor(feed: LiveFeed, reads = true) {
    const request = { headers: new Headers(), signal: this.#controller.signal }
    const stream = feed.handler(request as never).body as AsyncIterableIterator<string>
    this.#done = reads ? this.#read(stream) : Promise.resolve()
  }

  async leave(): Promise<void> {
    this.#controller.abort(new Error('gone'))
    await this.#done
    await turn()
  }

  async #read(stream: AsyncIterableIterator<string>): Promise<void> {
    const reader = new EventReader()
    for await (const text of stream) {
      for (const { event, data } of reader.push(text)) this.seen.push(`${event} ${data}`)
    }
  }
}

/** A feed of numbers, with a clock. */
async function feeding(use: (feed: LiveFeed, clock: Clock, taken: () => number) => Promise<void>): Promise<void> {
  const clock = new Clock()
  let taken = 0
  const sample = () => {
    taken += 1
    return { n: taken }
  }
  await clock.during(() => use(new LiveFeed(sample), clock, () => taken))
}

/** A second passes, and what is sent arrives. */
async function second(clock: Clock): Promise<void> {
  clock.pass(1000)
  await turn()
}

test('a sample is taken each second for all that watch, and made text once', () =>
  feeding(async (feed, clock, taken) => {
    const one = new Watcher(feed)
    await turn()
    await second(clock)
    const other = new Watcher(feed)
    await turn()
    await second(clock)
    // The first one is nobody's: it has what came before.
    assert.is(taken(), 3)
    assert.equal(one.seen, ['history []', 'sample {"n":2}', 'sample {"n":3}'])
    assert.equal(other.seen, ['history [{"n":2}]', 'sample {"n":3}'])
    await one.leave()
    await other.leave()
  }))

test('none is taken, and no timer runs, while nobody watches', () =>
  feeding(async (feed, clock, taken) => {
    assert.equal(clock.running, [0, 0])
    const watcher = new Watcher(feed)
    await turn()
    await second(clock)
    await watcher.leave()
    const before = taken()
    for (let passed = 0; passed < 5; passed += 1) await second(clock)
    assert.is(taken(), before)
    assert.equal(clock.running, [0, 0])
    const again = new Watcher(feed)
    await turn()
    await second(clock)
    assert.equal(again.seen, ['history [{"n":2}]', `sample {"n":${before + 2}}`])
    await again.leave()
  }))

test('the timer does not keep the process', () =>
  feeding(async (feed, clock) => {
    const watcher = new Watcher(feed)
    await turn()
    assert.is(clock.running[1], 0)
    await watcher.leave()
  }))

test('one that leaves changes nothing for the others', () =>
  feeding(async (feed, clock) => {
    const [one, other] = [new Watcher(feed), new Watcher(feed)]
    await turn()
    await one.leave()
    await second(clock)
    assert.equal(other.seen, ['history []', 'sample {"n":2}'])
    await other.leave()
  }))

test('one that reads nothing is sent nothing, and costs no memory', () =>
  feeding(async (feed, clock, taken) => {
    const idle = new Watcher(feed, false)
    await turn()
    for (let passed = 0; passed < 5; passed += 1) await second(clock)
    assert.is(taken(), 0)
    await idle.leave()
  }))

test('no more than five minutes are kept', () =>
  feeding(async (feed, clock) => {
    const watcher = new Watcher(feed)
    await turn()
    for (let passed = 0; passed < 310; passed += 1) await second(clock)
    const late = new Watcher(feed)
    await turn()
    const kept = JSON.parse((late.seen[0] as string).replace('history ', '')) as { n: number }[]
    assert.is(kept.length, 300)
    assert.is(kept.at(-1)?.n, 311)
    await watcher.leave()
    await late.leave()
  }))

test.run()
