// The limit, compiled when it is wanted for the first time.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { onCore } from '../pin.js'
import { type Server, startProgram } from '../server.js'
import type { Workload } from './workloads.js'

const SOURCE = 'load/compare/yardstick/limit.c'
const PROGRAM = 'load/build/limit'

/** Those that a constant answer is the least for. */
const WORKLOADS = ['plaintext', 'pipelined', 'json', 'close', 'fixed', 'fixed-pipelined', 'crowd']

/** A sentence that says why there is none, if there is none. */
export function buildYardstick(): string | undefined {
  if (process.platform !== 'linux') return 'it waits with epoll, which Linux alone has'
  if (existsSync(PROGRAM) && statSync(PROGRAM).mtimeMs > statSync(SOURCE).mtimeMs) return undefined
  mkdirSync(dirname(PROGRAM), { recursive: true })
  const { status, stderr, error } = spawnSync('cc', ['-O2', SOURCE, '-o', PROGRAM], { encoding: 'utf8' })
  return status === 0 ? undefined : `it does not compile: ${error?.message ?? stderr}`
}

export const isForYardstick = ({ name }: Workload): boolean => WORKLOADS.includes(name)

export function startYardstick({ requests, answerTo, closes }: Workload): Promise<Server> {
  const [request] = requests
  if (request === undefined) throw new Error('A workload needs a request')
  const { type, body } = answerTo(request)
  return startProgram(onCore(0, PROGRAM, [type, body, ...(closes ? ['close'] : [])]))
}
