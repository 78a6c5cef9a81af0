/** Somebody who has to hear what becomes of a client: a request that is still answered, a body on its way. */
export interface Party {
  readonly slot: number
  readonly generation: number
  readonly sequence: number
  /** The client went away; when `half`, it has only stopped sending, and may still take its answers. */
  clientGone(half: boolean): void
  /** The next one of the same connection. Of use to `Parties` alone. */
  nextParty: Party | undefined
}

/** Those who are waiting for something of their clients, by the slots of their connections. */
export class Parties<P extends Party = Party> {
  // Slots are few and dense. Most connections have one party at the most, so they are lists, not sets.
  readonly #first: (P | undefined)[] = []

  add(party: P): void {
    party.nextParty = this.#first[party.slot]
    this.#first[party.slot] = party
  }

  /** Also for one that was never added. */
  remove(party: P): void {
    const first = this.#first[party.slot]
    if (first === party) {
      this.#first[party.slot] = party.nextParty as P | undefined
      return
    }
    for (let at: Party | undefined = first; at !== undefined; at = at.nextParty) {
      if (at.nextParty !== party) continue
      at.nextParty = party.nextParty
      return
    }
  }

  find(slot: number, generation: number, sequence: number): P | undefined {
    let at = this.#first[slot]
    while (at !== undefined && (at.sequence !== sequence || at.generation !== generation)) {
      at = at.nextParty as P | undefined
    }
    return at
  }

  /** One of a connection, or nobody. */
  anyOf(slot: number, generation: number): P | undefined {
    let at = this.#first[slot]
    while (at !== undefined && at.generation !== generation) at = at.nextParty as P | undefined
    return at
  }

  /** Tells all of a connection. */
  gone(slot: number, generation: number, half: boolean): void {
    for (const party of following(this.#first[slot])) if (party.generation === generation) party.clientGone(half)
  }

  /** Tells everybody: the server has ended. */
  allGone(): void {
    for (const first of this.#first.slice()) for (const party of following(first)) party.clientGone(false)
  }
}

/** A party and those behind it. Whoever is told may leave the list. */
function* following(first: Party | undefined): Generator<Party> {
  for (let at = first; at !== undefined; ) {
    const next: Party | undefined = at.nextParty
    yield at
    at = next
  }
}
