// The limit: yardstick/limit.c.

import { onCore } from '../pin.js'
import { type Server, startProgram } from '../server.js'
import { compile, programOf } from './compiled.js'
import type { Workload } from './workloads.js'

/** Those that a constant answer is the least for. */
const WORKLOADS = ['plaintext', 'pipelined', 'json', 'close', 'fixed', 'fixed-pipelined', 'crowd']

export const buildYardstick = (): string | undefined => compile('load/compare/yardstick/limit.c', 'limit')

export const isForYardstick = ({ name }: Workload): boolean => WORKLOADS.includes(name)

export function startYardstick({ requests, answerTo, closes }: Workload): Promise<Server> {
  const [request] = requests
  if (request === undefined) throw new Error('A workload needs a request')
  const { type, body } = answerTo(request)
  return startProgram(onCore(0, programOf('limit'), [type, body, ...(closes ? ['close'] : [])]))
}
