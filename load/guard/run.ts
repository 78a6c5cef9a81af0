// Does a request still take no more work than it did? Counts instructions and system calls, and compares them with those
// that were accepted.
//
//   npm run load:guard
//   npm run load:guard -- --accept     # what is counted now is what will be compared with

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { buildProgram, type Course, countedWith, coursesOf, instructionsOf } from './instructions.js'
import { canTrace, countCalls, isExact } from './system_calls.js'

const FILE = 'load/guard/baseline.json'
const MOST_MORE_PERCENT = 3

interface Baseline {
  /** Instructions for a request, by what they were counted with and by course. */
  instructions: Record<string, Record<string, number>>
  /** System calls, by course and kind. */
  calls: Record<string, Record<string, number>>
}

const { values } = parseArgs({ options: { accept: { type: 'boolean', default: false } } })
const baseline: Baseline = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, 'utf8')) as Baseline)
  : { instructions: {}, calls: {} }
const total = { passed: 0, failed: 0 }

/** Judges one number; without one to compare with there is nothing to fail. */
function judge(what: string, counted: number, accepted: number | undefined, digits: number): void {
  const holds = values.accept || accepted === undefined || isWithin(counted, accepted)
  holds ? total.passed++ : total.failed++
  console.log(`${holds ? 'ok  ' : 'FAIL'} ${what}: ${counted.toFixed(digits)}, ${compared(counted, accepted, digits)}`)
}

/** Of next to nothing, a little more is no matter. */
function isWithin(counted: number, accepted: number): boolean {
  return counted - accepted <= Math.max((accepted * MOST_MORE_PERCENT) / 100, 0.005)
}

function compared(counted: number, accepted: number | undefined, digits: number): string {
  if (accepted === undefined) return 'with nothing to compare it with'
  if (accepted === 0) return `it was ${accepted.toFixed(digits)}`
  return `${signed((100 * (counted - accepted)) / accepted)} % of ${accepted.toFixed(digits)}`
}

const signed = (percent: number) => (percent < -0.005 ? percent.toFixed(2) : `+${Math.abs(percent).toFixed(2)}`)

/** What is not installed here is not looked at, but not where everything is to be looked at. */
function missing(why: string): void {
  if (process.env.CI === 'true') total.failed++
  console.log(`${process.env.CI === 'true' ? 'FAIL' : 'skip'} ${why}`)
}

async function guardInstructions(): Promise<void> {
  const tools = countedWith()
  if ('missing' in tools) return missing(tools.missing)
  const program = await buildProgram()
  const accepted = baseline.instructions[tools.key]
  if (accepted === undefined) {
    console.log(`There are no accepted counts for ${tools.key}: instructions are told, and not judged.`)
  }
  const counts: Record<string, number> = {}
  const courses = coursesOf(program)
  for (const [index, count] of (await instructionsOf(program, courses)).entries()) {
    const { name } = courses[index] as Course
    judge(`instructions for a request, ${name}`, count, accepted?.[name], 1)
    counts[name] = round(count)
  }
  if (values.accept) baseline.instructions[tools.key] = counts
}

async function guardCalls(): Promise<void> {
  const why = canTrace()
  if (why !== undefined) return missing(why)
  for (const { name, unit, calls } of await countCalls()) {
    for (const [kind, count] of Object.entries(calls)) {
      const what = `system calls for a ${unit}, ${name}, ${kind}`
      if (isExact(kind)) judge(what, count, baseline.calls[name]?.[kind], 3)
      else console.log(`     ${what}: ${count.toFixed(3)}, not judged`)
    }
    const exact = Object.entries(calls).filter(([kind]) => isExact(kind))
    if (values.accept) baseline.calls[name] = Object.fromEntries(exact.map(([kind, count]) => [kind, round(count)]))
  }
}

const round = (value: number) => Math.round(value * 1000) / 1000

await guardInstructions()
await guardCalls()
if (values.accept) {
  writeFileSync(FILE, `${JSON.stringify(baseline, null, 2)}\n`)
  console.log(`Accepted: ${FILE}`)
}
if (total.failed > 0) {
  console.log(`A request takes more than ${MOST_MORE_PERCENT} % more than was accepted. Find out why; if it is worth it, accept it with
"npm run load:guard -- --accept", commit ${FILE}, and say in the commit what it is for.`)
}
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0
