// Compares what servers answered on a connection: first brink with the book, then a peer with brink.

import type { Answer } from './answers.js'
import type { PeerName } from './peers.js'
import type { RuleName, Trait } from './rules.js'
import type { Expected } from './the_book.js'

/** What became of one request. */
export type Outcome =
  /** The app saw it. */
  | 'accepted'
  /** The app saw something else in it. */
  | 'read otherwise'
  /** It was answered with 204: the server answered, not the app. */
  | 'answered'
  | '4xx'
  | '5xx'
  /** An answer that is no HTTP/1.x, as to HTTP/0.9. */
  | 'headless'
  /** The connection ended. */
  | 'silence'

/** Where a peer departs from brink: the request, and what each made of it. */
export interface Difference {
  readonly peer: PeerName
  readonly brink: Outcome
  readonly other: Outcome
  readonly broken: readonly RuleName[]
  readonly traits: readonly Trait[]
}

export function outcomeOf(answer: Answer | undefined): Outcome {
  if (answer === undefined) return 'silence'
  if (answer.seen !== undefined) return 'accepted'
  if (answer.status === 0) return 'headless'
  return answer.status < 300 ? 'answered' : answer.status < 500 ? '4xx' : '5xx'
}

/** What brink should have answered and did not, in a sentence; undefined where it is by the book. */
export function departureFromBook(answers: readonly Answer[], book: readonly Expected[]): string | undefined {
  const count = Math.max(answers.length, book.length)
  for (let at = 0; at < count; at += 1) {
    const answer = answers[at]
    const expected = book[at]
    if (!isByTheBook(answer, expected)) return `answer ${at + 1} is ${told(answer)}, and should be ${asked(expected)}`
  }
  return undefined
}

function isByTheBook(answer: Answer | undefined, expected: Expected | undefined): boolean {
  if (expected === undefined) return answer === undefined
  if (answer === undefined) return expected.traits.includes('an end in the middle')
  return answer.seen === expected.seen && expected.statuses.includes(answer.status)
}

/** The first answer in which a peer departs from brink. */
export function differenceFrom(
  peer: PeerName,
  brink: readonly Answer[],
  other: readonly Answer[],
  book: readonly Expected[],
): Difference | undefined {
  const count = Math.max(brink.length, other.length)
  for (let at = 0; at < count; at += 1) {
    const [ours, theirs] = [brink[at], other[at]]
    const [outcome, otherOutcome] = [outcomeOf(ours), outcomeOf(theirs)]
    if (outcome === otherOutcome && ours?.seen === theirs?.seen) continue
    const readOtherwise = outcome === 'accepted' && otherOutcome === 'accepted'
    // A silence may have to do with what came before it, as with a request that ended the connection.
    const silent = outcome === 'silence' || otherOutcome === 'silence'
    const concerned = book.slice(silent ? Math.max(0, at - 1) : at, at + 1)
    return {
      peer,
      brink: outcome,
      other: readOtherwise ? 'read otherwise' : otherOutcome,
      broken: concerned.flatMap(({ broken }) => broken),
      traits: concerned.flatMap(({ traits }) => traits),
    }
  }
  return undefined
}

export function told(answer: Answer | undefined): string {
  if (answer === undefined) return 'silence'
  return answer.seen === undefined ? String(answer.status) : `${answer.status} to ${answer.seen}`
}

function asked(expected: Expected | undefined): string {
  if (expected === undefined) return 'silence'
  const { seen, statuses, broken, traits } = expected
  if (seen !== undefined) return `200 to ${seen}`
  return `${statuses.join(' or ')} for ${[...broken, ...traits].join(', ')}`
}
