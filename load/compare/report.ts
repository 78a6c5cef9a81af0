// load/reports/compare.md: the numbers behind the picture, with the targets beside them.

import { javascriptMicroseconds, othersShare, p50Ms, p99Ms, perCpuSecond } from '../sample.js'
import { median } from '../statistics.js'
import { grouped, markdownTable } from '../table.js'
import { coreShare, lineOf, type MeasuredWorkload, medianOf, type Result, ratio } from './result.js'
import {
  ADDON_BYTES,
  CROWD_KEEPS,
  FIRST_ANSWER_MS,
  IDLE_BYTES,
  IMPORT_MS,
  JAVASCRIPT_MICROSECONDS,
  TARGETS,
} from './targets.js'

export function report(result: Result): string {
  const { generator, rounds, seconds } = result
  const slow = result.saturates
    ? ''
    : `\n**${generator} cannot saturate these servers**: it is slower than they are, so they idle between requests, and
cost more for each. Install wrk to compare them under load.\n`
  return `# brink and its peers

![Requests per second of server CPU time, by workload and server](compare.svg)

Every server does the same work with the same answers, which is checked before it is measured. Each has one core, the
load generator (${generator}) another, and they are measured in turn: ${rounds} rounds of ${seconds} s. What is told is requests per second
of *server CPU time*, user and system, of all of its processes, from the operating system's account: on a machine that
is shared, requests per second say more about the others. Numbers are medians over the rounds.
${slow}
Measured ${result.date} on ${result.machine}.
Other programs took ${othersPercent(result)} % of the server's core meanwhile (the median): waiting for them is in the latencies. To repeat
it: \`npm run load:compare\`.

${result.peers.map(({ name, about }) => `- **${name}**: ${about}`).join('\n')}
${result.missing.map(({ name, why }) => `- ${name} is left out: ${why}`).join('\n')}

## Targets

Ratios are of requests per CPU second: brink's, divided by the other's.

${targets(result)}

${result.workloads.map(workload).join('\n')}
${figures(result)}`
}

function othersPercent({ workloads }: Result): string {
  const shares = workloads.flatMap(({ lines }) => lines.flatMap(({ samples }) => samples.map(othersShare)))
  return (100 * median(shares)).toFixed(0)
}

function workload({ title, connections, lines, leftOut }: MeasuredWorkload): string {
  const ours = lines.find(({ peer }) => peer === 'brink')
  const header = ['', 'requests per CPU second', 'from … to', 'brink by it', 'p50 ms', 'p99 ms', 'of its core']
  const rows = lines.map((line) => {
    const rates = line.samples.map(perCpuSecond)
    return [
      line.peer,
      grouped(median(rates)),
      `${grouped(Math.min(...rates))} … ${grouped(Math.max(...rates))}`,
      ours ? (medianOf(ours, perCpuSecond) / median(rates)).toFixed(2) : '',
      medianOf(line, p50Ms).toFixed(2),
      medianOf(line, p99Ms).toFixed(2),
      `${(100 * medianOf(line, coreShare)).toFixed(0)} %`,
    ]
  })
  const absent = leftOut.map(({ name, why }) => `\n${name} is left out: it ${why}.`).join('\n')
  return `## ${title[0]?.toUpperCase()}${title.slice(1)}

${grouped(connections)} connections.

${markdownTable(header, rows)}
${absent}`
}

type TargetRow = [
  what: string,
  target: string,
  measured: number | undefined,
  shown: (value: number) => string,
  isMet: (value: number) => boolean,
]

function targets(result: Result): string {
  const twoDigits = (value: number) => value.toFixed(2)
  const rows: TargetRow[] = TARGETS.map(({ workload, against, atLeast }) => [
    `${workload}, by ${against}`,
    `≥ ${atLeast}`,
    ratio(result, workload, 'brink', against),
    twoDigits,
    (value) => value >= atLeast,
  ])
  rows.push([
    'crowd, by plaintext on fewer connections',
    `≥ ${CROWD_KEEPS}`,
    crowdKeeps(result),
    twoDigits,
    (value) => value >= CROWD_KEEPS,
  ])
  const atMost = (what: string, limit: number, measured: number | undefined, unit: string, digits = 0) =>
    rows.push([
      what,
      `≤ ${grouped(limit).replace(/^0$/, String(limit))}${unit}`,
      measured,
      (value) => `${digits > 0 ? value.toFixed(digits) : grouped(value)}${unit}`,
      (value) => value <= limit,
    ])
  atMost('p99 of crowd, brink’s by uws’s', 1, byUws(result, 'crowd'), '', 2)
  atMost('memory of an idle connection', IDLE_BYTES, idleBytes(result, 'brink'), ' B')
  const threaded = lineOf(result, 'plaintext', 'brink-thread')
  const javascript = threaded && medianOf(threaded, javascriptMicroseconds)
  atMost('JavaScript thread’s part of a request, loop on a thread', JAVASCRIPT_MICROSECONDS, javascript, ' µs', 2)
  atMost('importing the package', IMPORT_MS, startOf(result, 'importMs'), ' ms', 1)
  atMost('from serve() to the first answer', FIRST_ANSWER_MS, startOf(result, 'answerMs'), ' ms', 1)
  atMost('the addon, stripped', ADDON_BYTES, result.sizes.find(({ name }) => name === 'brink')?.bytes, ' B')
  return markdownTable(
    ['', 'target', 'measured', ''],
    rows.map(([what, target, measured, shown, isMet]) =>
      measured === undefined
        ? [what, target, 'not measured', '']
        : [what, target, shown(measured), isMet(measured) ? 'met' : '**short**'],
    ),
  )
}

function crowdKeeps(result: Result): number | undefined {
  const [crowd, few] = [lineOf(result, 'crowd', 'brink'), lineOf(result, 'plaintext', 'brink')]
  return crowd && few && medianOf(crowd, perCpuSecond) / medianOf(few, perCpuSecond)
}

function byUws(result: Result, workload: string): number | undefined {
  const [ours, theirs] = [lineOf(result, workload, 'brink'), lineOf(result, workload, 'uws')]
  return ours && theirs && medianOf(ours, p99Ms) / medianOf(theirs, p99Ms)
}

function idleBytes({ idle }: Result, name: string): number | undefined {
  const rounds = idle.find(({ peer }) => peer === name)?.rounds
  return rounds && median(rounds.map(({ bytesPerConnection }) => bytesPerConnection))
}

function startOf({ starts }: Result, figure: 'importMs' | 'answerMs'): number | undefined {
  const rounds = starts.find(({ peer }) => peer === 'brink')?.rounds
  return rounds && median(rounds.map((round) => round[figure]))
}

function figures({ idle, idleConnections, starts, sizes }: Result): string {
  const parts: string[] = []
  if (idle.length > 0) {
    const rows = idle.map(({ peer, rounds }) => [
      peer,
      grouped(median(rounds.map(({ bytesPerConnection }) => bytesPerConnection))),
      grouped(median(rounds.map(({ keptBytesPerConnection }) => keptBytesPerConnection))),
    ])
    parts.push(`## Memory of an idle connection

Of the server's processes (PSS), beside ${grouped(idleConnections)} connections that have had one request each, after a second of load.

${markdownTable(['', 'bytes for each', 'kept when they have left'], rows)}
`)
  }
  if (starts.length > 0) {
    const rows = starts.map(({ peer, rounds }) => [
      peer,
      median(rounds.map(({ importMs }) => importMs)).toFixed(1),
      median(rounds.map(({ answerMs }) => answerMs)).toFixed(1),
    ])
    parts.push(`## Start

In a new process each time, in milliseconds.

${markdownTable(['', 'import', 'from serving to the first answer'], rows)}
`)
  }
  if (sizes.length > 0) {
    const rows = sizes.map(({ name, bytes }) => [name, grouped(bytes)])
    parts.push(`## Size of the addon\n\n${markdownTable(['', 'bytes, stripped'], rows)}\n`)
  }
  return parts.join('\n')
}
