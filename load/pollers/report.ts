// load/reports/pollers.md: the numbers behind the picture.

import { javascriptMicroseconds, othersShare, p99Ms, perCpuSecond, type Sample } from '../sample.js'
import { median } from '../statistics.js'
import { grouped, markdownTable } from '../table.js'
import { costRatios, type MeasuredLine, medians, type Result } from './result.js'

/** How much more a request may cost with epoll beside ten thousand idle connections. */
const ALLOWED_RATIO = 1.05

export function report(result: Result): string {
  const { connections, seconds, rounds, idle } = result
  return `# What idle connections cost, by poller

![Requests per second of server CPU time against idle connections](pollers.svg)

${connections} connections ask for \`/plaintext\`, one request at a time each, beside others that had one answer and are silent
since. The server has one core, the load generator (${result.generator}) another. Each number is the median of ${rounds} rounds of ${seconds} s; a
line has a fresh server each round. *Inline* runs the loop on the JavaScript thread, all others run it on a thread of
its own (\`--threads 1\`).

${[...costOfIdle(result), ...limits(result)].map((sentence) => `- ${sentence}`).join('\n')}

Measured ${result.date} on ${result.machine}.
Other programs took ${othersPercent(result)} % of the server's core meanwhile (the median): waiting for them is in the p99, what they
pushed out of its caches in the CPU time. To repeat it: \`npm run load:pollers\`.

## Requests per second of server CPU time

Answers divided by the CPU time, user and system, of all of the server's threads.

${tableOf(idle, result.lines, perCpuSecond, grouped)}

## p99, in milliseconds

As the load generator saw it, sending as fast as answers came.

${tableOf(idle, result.lines, p99Ms, (value) => value.toFixed(2))}

## CPU time of the JavaScript thread a request, in microseconds

Inline, that is the whole server. On a thread host it is what a request leaves for JavaScript to do: the route, the
handler, and its share of a batch's crossing.

${tableOf(idle, result.lines, javascriptMicroseconds, (value) => value.toFixed(2))}
`
}

/** For each kind of epoll, whose cost must not depend on who is silent. */
function costOfIdle({ lines, idle }: Result): string[] {
  const [least = 0, most = 0] = [idle[0], idle.at(-1)]
  return lines
    .filter(({ backend }) => backend.startsWith('epoll'))
    .map((line) => {
      const ratios = costRatios(line)
      const verdict = median(ratios) < ALLOWED_RATIO ? 'within' : 'OVER'
      const rounds = `the rounds' median, of ${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`
      return `**${line.name}**: a request takes ${median(ratios).toFixed(3)} times the CPU time beside ${grouped(most)} idle connections that it takes beside ${grouped(least)} (${rounds}); ${verdict} the ${ALLOWED_RATIO} that is allowed.`
    })
}

function othersPercent({ lines }: Result): string {
  const shares = lines.flatMap(({ samples }) => samples.flat().map(othersShare))
  return (100 * median(shares)).toFixed(0)
}

function limits({ lines }: Result): string[] {
  return lines.flatMap(({ name, limit }) =>
    limit === undefined ? [] : [`**${name}** took ${grouped(limit)} connections and answered the next one with 503.`],
  )
}

function tableOf(
  idle: number[],
  lines: MeasuredLine[],
  figure: (sample: Sample) => number,
  shown: (value: number) => string,
): string {
  const header = ['idle connections', ...idle.map(grouped)]
  const rows = lines.map((line) => {
    const values = medians(line, figure)
    return [line.name, ...idle.map((_, column) => (values[column] === undefined ? 'full' : shown(values[column])))]
  })
  return markdownTable(header, rows)
}
