// load/reports/compare.md: the numbers behind the picture, with the targets beside them.

import { othersShare, p50Ms, p99Ms, perCpuSecond } from '../sample.js'
import { median } from '../statistics.js'
import { capitalised, grouped, markdownTable } from '../table.js'
import { figures } from './report_of_figures.js'
import { targets } from './report_of_targets.js'
import { coreShare, type MeasuredWorkload, medianOf, oursOf, type Result, ratioOf } from './result.js'
import { WHAT_IS_SPOKEN } from './tls.js'
import { WORKLOADS } from './workloads.js'

/** @param name of the picture beside it */
export function report(result: Result, name: string): string {
  return [
    `# brink and its peers

![Requests per second of server CPU time, by workload and server](${name}.svg)

${howMeasured(result)}
${result.saturates ? '' : tooSlow(result)}
${whereMeasured(result)}

${result.peers.map(({ name, about }) => `- **${name}**: ${about}`).join('\n')}
${result.missing.map(({ name, why }) => `- ${name} is left out: ${why}`).join('\n')}

## Side by side

Requests per CPU second of brink, divided by the other's: above 1, brink takes less for the same work.

${overview(result)}

## Targets

The same ratios, and other figures.

${targets(result)}
`,
    ...result.workloads.map(workload),
    ...figures(result),
  ].join('\n')
}

function howMeasured({ generator }: Result): string {
  return `Every server does the same work with the same answers, which is checked before it is measured. Each has one core, the
load generator (${generator}) another, and they are measured in turn, round after round. What is told is requests per second
of *server CPU time*, user and system, of all of its processes, from the operating system's account: on a machine that
is shared, requests per second say more about the others. Numbers are medians over the rounds.`
}

function tooSlow({ generator }: Result): string {
  return `
**${generator} cannot saturate these servers**: it is slower than they are, so they idle between requests, and a request
costs them more than under load. Install wrk to compare them there.
`
}

function whereMeasured({ date, machine, workloads }: Result): string {
  const shares = workloads.flatMap(({ lines }) => lines.flatMap(({ samples }) => samples.map(othersShare)))
  return `Measured ${date} on ${machine}.
Other programs took ${(100 * median(shares)).toFixed(0)} % of the server's core meanwhile (the median): waiting for them is in the latencies, what they
pushed out of its caches in the CPU time. To repeat it: \`npm run load:compare\`.`
}

function overview(result: Result): string {
  const others = result.peers.map(({ name }) => name).filter((name) => name !== 'brink')
  const rows = result.workloads.map(({ name, title }) => [
    title,
    ...others.map((other) => ratioOf(result, name, other)?.toFixed(2) ?? ''),
  ])
  return markdownTable(['', ...others], rows)
}

const isSecure = (workload: string) => WORKLOADS.some(({ name, needs }) => name === workload && needs === 'tls')

/** A generator does not tell all of them. */
const milliseconds = (value: number) => (Number.isFinite(value) ? value.toFixed(2) : '')

function workload(measured: MeasuredWorkload): string {
  const { name, title, connections, generator, rounds, seconds, date, lines, leftOut } = measured
  const ours = lines.find(({ peer }) => peer === oursOf(measured))
  const header = [
    '',
    'requests per CPU second',
    'from … to',
    `${oursOf(measured)} ÷ it`,
    'p50 ms',
    'p99 ms',
    'of its core',
  ]
  const rows = lines.map((line) => {
    const rates = line.samples.map(perCpuSecond)
    return [
      line.peer,
      grouped(median(rates)),
      `${grouped(Math.min(...rates))} … ${grouped(Math.max(...rates))}`,
      ours ? (medianOf(ours, perCpuSecond) / median(rates)).toFixed(2) : '',
      milliseconds(medianOf(line, p50Ms)),
      milliseconds(medianOf(line, p99Ms)),
      `${(100 * medianOf(line, coreShare)).toFixed(0)} %`,
    ]
  })
  const absent = leftOut.map(({ name, why }) => `\n${name} is left out: it ${why}.\n`).join('')
  return `## ${capitalised(title)}

${grouped(connections)} connections${generator ? ` of ${generator}` : ''}; ${rounds} rounds of ${seconds} s, ${date}.${isSecure(name) ? `\nSpoken: ${WHAT_IS_SPOKEN}.` : ''}

${markdownTable(header, rows)}
${absent}`
}
