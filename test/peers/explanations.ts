// Why brink and a peer differ.
import type { Difference, Outcome } from './comparison.js'
import type { PeerName } from './peers.js'
import type { RuleName, Trait } from './rules.js'

export interface Explanation {
  readonly peer: PeerName
  readonly about: RuleName | Trait
  readonly others: readonly Outcome[]
  readonly why: string
}

export const explanations: readonly Explanation[] = []

export function explanationOf({ peer, other, broken, traits }: Difference): Explanation | undefined {
  return explanations.find(
    (row) => row.peer === peer && row.others.includes(other) && [...broken, ...traits].includes(row.about),
  )
}
