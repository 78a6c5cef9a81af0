// The verdict of a trial, for people.

import { columns } from '../columns.js'
import type { Explanation } from './explanations.js'
import { RULES, TRAITS } from './rules.js'
import type { Verdict } from './trial.js'

const SECTIONS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(RULES).map(([name, { section }]) => [name, section])),
  ...TRAITS,
}

/** The differences that have an explanation, the most frequent of each peer first. */
export function explainedTable({ explained }: Verdict): string {
  const rows = [...explained].sort(([a, countA], [b, countB]) => a.peer.localeCompare(b.peer) || countB - countA)
  return columns(
    ['times', 'peer', 'brink', 'the peer', 'about'],
    rows.map(([row, count]) => [
      String(count),
      row.peer,
      row.brink.join(', '),
      row.other.join(', '),
      `${row.about.join('; ')} (${sectionsOf(row)}): ${row.why}`,
    ]),
  )
}

function sectionsOf({ about }: Explanation): string {
  return [...new Set(about.map((name) => SECTIONS[name] as string))].join(', ')
}
