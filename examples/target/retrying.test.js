// Tests of a client that retries, against a server that fails when it is told to. Run it with `node --test`. With vitest and
// jest it is the same: start a target before, close it after.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { target } from 'brink/target'
import { retrying } from './retrying.js'

let t

before(async () => {
  t = await target({ record: true, seed: 1 })
})

beforeEach(() => {
  t.setPlan(null)
  t.reset()
})

after(() => t.close())

test('it asks once when all is well', async () => {
  assert.equal((await retrying(`${t.url}/json`)).attempt, 1)
  assert.equal(t.requests().length, 1)
})

test('it rides out an outage in three phases: good, broken, good again', async () => {
  t.setPlan({
    phases: [
      { name: 'good', requests: 1 },
      { name: 'broken', requests: 2, rules: [{ path: '/json', fault: 'status=503' }] },
      { name: 'good again' },
    ],
  })
  assert.equal((await retrying(`${t.url}/json`)).attempt, 1)
  assert.equal((await retrying(`${t.url}/json`)).attempt, 3)
  assert.deepEqual(
    t.requests().map(({ fields, faults }) => [fields['x-attempt'], ...faults]),
    [['1'], ['1', 'status'], ['2', 'status'], ['3']],
  )
})

test('it survives connections that are reset, and answers that break off', async () => {
  t.setPlan({
    phases: [{ requests: 1, fault: 'reset' }, { requests: 1, fault: 'cut=body' }, { requests: 1, fault: 'empty' }, {}],
  })
  assert.equal((await retrying(`${t.url}/json`)).attempt, 4)
})

test('it does not wait for an answer that never comes', async () => {
  t.setPlan({ phases: [{ requests: 1, fault: 'stall' }, {}] })
  assert.equal((await retrying(`${t.url}/json`, { timeout: 2000 })).attempt, 2)
})

test('it gives up in the end', async () => {
  t.setFault('status=503')
  const { status, attempt } = await retrying(`${t.url}/json`)
  assert.deepEqual([status, attempt], [503, 4])
})

test('it does not repeat what is the fault of the request', async () => {
  t.setFault('status=404')
  assert.equal((await retrying(`${t.url}/json`)).attempt, 1)
})
