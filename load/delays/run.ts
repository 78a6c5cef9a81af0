// How exact are delayed answers, when ten thousand wait at once?
//
//   npm run load:delays
//   npm run load:delays -- --answers 1000 --rounds 5
//
// Measured twice: by timers alone, Node's own beside those of the target, in one process; and by clients, each with a
// connection, from the request to the answer. What a client sees has the way there and back in it, and the time that the
// client itself is late, so answers without a delay are measured as well. Run it on a machine that has nothing else to do, with
// two cores or more.

import { parseArgs } from 'node:util'
import { machine } from '../machine.js'
import { startProgram } from '../server.js'
import { table } from '../table.js'
import { measure } from './client.js'

// load/ is a package of its own, to which the types of the modules are not known.
const { ExactTimers } = (await import(new URL('../../faults/exact_timers.js', import.meta.url).href)) as {
  ExactTimers: new () => { after(ms: number, run: () => void): unknown }
}

const { values } = parseArgs({
  options: { answers: { type: 'string', default: '10000' }, rounds: { type: 'string', default: '3' } },
})
const answers = Number(values.answers)
const rounds = Number(values.rounds)
/** All have been asked for when the first one comes. */
const LEAST_MS = 3500
const MOST_MS = 5500

function row(name: string, errors: readonly number[]): string[] {
  const sorted = [...errors].sort((one, other) => one - other)
  const at = (share: number): string =>
    (sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0).toFixed(2)
  const early = sorted.filter((error) => error < 0).length
  return [name, at(0), at(0.5), at(0.99), at(0.999), at(1), String(early)]
}

/** Timers that end evenly within two seconds. */
function timersAlone(after: (ms: number, run: () => void) => unknown): Promise<number[]> {
  return new Promise((resolve) => {
    const errors: number[] = []
    // Those of the target do not keep a process.
    const guard = setTimeout(() => {}, 60_000)
    for (let at = 0; at < answers; at += 1) {
      const delay = 50 + (2000 * ((at * 7919) % answers)) / answers
      const due = performance.now() + delay
      after(delay, () => {
        errors.push(performance.now() - due)
        if (errors.length < answers) return
        clearTimeout(guard)
        resolve(errors)
      })
    }
  })
}

const rows: string[][] = []
for (let round = 0; round < rounds; round += 1) {
  rows.push(row('setTimeout', await timersAlone((ms, run) => setTimeout(run, ms))))
  const exact = new ExactTimers()
  rows.push(row('exact timers', await timersAlone((ms, run) => exact.after(ms, run))))
}

const server = await startProgram([process.execPath, ['dist/cli.js', 'target', '--host', '127.0.0.1', '--port', '0']])
try {
  const port = Number(new URL(server.url).port)
  // Both programs compile what runs often.
  await measure(port, Math.min(answers, 3000), 500, 1500)
  for (let round = 0; round < rounds; round += 1) {
    rows.push(row('an answer at once, one after the other', await oneByOne(port)))
    rows.push(row('a delayed answer', await measure(port, answers, LEAST_MS, MOST_MS)))
  }
} finally {
  await server.stop()
}

console.log(`${answers} at once, which end within two seconds. Milliseconds beyond the delay:

${table(['', 'least', 'median', 'p99', 'p99.9', 'most', 'early'], rows)}

${machine()}`)

/** What the way there and back takes, and the client. */
async function oneByOne(port: number): Promise<number[]> {
  const errors: number[] = []
  for (let each = 0; each < 200; each += 1) errors.push(...(await measure(port, 1, 0, 0)))
  return errors
}
