// How soon a server is there: importing it, and from being asked to serve to its first answer. In a new process each
// time, with a client in the same process that had its own first time before.

import { onCore } from '../pin.js'
import { outputOf } from '../program_output.js'

export interface Start {
  importMs: number
  /** From the call that serves, with a single route, to the first byte of the first answer. */
  answerMs: number
}

/** Those that begin in this Node, as brink does. */
export const STARTERS = ['brink', 'uws', 'node', 'fastify', 'hono']

const PROGRAM = 'load/compare/servers/start.mjs'

export async function measureStart(peer: string): Promise<Start> {
  return JSON.parse(await outputOf(onCore(0, process.execPath, [PROGRAM, peer]), `The start of ${peer}`)) as Start
}
