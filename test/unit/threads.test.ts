// How many threads a server has: by its backend, by what was asked for, and by the runtime.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { runtimeOfThreads } from '#brink/runtime/js_runtime.js'
import { threadsFor } from '#brink/server/options.js'

const inline = { name: 'epoll', needsThread: false }
const alone = { name: 'poll', needsThread: true }

test('Bun and Deno are known by their versions, and nothing else is', () => {
  assert.is(runtimeOfThreads({ node: '24.0.0', bun: '1.4.5' }), 'Bun')
  assert.is(runtimeOfThreads({ node: '24.0.0', deno: '2.9.6' }), 'Deno')
  assert.is(runtimeOfThreads({ node: '24.0.0', electron: '40.0.0' }), undefined)
})

test('a loop runs on the JavaScript thread unless its backend or the runtime needs one', () => {
  assert.is(threadsFor(inline, undefined, undefined), 0)
  assert.is(threadsFor(inline, 0, undefined), 0)
  assert.is(threadsFor(inline, 2, undefined), 2)
  assert.is(threadsFor(alone, undefined, undefined), 1)
  assert.is(threadsFor(alone, 0, undefined), 1)
  // There each backend needs a thread.
  assert.is(threadsFor(alone, undefined, 'Bun'), 1)
  assert.is(threadsFor(alone, 3, 'Deno'), 3)
})

for (const runtime of ['Bun', 'Deno'] as const) {
  test(`threads: 0 is refused under ${runtime}, in a sentence`, () => {
    assert.throws(
      () => threadsFor(alone, 0, runtime),
      (error: Error & { code?: string }) =>
        error.code === 'ERR_INVALID_ARG_VALUE' &&
        error.message ===
          `The option "threads" must be at least 1 under ${runtime}, whose event loop cannot run that of brink.`,
    )
  })
}

test.run()
