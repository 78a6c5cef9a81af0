// autocannon, in a process of its own: in this one it would share its core with nothing, but its numbers with our GC.

import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import type { Result } from 'autocannon'
import { nodeOnCore } from './pin.js'

export interface Load {
  url: string
  connections: number
  /** Requests that each connection has on the way at once. */
  pipelining: number
  seconds: number
}

const autocannon = createRequire(import.meta.url).resolve('autocannon')

export async function generate({ url, connections, pipelining, seconds }: Load): Promise<Result> {
  const [command, args] = nodeOnCore(1, [
    autocannon,
    '--json',
    '--no-progress',
    `--connections=${connections}`,
    `--pipelining=${pipelining}`,
    `--duration=${seconds}`,
    url,
  ])
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let complaints = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve)
  })
  if (code !== 0) throw new Error(`autocannon ended with exit code ${code}: ${complaints.trim()}`)
  return JSON.parse(output) as Result
}
