// The slow attacks: those of slowhttptest, and those that it does not know.

import type { ServeOptions } from 'brink'
import { startWorker } from '../processes/orders.js'
import type { Certificate } from '../server/certificates.js'
import type { CrowdOrders, Habit } from './crowd_program.js'
import { runSlowhttptest } from './slowhttptest.js'

export interface Attack {
  readonly name: string
  readonly needsTool: boolean
  /** Limits that differ from the defaults, so that they are reached in the time that there is. */
  readonly options: ServeOptions
  /** Why its clients should have been cut off by the end; undefined where they do nothing that is wrong. */
  readonly cutOffBy?: readonly string[]
  /** What malloc may keep of each attacker, where that is more than what it keeps of anybody. */
  readonly keptBytes?: number
  run(target: Target): Promise<void>
}

export interface Target {
  readonly port: number
  readonly connections: number
  readonly seconds: number
}

/** Buffers and keys of OpenSSL, which gives them back in pieces that are too small for the system. */
const KEPT_OF_HANDSHAKE_BYTES = 64 * 1024

/** In `seconds`, every limit that is attacked is reached. */
export function attacksOf(seconds: number, certificate: Certificate): Attack[] {
  const thirdMs = Math.round((seconds * 1000) / 3)
  const headersTimeout = Math.min(10_000, thirdMs)
  const requestTimeout = Math.min(60_000, thirdMs)
  const writeTimeout = Math.min(30_000, thirdMs)
  const keepAliveTimeout = Math.min(72_000, thirdMs)
  const handshakes = { tls: { ...certificate }, handshakeTimeout: Math.min(10_000, thirdMs) }
  const slowBodies = ['REQUEST_TOO_SLOW', 'REQUEST_TIMEOUT']
  const slowReaders = ['WRITE_TIMEOUT', 'RESPONSE_TAKEN_TOO_SLOWLY']
  return [
    tool('slowloris (-H)', '/', ['-H', '-i', '1', '-x', '24'], { headersTimeout }, ['HEADERS_TIMEOUT']),
    tool('slow body (-B)', '/', ['-B', '-i', '1', '-s', '8192', '-x', '10'], { requestTimeout }, slowBodies),
    tool(
      'slow read (-X)',
      '/page',
      ['-X', '-w', '512', '-y', '1024', '-n', '2', '-z', '16', '-k', '8'],
      { writeTimeout },
      slowReaders,
    ),
    tool('range (-R)', '/', ['-R', '-t', 'HEAD', '-a', '10', '-b', '3000'], {}),
    own('a head byte by byte', 'a byte of a head', { headersTimeout }, ['HEADERS_TIMEOUT']),
    own('a body byte by byte', 'a byte of a body', { requestTimeout }, slowBodies),
    own('a chunk size byte by byte', 'a byte of a chunk size', { requestTimeout }, slowBodies),
    own('pipelining, never reading', 'never reads', { writeTimeout }, slowReaders),
    own('saying nothing', 'nothing', { keepAliveTimeout }, ['idle']),
    handshake('half a handshake', 'half a handshake', handshakes),
    handshake('a handshake byte by byte', 'a byte of a handshake', handshakes),
    handshake('a long handshake', 'a handshake that is said to be long', handshakes),
  ]
}

function tool(
  name: string,
  path: string,
  args: readonly string[],
  options: ServeOptions,
  cutOffBy?: readonly string[],
): Attack {
  return {
    name,
    needsTool: true,
    options,
    ...(cutOffBy === undefined ? {} : { cutOffBy }),
    run: ({ port, ...rest }) => runSlowhttptest({ url: `http://127.0.0.1:${port}${path}`, args, ...rest }),
  }
}

function handshake(name: string, habit: Habit, options: ServeOptions): Attack {
  return { ...own(name, habit, options, ['TLS_HANDSHAKE_TIMEOUT']), keptBytes: KEPT_OF_HANDSHAKE_BYTES }
}

function own(name: string, habit: Habit, options: ServeOptions, cutOffBy: readonly string[]): Attack {
  return {
    name,
    needsTool: false,
    options,
    cutOffBy,
    async run({ port, connections, seconds }) {
      const crowd = startWorker<CrowdOrders>('slow/crowd_program')
      try {
        const end = performance.now() + seconds * 1000
        await crowd.order('start', { port, clients: connections, habit })
        await new Promise((resolve) => setTimeout(resolve, end - performance.now()))
        await crowd.order('stop')
      } finally {
        await crowd.kill()
      }
    },
  }
}
