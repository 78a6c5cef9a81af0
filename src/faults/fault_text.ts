// Reads clauses, from a text or from an object of a plan. What is wrong here is wrong by the schema of plans as well; values
// are checked when all has been read.
import { describe } from '../runtime/describe.js'
import { didYouMean, nearest } from '../runtime/did_you_mean.js'
import { CLAUSE_NAMES, CLAUSES, type Clause, type ClauseName, clausesFor, type ReadClause } from './fault_clauses.js'
import { type FaultError, type FaultPlace, syntaxError } from './fault_error.js'
import { pointerTo } from './json_pointer.js'
import { TextReader } from './text_reader.js'

/** The longest text, in characters. */
export const LONGEST_TEXT = 2_000
/** The text that stands for no fault. */
export const NONE = 'none'

const NAME = /[A-Za-z][A-Za-z-]*/y

/** Clauses in the order in which they are written. */
export type ReadFaults = readonly { readonly name: ClauseName; readonly read: ReadClause; readonly place: FaultPlace }[]

/**
 * Reads a text such as `delay=10ms..50ms; status=503:5%`.
 * @throws FaultError `ERR_FAULT_SYNTAX`
 */
export function readText(text: string, scope: Clause['scope'], pointer?: string): ReadFaults {
  const reader = readerOf(text, pointer)
  const all = []
  do {
    all.push(readClause(reader, scope))
  } while (reader.takeSign(';') && !reader.isAtEnd)
  reader.skipSpace()
  if (!reader.isAtEnd) throw reader.expected('";" and the next clause, or the end')
  const found = all.filter((clause) => clause !== undefined)
  if (found.length < all.length && all.length > 1) {
    throw syntaxError(`"${NONE}" stands for no fault, and alone`, { text, pointer })
  }
  return found
}

/**
 * Reads an object such as `{ "delay": "10ms..50ms", "close": true }`.
 * @throws FaultError `ERR_FAULT_SYNTAX`
 */
export function readObject(object: object, scope: Clause['scope'], pointer: string): ReadFaults {
  return Object.entries(object).map(([key, value]) => {
    const at = pointerTo(pointer, key)
    const name = checkedName(key, scope, (complaint) => syntaxError(complaint, { pointer: at }))
    return { name, read: readValue(CLAUSES[name], value, at), place: { pointer: at } }
  })
}

function readValue(clause: Clause, value: unknown, pointer: string): ReadClause {
  if (value === true && clause.alone !== 'never') return clause.readAlone({ place: { pointer } })
  if (typeof value !== 'string' || clause.alone === 'must') {
    const expected = { may: 'a string, or true', must: 'true', never: 'a string' }[clause.alone]
    throw syntaxError(`Expected ${expected}, not ${describe(value)}`, { pointer })
  }
  const reader = readerOf(value, pointer)
  const read = clause.read(reader)
  reader.skipSpace()
  if (!reader.isAtEnd) throw reader.expected('"," and the next value, or the end')
  return read
}

/** Undefined for `none`. */
function readClause(reader: TextReader, scope: Clause['scope']): ReadFaults[number] | undefined {
  const { place, at } = reader
  const word = reader.take(NAME)
  if (word === undefined) throw reader.expected('the name of a clause, such as delay')
  if (word === NONE) return undefined
  const name = checkedName(word, scope, (complaint) => {
    reader.back(at)
    return syntaxError(complaint, place)
  })
  const clause: Clause = CLAUSES[name]
  if (reader.takeSign('=')) return { name, read: clause.read(reader), place }
  if (clause.alone === 'never') throw reader.expected(`"=" and a value behind ${name}`)
  return { name, read: clause.readAlone({ place }), place }
}

function checkedName(given: string, scope: Clause['scope'], error: (complaint: string) => FaultError): ClauseName {
  const known = clausesFor(scope)
  if ((known as readonly string[]).includes(given)) return given as ClauseName
  if ((CLAUSE_NAMES as readonly string[]).includes(given)) {
    throw error(`"${given}" concerns all requests or connections: it can only be a fault of the server, or of a phase`)
  }
  const hint = nearest(given, known) === undefined ? `: they are ${known.join(', ')}` : didYouMean(given, known)
  throw error(`There is no clause ${describe(given)}${hint}`)
}

/** Behind the space at the begin. */
function readerOf(text: string, pointer: string | undefined): TextReader {
  if (text.length > LONGEST_TEXT) {
    throw syntaxError(`A text of faults has ${LONGEST_TEXT} characters at most, not ${text.length}`, { pointer })
  }
  const reader = new TextReader(text, pointer)
  reader.skipSpace()
  return reader
}
