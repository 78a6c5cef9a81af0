// Puts cases to brink and its peers, and sorts what comes of them.

import type { Answer } from './answers.js'
import { askAll } from './asking.js'
import { type Difference, departureFromBook, differenceFrom, told } from './comparison.js'
import { type Explanation, explanationOf } from './explanations.js'
import { type Case, makeCase } from './generator.js'
import { type Contestant, type PeerName, startBrink, startPeer } from './peers.js'
import { readByTheBook } from './the_book.js'

export interface Verdict {
  /** Connections, each with a case of its own. */
  readonly cases: number
  /** How often the app saw a request, and how often one was refused. */
  readonly accepted: number
  readonly refused: number
  /** How often each explanation was needed. */
  readonly explained: ReadonlyMap<Explanation, number>
  /** One a case: brink is not by the book there, or a peer departs from it for no reason that is known. */
  readonly failures: readonly string[]
}

const AT_ONCE = 8

/** Puts the cases of so many seeds, from the first on. */
export async function runTrial(peers: readonly PeerName[], first: number, count: number): Promise<Verdict> {
  const brink = await startBrink()
  const others: (readonly [PeerName, Contestant])[] = []
  const tally = new Tally()
  try {
    for (const name of peers) others.push([name, await startPeer(name)])
    let seed = first
    const work = async () => {
      while (seed < first + count) await tally.take(makeCase(seed++), brink, others)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
  } finally {
    await brink.stop()
    for (const [, other] of others) await other.stop()
  }
  return { cases: count, ...tally }
}

class Tally {
  accepted = 0
  refused = 0
  readonly explained = new Map<Explanation, number>()
  readonly failures: string[] = []

  async take(given: Case, brink: Contestant, others: readonly (readonly [PeerName, Contestant])[]): Promise<void> {
    const book = readByTheBook(given.bytes)
    const answers = await askAll(brink.port, given.pieces)
    for (const { seen } of answers) {
      if (seen === undefined) this.refused += 1
      else this.accepted += 1
    }
    const departure = departureFromBook(answers, book)
    if (departure !== undefined) return this.#fail(given, [`brink is not by the book: ${departure}`])
    const complaints: string[] = []
    for (const [name, other] of others) {
      const theirs = await askAll(other.port, given.pieces)
      const difference = differenceFrom(name, answers, theirs, book)
      if (difference === undefined) continue
      const explanation = explanationOf(difference)
      if (explanation === undefined) complaints.push(...unexplained(difference, answers, theirs))
      else this.explained.set(explanation, (this.explained.get(explanation) ?? 0) + 1)
    }
    if (complaints.length > 0) this.#fail(given, complaints)
  }

  #fail({ seed, what, pieces }: Case, complaints: readonly string[]): void {
    const sent = pieces.map((piece) => JSON.stringify(piece)).join(' + ')
    this.failures.push([...complaints, `seed ${seed}, ${what}: ${sent}`].join('\n'))
  }
}

function unexplained(difference: Difference, ours: readonly Answer[], theirs: readonly Answer[]): string[] {
  const { peer, brink, other, broken, traits } = difference
  const reasons = [...broken, ...traits].join(', ') || 'nothing out of the ordinary'
  return [
    `${peer} differs without an explanation: ${brink} by brink, ${other} by ${peer} (${reasons})`,
    `brink: ${ours.map(told).join(' | ')}`,
    `${peer}: ${theirs.map(told).join(' | ')}`,
  ]
}
