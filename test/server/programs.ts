// Programs that a test runs in a process of its own.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { within } from './waiting.js'

export interface Program {
  readonly child: ChildProcess
  /** What it has written to its standard output and error so far. */
  readonly output: () => string
  readonly errors: () => string
  /** Waits for output that matches, and gives the match. */
  says(pattern: RegExp): Promise<RegExpExecArray>
  /** Waits for its end: the exit code, or the name of the signal. */
  ended(): Promise<number | string>
}

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Runs a file of `programs/` with Node, or with a shell command before it, such as `ulimit -n 256`. */
export function runProgram(name: string, how: { before?: string; args?: string[] } = {}): Program {
  return runFile(fileURLToPath(new URL(`./programs/${name}.js`, import.meta.url)), how)
}

/** Runs a file with Node, or with a shell command before it. */
export function runFile(file: string, { before = '', args = [] }: { before?: string; args?: string[] } = {}): Program {
  return run([file, ...args], {}, before)
}

/** Runs the command line. */
export function runBrink(args: string[], env: NodeJS.ProcessEnv = {}): Program {
  return runNode([fileURLToPath(new URL('../../cli.js', import.meta.url)), ...args], env)
}

/** Runs Node with these arguments: the file is one of them. */
export function runNode(args: string[], env: NodeJS.ProcessEnv): Program {
  return run(args, env, '')
}

function run(args: string[], env: NodeJS.ProcessEnv, before: string): Program {
  const shell = ['-c', `${before}; exec "$0" "$@"`, process.execPath, ...args]
  const [command, rest] = before === '' ? [process.execPath, args] : ['bash', shell]
  const child = spawn(command, rest, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] })
  running.add(child)
  // A program that is left over, because its test has failed, does not keep the tests from ending, which ends it.
  child.unref()
  for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as Socket | null)?.unref()
  let output = ''
  let errors = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text
    child.emit('said')
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const closed = once(child, 'close').then(([code, signal]) => {
    running.delete(child)
    child.emit('said')
    return (code ?? signal) as number | string
  })
  const saw = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const match = pattern.exec(output)
      if (match !== null) return match
      if (!running.has(child)) throw new Error(`it ended without saying ${pattern}: ${output}${errors}`)
      await once(child, 'said')
    }
  }
  return {
    child,
    output: () => output,
    errors: () => errors,
    says: (pattern) => within(saw(pattern), `a program to say ${pattern}`),
    ended: () =>
      within(closed, 'a program to end').catch((error) => {
        child.kill('SIGKILL')
        throw error
      }),
  }
}
