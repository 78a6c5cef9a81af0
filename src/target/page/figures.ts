// The figures of the last second, the tables beside the charts, and the sentence for whoever listens.
import { byId, fillTable, write } from './elements.js'
import { type Sample, type Statistics, sumOf } from './sample.js'
import { bytes, count, duration, small } from './words.js'

export function showSample(sample: Sample): void {
  const { seconds, answers, percentiles, open, faults, cpu } = sample
  const times = ['p50', 'p99', 'p99.9'] as const
  write(byId('figure-rate'), count(sumOf(answers) / (seconds || 1)))
  for (const name of times) write(byId(`figure-${name}`), percentiles[name] ? duration(percentiles[name]) : '–')
  write(byId('figure-open'), count(open))
  write(byId('figure-faults'), count(sumOf(faults) / (seconds || 1)))
  write(byId('figure-cpu'), small(cpu))
  write(byId('figure-phase'), phaseOf(sample) ?? 'none')
}

export function phaseOf({ phase }: Sample): string | undefined {
  return phase === undefined || phase === null ? undefined : String(phase)
}

/** The figures as a sentence. */
export function sentenceOf(sample: Sample): string {
  const { seconds, answers, percentiles, open, faults, cpu } = sample
  const failed = (answers['5xx'] ?? 0) + (answers['4xx'] ?? 0)
  const parts = [
    `${count(sumOf(answers) / (seconds || 1))} requests a second`,
    `${count(failed / (seconds || 1))} of them with status 400 or above`,
    `median ${duration(percentiles.p50 ?? 0)}, 99th percentile ${duration(percentiles.p99 ?? 0)}`,
    `${count(open)} open connections`,
    `${count(sumOf(faults) / (seconds || 1))} faults a second`,
    `${small(cpu)} cores`,
  ]
  return `${parts.join(', ')}.`
}

export function showStatistics(statistics: Statistics): void {
  const { verdict, errors = [], loops = [], faults = {} } = statistics
  write(byId('verdict'), verdict?.sentence ?? 'No statistics yet.')
  fillTable(
    byId('errors'),
    [{ title: 'At' }, { title: 'Code' }, { title: 'Message' }],
    errors.map(({ at = '', code = '', message = '' }) => [timeOf(at), code, message]).reverse(),
    'There was none.',
  )
  const accepted = loops.map((loop) => loop.accepted ?? 0)
  const most = Math.max(1, ...accepted)
  fillTable(
    byId('accepted'),
    [{ title: 'Loop' }, { title: 'Accepted', isNumber: true }, { title: 'Share' }],
    accepted.map((number, loop) => [
      `${loop}`,
      count(number),
      { share: number / most, label: `Loop ${loop}, of the most that one has accepted` },
    ]),
    'There is none.',
  )
  fillTable(
    byId('faults'),
    [{ title: 'Fault' }, { title: 'Answers', isNumber: true }],
    Object.entries(faults)
      .filter(([, number]) => number > 0)
      .sort(([, one], [, other]) => other - one)
      .map(([kind, number]) => [kind, count(number)]),
    'There was none.',
  )
  fillTable(
    byId('totals'),
    [{ title: 'What' }, { title: 'How many', isNumber: true }],
    totalsOf(statistics),
    'Nothing.',
  )
}

function totalsOf({ requests = 0, answers = {}, bytesIn = 0, bytesOut = 0, connections = {} }: Statistics): string[][] {
  const numbers = Object.entries(connections).filter((entry): entry is [string, number] => typeof entry[1] === 'number')
  return [
    ['requests', count(requests)],
    ...Object.entries(answers).map(([status, number]) => [`status ${status}`, count(number)]),
    ['bytes in', bytes(bytesIn)],
    ['bytes out', bytes(bytesOut)],
    ...numbers.map(([name, number]) => [`connections ${wordsOf(name)}`, count(number)]),
  ]
}

/** `closedByClient` as words. */
function wordsOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}

function timeOf(at: string): string {
  const date = new Date(at)
  return Number.isNaN(date.getTime()) ? at : date.toTimeString().slice(0, 8)
}
