import { setTimeout as later } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type EventContext, type EventGenerator, type EventOptions, events } from '#brink/events/event_stream.js'
import type { ServerEvent } from '#brink/events/event_text.js'
import type { Reply } from '#brink/reply/reply.js'
import { turn } from '../server/waiting.js'
import { Clock } from './clock.js'
import { codeThrownBy } from './code_thrown_by.js'
import { errorOf } from './error_of.js'
import { gathered, NEVER, WatchedSource } from './pieces.js'

type Stream = AsyncIterableIterator<string>

function request(fields: Record<string, string> = {}) {
  const controller = new AbortController()
  return { headers: new Headers(fields), signal: controller.signal, leave: () => controller.abort(new Error('gone')) }
}

function streamOf(generate: EventGenerator, options: EventOptions = {}, req = request()): Stream {
  return events(req, generate, options).body as Stream
}

test('the reply says what it is, and is not stored or gathered', () => {
  const answer: Reply = events(request(), async function* () {})
  assert.is(answer.status, 200)
  assert.equal([...answer.headers].sort(), [
    ['cache-control', 'no-store'],
    ['content-type', 'text/event-stream'],
    ['x-accel-buffering', 'no'],
  ])
  const own = events(request(), async function* () {}, { headers: { 'Cache-Control': 'no-transform', 'x-a': 'b' } })
  assert.is(own.headers.get('cache-control'), 'no-transform')
  assert.is(own.headers.get('x-a'), 'b')
})

test('events are sent in order, and the stream ends when the generator does', async () => {
  const text = await gathered(
    streamOf(async function* () {
      yield 'one'
      yield { id: '2', event: 'number', data: 2 }
    }),
  )
  assert.is(String(text), 'data: one\n\nevent: number\nid: 2\ndata: 2\n\n')
})

test('how long to wait before connecting again is said first', async () => {
  const text = await gathered(
    streamOf(
      async function* () {
        yield 'one'
      },
      { retry: 500 },
    ),
  )
  assert.is(String(text), 'retry: 500\n\ndata: one\n\n')
})

test('the generator is told the last id that the client has seen', async () => {
  const seen: (string | null)[] = []
  const generate: EventGenerator = async function* ({ lastEventId }) {
    yield ''
    seen.push(lastEventId)
  }
  await gathered(streamOf(generate))
  await gathered(streamOf(generate, {}, request({ 'last-event-id': '17' })))
  assert.equal(seen, [null, '17'])
})

test('the generator does not begin before somebody reads, and is asked for one event at a time', async () => {
  const source = new WatchedSource((taken) => String(taken))
  const stream = streamOf(() => source)
  await turn()
  assert.is(source.taken, 0)
  await stream.next()
  await stream.next()
  await turn()
  assert.is(source.taken, 2)
  await stream.return?.()
  assert.is(source.returned, 1)
})

test('while it is quiet, and only then, comments are sent', async () => {
  const clock = new Clock()
  await clock.during(async () => {
    let more: (event: string) => void = () => {}
    const source = new WatchedSource<string>(() => new Promise((resolve) => (more = resolve)))
    const stream = streamOf(() => source)
    for (let beats = 0; beats < 3; beats += 1) {
      const pending = stream.next()
      clock.pass(15_000)
      assert.equal(await pending, { done: false, value: ':\n\n' })
    }
    // An event that comes while nobody waits is not lost.
    more('late')
    await turn()
    assert.equal(await stream.next(), { done: false, value: 'data: late\n\n' })
    // While the client takes nothing, nothing is sent.
    clock.pass(60_000)
    // An event puts off the next comment.
    for (let events = 0; events < 5; events += 1) {
      const pending = stream.next()
      clock.pass(14_000)
      await turn()
      more('soon')
      assert.equal(await pending, { done: false, value: 'data: soon\n\n' })
    }
    const pending = stream.next()
    assert.equal(clock.running, [1, 0])
    await stream.return?.()
    assert.is((await pending).done, true)
    assert.equal(clock.running, [0, 0])
  })
})

test('without a heartbeat there is no timer', async () => {
  const clock = new Clock()
  await clock.during(async () => {
    const stream = streamOf(() => new WatchedSource<string>(() => NEVER), { heartbeat: 0 })
    void stream.next()
    await turn()
    assert.equal(clock.running, [0, 0])
    await stream.return?.()
  })
})

test('when the client goes away, the generator ends where it stands', async () => {
  for (const quiet of [true, false]) {
    const req = request()
    const ended: unknown[] = []
    const stream = streamOf(
      async function* ({ signal }) {
        try {
          yield 'one'
          if (quiet) await later(1_000_000, undefined, { signal })
          yield 'two'
        } finally {
          ended.push(signal.reason.message)
        }
      },
      {},
      req,
    )
    await stream.next()
    const pending = quiet ? stream.next() : undefined
    req.leave()
    if (pending !== undefined) assert.is((await pending).done, true)
    assert.is((await stream.next()).done, true)
    await turn()
    assert.equal(ended, ['gone'])
  }
})

test('a reader that stops ends the generator, though it waits for something', async () => {
  let context: EventContext | undefined
  const source = new WatchedSource<string>(() => NEVER)
  const stream = streamOf((given) => {
    context = given
    return source
  })
  const pending = stream.next()
  await stream.return?.()
  assert.is((await pending).done, true)
  assert.is(context?.signal.aborted, true)
  assert.is(source.returned, 1)
})

test('a client that is gone before anything was read begins nothing', async () => {
  const req = request()
  req.leave()
  let begun = false
  const stream = streamOf(
    // biome-ignore lint/correctness/useYield: it never begins.
    async function* () {
      begun = true
    },
    {},
    req,
  )
  assert.is((await stream.next()).done, true)
  assert.not(begun)
})

test('at its end a stream leaves no listener with the request, and does not abort what the generator began', async () => {
  let signal: AbortSignal | undefined
  const req = request()
  let listeners = 0
  const { addEventListener, removeEventListener } = req.signal
  req.signal.addEventListener = (...given: Parameters<typeof addEventListener>) => {
    listeners += 1
    addEventListener.apply(req.signal, given)
  }
  req.signal.removeEventListener = (...given: Parameters<typeof removeEventListener>) => {
    listeners -= 1
    removeEventListener.apply(req.signal, given)
  }
  const stream = streamOf(
    async function* (context) {
      signal = context.signal
      yield 'x'
    },
    {},
    req,
  )
  await stream.next()
  assert.is(listeners, 1)
  assert.is((await stream.next()).done, true)
  assert.is(listeners, 0)
  req.leave()
  assert.is(signal?.aborted, false)
})

test('what the generator throws goes through, and so does an event that cannot be', async () => {
  const boom = new Error('boom')
  const failing = streamOf(async function* () {
    yield 'x'
    throw boom
  })
  assert.is(await errorOf(gathered(failing)), boom)
  assert.is((await failing.next()).done, true)
  const source = new WatchedSource<ServerEvent>(() => ({ id: 'a\nb' }))
  assert.is((await errorOf(gathered(streamOf(() => source)))).code, 'ERR_INVALID_EVENT')
  assert.is(source.returned, 1)
  const throwing = streamOf(() => {
    throw boom
  })
  assert.is(await errorOf(gathered(throwing)), boom)
  const none = streamOf((async () => {}) as never)
  assert.is((await errorOf(gathered(none))).code, 'ERR_INVALID_ARG_TYPE')
})

test('options that cannot be are errors that say so', () => {
  const cases: [unknown, string][] = [
    [null, 'ERR_INVALID_ARG_TYPE'],
    [{ heartBeat: 1 }, 'ERR_INVALID_ARG_VALUE'],
    [{ heartbeat: '15s' }, 'ERR_INVALID_ARG_TYPE'],
    [{ heartbeat: -1 }, 'ERR_OUT_OF_RANGE'],
    [{ retry: 0.5 }, 'ERR_OUT_OF_RANGE'],
    [{ headers: { 'x-a': 'a\nb' } }, 'ERR_INVALID_HEADER_VALUE'],
  ]
  for (const [options, code] of cases) {
    assert.is(
      codeThrownBy(() => events(request(), async function* () {}, options as never)),
      code,
      JSON.stringify(options),
    )
  }
  assert.is(
    codeThrownBy(() => events(request(), 'x' as never)),
    'ERR_INVALID_ARG_TYPE',
  )
})

test.run()
