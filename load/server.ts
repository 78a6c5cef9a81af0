// A server under load: a program of its own, which tells its address in the first line that it writes.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { type CommandLine, nodeOnCore, withManyDescriptors } from './pin.js'

export interface Server {
  pid: number
  url: string
  /** The line that it greeted with. */
  banner: string
  stop(): Promise<void>
}

/** The built one, with the routes that come with it. Its first line has address and backend. */
export function startServer(serverArgs: string[]): Promise<Server> {
  return startProgram(nodeOnCore(0, ['dist/cli.js', 'dist/routes', '--port', '0', ...serverArgs]))
}

export async function startProgram(commandLine: CommandLine): Promise<Server> {
  const [command, args] = withManyDescriptors(commandLine)
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const banner = await firstLine(child)
  const url = /http:\/\/\S+/.exec(banner)?.[0]
  if (url === undefined || child.pid === undefined) {
    child.kill()
    throw new Error(`The server did not tell its address but: ${banner}`)
  }
  return { pid: child.pid, url: url.replace(/\/$/, ''), banner, stop: () => stop(child) }
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('The server has no standard output')
  const lines = createInterface({ input: child.stdout })
  const [line] = await Promise.race([
    once(lines, 'line'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`The server ended with exit code ${code}`))),
  ])
  return line as string
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const impatience = setTimeout(() => {
    console.error('The server did not drain within five seconds, and was killed.')
    child.kill('SIGKILL')
  }, 5_000)
  await ended
  clearTimeout(impatience)
}
