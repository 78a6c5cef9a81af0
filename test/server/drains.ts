// Servers that drain, and what their reports count.
import type { CloseReport, Server, WorkCounts } from 'brink'
import * as assert from 'uvu/assert'
import { get } from './messages.js'
import { connect, type RawClient } from './raw_client.js'
import { until, within } from './waiting.js'

/** Longer than any test. */
export const LONG_MS = 3_600_000
/** Short, where a test waits for its end. */
export const SHORT_MS = 60

export const never = () => new Promise<never>(() => {})
export const closed = (closing: Promise<CloseReport>) => within(closing, 'the server to close')

export const counts = ({ requests = 0, streams = 0, tunnels = 0 }: Partial<WorkCounts> = {}): WorkCounts => ({
  requests,
  streams,
  tunnels,
})

/** What a report counts, and what is not given is nothing. */
export function assertCounts(
  { answered, cut, lost, durationMs }: CloseReport,
  expected: { answered?: Partial<WorkCounts>; cut?: Partial<WorkCounts>; lost?: Partial<WorkCounts> },
): void {
  const all = { answered: counts(expected.answered), cut: counts(expected.cut), lost: counts(expected.lost) }
  assert.equal({ answered, cut, lost }, all)
  assert.ok(durationMs >= 0)
}

/** Resolves when the server does not listen any more: the drain has begun in every loop. */
export async function listensNoMore(server: Server): Promise<void> {
  await until(async () => {
    try {
      const client = await connect(server)
      client.leave()
      return false
    } catch {
      return true
    }
  }, 'nobody is let in any more')
}

export async function idleClient(server: Server): Promise<RawClient> {
  const client = await connect(server)
  await client.send(get()).response()
  return client
}
