import { isDeepStrictEqual } from 'node:util'
import type { Server } from 'brink'
import * as assert from 'uvu/assert'
import { until } from './waiting.js'

/** Waits until the server has refused clients for these reasons, so often, and for no other. */
export async function refusals(server: Server, expected: Record<string, number>): Promise<void> {
  const differ = () => !isDeepStrictEqual(server.stats().refusals, expected)
  await until(() => !differ(), 'the refusals are counted').catch(() => {})
  assert.equal(server.stats().refusals, expected)
}
