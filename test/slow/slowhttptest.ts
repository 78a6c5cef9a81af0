// slowhttptest, the usual tool for attacks that cost the attacker next to nothing. Debian has it as a package.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'

export const SLOWHTTPTEST_MISSING = 'slowhttptest is not installed: apt-get install slowhttptest'

export function hasSlowhttptest(): boolean {
  return spawnSync('slowhttptest', ['-h']).error === undefined
}

export interface ToolPlan {
  readonly url: string
  readonly connections: number
  readonly seconds: number
  /** The arguments of the mode. */
  readonly args: readonly string[]
}

/** Attacks for so many seconds, or until it has no connection left. */
export async function runSlowhttptest({ url, connections, seconds, args }: ToolPlan): Promise<void> {
  const rate = Math.ceil(connections / 2)
  const shared = ['-c', `${connections}`, '-r', `${rate}`, '-l', `${seconds}`, '-p', '5', '-u', url]
  const child: ChildProcess = spawn('slowhttptest', [...args, ...shared], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-2000)
    })
  }
  const tooLong = setTimeout(() => child.kill('SIGKILL'), (seconds + 20) * 1000)
  const [code, signal] = await once(child, 'close')
  clearTimeout(tooLong)
  if (code !== 0) throw new Error(`slowhttptest ended with ${signal ?? code}: ${output}`)
}
