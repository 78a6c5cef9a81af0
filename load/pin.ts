// Server and load generator share a machine: each on a core of its own, or they take turns and both numbers are noise.

import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

const canPin = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0

/** The command line that runs Node on the core, where taskset exists. */
export function nodeOnCore(core: number, args: string[]): [command: string, args: string[]] {
  if (!canPin) return [process.execPath, args]
  return ['taskset', ['-c', String(core), process.execPath, ...args]]
}
