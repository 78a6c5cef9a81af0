// A program that is run once, with what it is told in between.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'

export interface ProgramRun {
  readonly exitCode: number | null
  /** What it has said, errors among it. */
  readonly output: string
}

const MOST_MS = 60_000

/** A text is sent to the program; a pattern is waited for in what it has said. Then its input ends. */
export type Step = string | RegExp

export async function runProgram(
  command: string,
  args: readonly string[],
  steps: readonly Step[] = [],
): Promise<ProgramRun> {
  const child = spawn(command, args, { stdio: 'pipe', env: { ...process.env, LC_ALL: 'C' } })
  const tooLong = setTimeout(() => child.kill('SIGKILL'), MOST_MS)
  const kill = () => void child.kill('SIGKILL')
  process.once('exit', kill)
  let output = ''
  let changed: () => void = () => {}
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      changed()
    })
  }
  child.stdin.on('error', () => {})
  let exitCode: number | null | undefined
  const ended = once(child, 'close').then(([code]) => {
    exitCode = code as number | null
    changed()
  })
  for (const step of steps) {
    if (typeof step === 'string') child.stdin.write(step)
    else {
      while (!step.test(output) && exitCode === undefined) {
        await new Promise<void>((resolve) => {
          changed = resolve
        })
      }
    }
  }
  child.stdin.end()
  await ended
  clearTimeout(tooLong)
  process.off('exit', kill)
  return { exitCode: exitCode ?? null, output }
}

export function hasProgram(command: string, args: readonly string[] = ['--version']): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).error === undefined
}
