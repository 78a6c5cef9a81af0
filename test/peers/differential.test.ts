// The short form of `npm run test:peers`.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { missingFor } from '../proxy_program.js'
import type { PeerName } from './peers.js'
import { runTrial } from './trial.js'

const CASES = 600
const FIRST_SEED = 1

async function compareWith(peers: readonly PeerName[]): Promise<void> {
  const { failures, accepted, refused } = await runTrial(peers, FIRST_SEED, CASES)
  assert.is(failures.join('\n\n'), '')
  assert.ok(
    accepted > CASES / 2 && refused > CASES / 4,
    `${accepted} accepted and ${refused} refused: a lopsided choice`,
  )
}

test('what is accepted, refused and read is by the book, and where node:http differs there is a reason', () =>
  compareWith(['node:http']))

const withNginx = 'where nginx differs there is a reason'
const missing = missingFor('nginx')
if (missing === undefined || process.env.CI === 'true') {
  test(withNginx, async () => {
    assert.is(missing, undefined)
    await compareWith(['nginx'])
  })
} else {
  test.skip(`${withNginx} (${missing})`)
}

test.run()
