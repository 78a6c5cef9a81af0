// The parts of the report that are no workloads: latency at half of the load, memory, start, size.

import { median } from '../statistics.js'
import { grouped, markdownTable } from '../table.js'
import type { Result } from './result.js'

export function figures(result: Result): string[] {
  return [
    ...(result.half.length > 0 ? [halfLoad(result)] : []),
    ...(result.idle.length > 0 ? [idle(result)] : []),
    ...(result.starts.length > 0 ? [starts(result)] : []),
    ...(result.sizes.length > 0 ? [sizes(result)] : []),
  ]
}

/** The median of one figure of every round. */
function over<Round>(rounds: readonly Round[], figure: (round: Round) => number): number {
  return median(rounds.map(figure))
}

function halfLoad({ half }: Result): string {
  const rows = half.map(({ peer, rounds }) => [
    peer,
    grouped(over(rounds, ({ rate }) => rate)),
    grouped(over(rounds, ({ p50Us }) => p50Us)),
    grouped(over(rounds, ({ p99Us }) => p99Us)),
  ])
  return `## At half of the load

GET /plaintext at a steady rate, half of what the slower of brink and uws reached a moment before. From the time that a
request was due to its answer, in microseconds.

${markdownTable(['', 'requests a second', 'p50', 'p99'], rows)}
`
}

function idle({ idle, idleConnections }: Result): string {
  const rows = idle.map(({ peer, rounds }) => [
    peer,
    grouped(over(rounds, ({ bytesPerConnection }) => bytesPerConnection)),
    grouped(over(rounds, ({ keptBytesPerConnection }) => keptBytesPerConnection)),
  ])
  return `## Memory of an idle connection

Of the server's processes (PSS), beside ${grouped(idleConnections)} connections that have had one request each, after a second of
load.

${markdownTable(['', 'bytes for each', 'kept when they have left'], rows)}
`
}

function starts({ starts }: Result): string {
  const rows = starts.map(({ peer, rounds }) => [
    peer,
    over(rounds, ({ importMs }) => importMs).toFixed(1),
    over(rounds, ({ answerMs }) => answerMs).toFixed(1),
  ])
  return `## Start

In a new process each time, in milliseconds.

${markdownTable(['', 'import', 'from serving to the first answer'], rows)}
`
}

function sizes({ sizes }: Result): string {
  const rows = sizes.map(({ name, bytes }) => [name, grouped(bytes)])
  return `## Size of the addon\n\n${markdownTable(['', 'bytes, stripped'], rows)}\n`
}
