import { type Handler, type Router, type ServeOptions, type Server, type ServerStats, serve } from 'brink'
import * as assert from 'uvu/assert'
import { leaveAll } from './raw_client.js'
import { turn, within } from './waiting.js'

/**
 * Serves an app on a free port while `use` runs, and closes it. What the app logs fails the test, unless the test
 * brings a `log` of its own.
 */
export async function serving(
  app: Router | Handler,
  use: (server: Server) => Promise<void>,
  options: ServeOptions = {},
): Promise<void> {
  const logged: unknown[] = []
  const server = await serve(app, { port: 0, log: (error) => logged.push(error), ...options })
  try {
    await use(server)
  } finally {
    leaveAll()
    await within(server.close({ force: 0 }), 'the server to close')
  }
  assert.equal(logged.map(String), [])
}

const COUNTING_MS = 30_000

/** Waits until the server's counters are these: a reactor on a thread of its own tells them a little later. */
export async function counts(server: Server, expected: Partial<ServerStats>): Promise<void> {
  const names = Object.keys(expected) as (keyof ServerStats)[]
  const end = performance.now() + COUNTING_MS
  while (names.some((name) => server.stats()[name] !== expected[name]) && performance.now() < end) await turn()
  const actual = server.stats()
  assert.equal(Object.fromEntries(names.map((name) => [name, actual[name]])), expected)
}
