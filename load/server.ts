// A server under load: a program of its own, which writes a line with its address when it serves.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { type CommandLine, nodeOnCore, withManyDescriptors } from './pin.js'

const ADDRESS = /https?:\/\/\S+/

export interface Server {
  pid: number
  url: string
  /** The line with its address. */
  banner: string
  /** What it says afterwards. */
  output: Readable
  stop(): Promise<void>
}

/** The built one, with the routes that come with it. Its line has address and backend. */
export function startServer(serverArgs: string[]): Promise<Server> {
  return startProgram(nodeOnCore(0, ['dist/cli.js', 'dist/routes', '--port', '0', ...serverArgs]))
}

export async function startProgram(commandLine: CommandLine): Promise<Server> {
  const [command, args] = withManyDescriptors(commandLine)
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const banner = await addressLine(child, child.stdout)
  const [url = ''] = ADDRESS.exec(banner) ?? []
  if (child.pid === undefined) throw new Error('The server has no process')
  return { pid: child.pid, url: url.replace(/\/$/, ''), banner, output: child.stdout, stop: () => stop(child) }
}

function addressLine(child: ChildProcess, output: Readable): Promise<string> {
  return new Promise((resolve, reject) => {
    createInterface({ input: output }).on('line', (line) => {
      if (ADDRESS.test(line)) resolve(line)
    })
    child.on('error', reject).on('exit', (code) => reject(new Error(`ends with exit code ${code}`)))
  })
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
