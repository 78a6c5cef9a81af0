// Server and load generator share a machine: each on a core of its own, or they take turns and both numbers are noise.

import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

const canPin = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0

export type CommandLine = [command: string, args: string[]]

/** The command line that runs the program on the core, where taskset exists. */
export function onCore(core: number, command: string, args: string[]): CommandLine {
  return canPin ? ['taskset', ['-c', String(core), command, ...args]] : [command, args]
}

export function nodeOnCore(core: number, args: string[]): CommandLine {
  return onCore(core, process.execPath, args)
}

/**
 * The same, for tens of thousands of sockets. Node raises its limit as far as it may by itself; the shell raises what
 * it may, where this user is allowed to. Either way the process keeps the id that it was started with.
 */
export function withManyDescriptors([command, args]: CommandLine): CommandLine {
  return ['sh', ['-c', 'ulimit -n 65536 2>/dev/null; exec "$@"', 'sh', command, ...args]]
}
