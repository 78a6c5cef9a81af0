/** What has to hear that a client has gone: a request that is still answered, a body on its way, a tunnel. */
export interface AbortListener {
  readonly slot: number
  readonly generation: number
  readonly sequence: number
  /** The client went away; when `half`, it has only stopped sending, and may still take its answers. */
  clientGone(half: boolean): void
  /** The next one of the same connection. Only `AbortListeners` uses it. */
  nextListener: AbortListener | undefined
}

/** The listeners of all connections of a server, by the slots of their connections. */
export class AbortListeners<L extends AbortListener = AbortListener> {
  // Slots are few and dense. Most connections have one listener at the most, so they are lists, not sets.
  readonly #first: (L | undefined)[] = []

  add(listener: L): void {
    listener.nextListener = this.#first[listener.slot]
    this.#first[listener.slot] = listener
  }

  /** Does nothing for one that was never added. */
  remove(listener: L): void {
    const first = this.#first[listener.slot]
    if (first === listener) {
      this.#first[listener.slot] = listener.nextListener as L | undefined
      return
    }
    for (let at: AbortListener | undefined = first; at !== undefined; at = at.nextListener) {
      if (at.nextListener !== listener) continue
      at.nextListener = listener.nextListener
      return
    }
  }

  find(slot: number, generation: number, sequence: number): L | undefined {
    let at = this.#first[slot]
    while (at !== undefined && (at.sequence !== sequence || at.generation !== generation)) {
      at = at.nextListener as L | undefined
    }
    return at
  }

  /** Tells all listeners of a connection. */
  gone(slot: number, generation: number, half: boolean): void {
    for (const listener of following(this.#first[slot])) {
      if (listener.generation === generation) listener.clientGone(half)
    }
  }

  /** Tells every listener: the server has ended. */
  allGone(): void {
    for (const first of this.#first.slice()) for (const listener of following(first)) listener.clientGone(false)
  }
}

/** A listener and those behind it. One that is told may leave the list. */
function* following(first: AbortListener | undefined): Generator<AbortListener> {
  for (let at = first; at !== undefined; ) {
    const next: AbortListener | undefined = at.nextListener
    yield at
    at = next
  }
}
