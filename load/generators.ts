// Puts a server under load from a process of its own, pinned to core 1: wrk where it is installed, as it is quick
// enough to leave the server no rest; autocannon otherwise.

import { spawnSync } from 'node:child_process'
import { autocannon } from './autocannon.js'
import type { Generator } from './generator.js'
import { wrk } from './wrk.js'

export function bestGenerator(): Generator {
  // wrk ends with 1 when asked for its version; that it could be started is what matters.
  return spawnSync('wrk', ['--version']).error === undefined ? wrk : autocannon
}
