// How far brink/node may differ from node:http, row by row. For good, and for a reason, or not yet as it should be: what is
// listed in not_yet.json is to be mended, and keeps new differences from hiding behind it. `npm run test:frameworks --
// --accept` writes the list anew.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * `order`: the events of each object are the same, between objects their order is not. `events`: clients see the same.
 * `bytes`: they do not, but the exchange ends. `hangs`: it does not.
 */
export type Extent = (typeof EXTENTS)[number]
const EXTENTS = ['order', 'events', 'bytes', 'hangs'] as const

interface Difference {
  /** Chapter and name of the rows. */
  readonly rows: RegExp
  readonly extent: Extent
  readonly why: string
}

const FOR_GOOD: readonly Difference[] = [
  {
    rows: /^bodies: chunks read by a pipe/,
    extent: 'bytes',
    why: 'Chunks of a request that arrive together are one piece of its body: chunks carry no meaning (RFC 9112, 7.1).',
  },
  {
    rows: /^connections: (a request behind one|an answer) that closes/,
    extent: 'events',
    why: 'The handler may not see a request behind an answer that closes: nothing could be sent (RFC 9112, 9.6).',
  },
  {
    rows: /^destroying: a handler that throws after its answer/,
    extent: 'bytes',
    why: 'Node leaves its parser in the middle of a request, and refuses the next one. brink answers it.',
  },
  {
    rows: /^refusals: (two hosts|no version)/,
    extent: 'bytes',
    why: 'brink refuses what two servers could read differently (RFC 9112, 3.2), and HTTP/0.9.',
  },
]

const LIST = join(dirname(fileURLToPath(import.meta.url)), '../../../test/frameworks/not_yet.json')
const notYet = (existsSync(LIST) ? JSON.parse(readFileSync(LIST, 'utf8')) : {}) as Record<string, Extent>

/** Before a row that differs, in the output of a part. */
export const DIFFERS = 'differs '
/** Before what is run next, in the output of a part. */
export const BEGINS = 'begins '

export function extentOf(row: string): Extent | undefined {
  return FOR_GOOD.find(({ rows }) => rows.test(row))?.extent ?? notYet[row]
}

/** Whether it is listed to be mended. */
export function isNotYet(row: string): boolean {
  return row in notYet
}

export function worse(one: Extent | undefined, other: Extent | undefined): Extent | undefined {
  const rank = (extent: Extent | undefined) => (extent === undefined ? -1 : EXTENTS.indexOf(extent))
  return rank(one) >= rank(other) ? one : other
}

/** Keeps what is listed of chapters that were not run. */
export function accept(found: readonly (readonly [row: string, extent: Extent])[], chapters: readonly string[]): void {
  const others = Object.entries(notYet).filter(([row]) => !chapters.some((chapter) => row.startsWith(`${chapter}: `)))
  const rows = found.filter(([row]) => !FOR_GOOD.some(({ rows }) => rows.test(row)))
  const sorted = [...others, ...rows].sort(([one], [other]) => (one < other ? -1 : 1))
  writeFileSync(LIST, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`)
}
