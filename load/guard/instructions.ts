// How many instructions the core takes for a request, counted by callgrind on the self-test's program: a number that
// neither the machine nor its mood changes by more than a fraction of a percent.

import { spawnSync } from 'node:child_process'
import { outputOf } from '../program_output.js'

/** Rounds of a course. The difference between the two is free of whatever is done once. */
const FEW = 50
const MANY = 250

/** Where counting begins and ends: the reactor's turn, with all that it calls, and without the clients. */
const COUNTED = 'brink::reactor::Reactor::turn(int)'

export interface Course {
  name: string
  requestsPerRound: number
}

interface Toolchain {
  /** As many at a time as there are processors. */
  inTurn(work: () => Promise<number>): Promise<number>
  build(variant: { name: string; isByFile: boolean; flags: string[]; cxxflags: string[] }): Promise<string>
}

async function toolchain(): Promise<Toolchain> {
  const file = new URL('../../../native/selftest/toolchain.mjs', import.meta.url)
  return (await import(file.href)) as Toolchain
}

/** The self-test's program, compiled as the addon is, with a clock that counts how often it is asked. */
export async function buildProgram(): Promise<string> {
  const { build } = await toolchain()
  return build({
    name: 'counted',
    // As the addon: within one unit a compiler inlines more.
    isByFile: true,
    flags: ['-DBRINK_COUNTED_CLOCK', '-O3', '-fvisibility=hidden', '-fno-asynchronous-unwind-tables'],
    cxxflags: ['-fvisibility-inlines-hidden'],
  })
}

export function coursesOf(program: string): Course[] {
  const { stdout } = spawnSync(program, ['repeat'], { encoding: 'utf8' })
  return [...stdout.matchAll(/^(\S+) (\d+)$/gm)].map(([, name = '', requests]) => ({
    name,
    requestsPerRound: Number(requests),
  }))
}

/** Instructions for a request of each course. What else runs on the machine does not count. */
export async function instructionsOf(program: string, courses: readonly Course[]): Promise<number[]> {
  const { inTurn } = await toolchain()
  return Promise.all(
    courses.map(async ({ name, requestsPerRound }) => {
      const rounds = [FEW, MANY].map((times) => inTurn(() => counted(program, name, times)))
      const [few = 0, many = 0] = await Promise.all(rounds)
      return (many - few) / (requestsPerRound * (MANY - FEW))
    }),
  )
}

async function counted(program: string, course: string, times: number): Promise<number> {
  const valgrind = ['valgrind', '--tool=callgrind', '--callgrind-out-file=/dev/null', `--toggle-collect=${COUNTED}`]
  // What the environment holds lies on the stack, and moves all that lies there.
  const { PATH = '/usr/bin:/bin' } = process.env
  const args = ['-i', `PATH=${PATH}`, ...valgrind, '--log-fd=1', program, 'repeat', course, String(times)]
  const output = await outputOf(['env', args], `callgrind on ${course}`)
  const collected = /Collected : (\d+)/.exec(output)?.[1]
  if (collected === undefined || collected === '0') throw new Error(`callgrind has not counted ${course}:\n${output}`)
  return Number(collected)
}

/** What the counts depend on besides the code; or what is missing. */
export function countedWith(): { key: string } | { missing: string } {
  const valgrind = firstLineOf('valgrind', ['--version'])
  if (valgrind === undefined) return { missing: 'valgrind is not installed (apt-get install valgrind)' }
  const compiler = firstLineOf(process.env.CXX ?? 'c++', ['--version'])
  const libc = firstLineOf('ldd', ['--version'])
  return { key: [compiler, libc, valgrind, process.arch].join('; ') }
}

function firstLineOf(command: string, args: string[]): string | undefined {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' })
  return status === 0 ? stdout.split('\n', 1)[0] : undefined
}
