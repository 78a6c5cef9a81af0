// The access log beside reactors that end more requests than it can write.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LOG_END, LOG_FIRST } from '#brink/exchange/layout.js'
import { AccessLog } from '#brink/logging/access_log.js'
import { RequestIds } from '#brink/request/request_ids.js'
import { until } from '../server/waiting.js'

test('a log that never gets to the end of what waits lets requests be answered', async () => {
  const to = { info: () => {} }
  const log = new AccessLog({ format: undefined, to }, { proxies: undefined, patterns: [] }, ['referer'])
  let taken = 0
  let hasMore = true
  const takeLogged = (words: Int32Array) => {
    taken += 1
    // So that a log that goes on for ever fails instead of hanging.
    if (taken > 100_000) throw new Error('it is taken for ever')
    words[LOG_END] = LOG_FIRST
    return hasMore
  }
  log.add({ reactor: { takeLogged }, ids: new RequestIds(undefined) })
  log.batchHandled(1000)
  const atOnce = taken
  assert.ok(atOnce > 0)
  // It goes on soon.
  const alive = setInterval(() => {}, 1000)
  await until(() => taken > 10 * atOnce, 'it goes on')
  // Its end lets others work, too.
  let turns = 0
  setImmediate(function count() {
    turns += 1
    if (turns < 10) setImmediate(count)
    else hasMore = false
  })
  await log.end()
  assert.ok(turns >= 10)
  clearInterval(alive)
})

test.run()
