// What does each poller cost, with more and more connections that are open and say nothing?
//
//   npm run load:pollers                            # writes load/reports/pollers.svg and .md
//   npm run load:pollers -- --rounds 5 --seconds 4
//   npm run load:pollers -- --draw                  # writes them from the last run's numbers
//
// The rounds go over all lines in turn, every second one backwards, so that a minute in which the machine was busy with
// something else is no line's alone. What is told for each is requests per second of server CPU time.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { bestGenerator } from '../generators.js'
import { machine } from '../machine.js'
import { perCpuSecond } from '../sample.js'
import { grouped } from '../table.js'
import { linesToMeasure } from './line.js'
import { picture } from './picture.js'
import { report } from './report.js'
import type { MeasuredLine, Result } from './result.js'
import { measureRound, type Round } from './round.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    connections: { type: 'string', default: '64' },
    idle: { type: 'string', default: '0,100,900,5000,10000' },
    to: { type: 'string', default: 'load/reports' },
    draw: { type: 'boolean', default: false },
  },
})
const numbersFile = `${values.to}/pollers.json`

async function measure(): Promise<Result> {
  if (process.platform !== 'linux') throw new Error('The CPU time of single threads can be read on Linux only.')
  const generator = bestGenerator()
  // Ascending: the line of a server that is full ends there.
  const idle = values.idle
    .split(',')
    .map(Number)
    .toSorted((a, b) => a - b)
  const result: Result = {
    machine: machine(),
    generator: generator.name,
    date: new Date().toISOString().slice(0, 10),
    connections: Number(values.connections),
    seconds: Number(values.seconds),
    rounds: Number(values.rounds),
    idle,
    lines: linesToMeasure().map((line) => ({ ...line, samples: idle.map(() => []) })),
  }
  for (let round = 1; round <= result.rounds; round++) {
    const forwards = round % 2 === 1
    for (const line of forwards ? result.lines : result.lines.toReversed()) {
      const plan = { ...result, idle: forwards ? idle : idle.toReversed() }
      const measured = await measureRound(line, plan, generator)
      keep(line, idle, measured)
      const rates = [...measured.samples].map(
        ([count, sample]) => `${grouped(count)} idle ${grouped(perCpuSecond(sample))}`,
      )
      console.log(`round ${round}, ${line.name}: ${rates.join(', ')}`)
    }
  }
  return result
}

function keep(line: MeasuredLine, idle: number[], { samples, limit }: Round): void {
  for (const [column, count] of idle.entries()) {
    const sample = samples.get(count)
    if (sample !== undefined) line.samples[column]?.push(sample)
  }
  if (limit !== undefined) line.limit = limit
}

const result = values.draw ? (JSON.parse(readFileSync(numbersFile, 'utf8')) as Result) : await measure()
mkdirSync(values.to, { recursive: true })
writeFileSync(numbersFile, `${JSON.stringify(result, null, 2)}\n`)
writeFileSync(`${values.to}/pollers.svg`, picture(result))
writeFileSync(`${values.to}/pollers.md`, report(result))
console.log(`Written: ${values.to}/pollers.svg, pollers.md`)
