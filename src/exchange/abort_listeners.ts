/** Something that must know when its client disconnects: an unanswered request, a body in transfer, a tunnel. */
export interface AbortListener {
  readonly slot: number
  readonly generation: number
  readonly sequence: number
  /** The client disconnected. With `half` it closed its sending side only, and may still read responses. */
  clientGone(half: boolean): void
  /** The next listener of the same connection. Only `AbortListeners` uses it. */
  nextListener: AbortListener | undefined
}

/** The listeners of all connections of a server, by the slot of their connection. */
export class AbortListeners<L extends AbortListener = AbortListener> {
  // Slots are few and dense. Most connections have at most one listener, so each slot has a linked list, not a set.
  readonly #first: (L | undefined)[] = []

  add(listener: L): void {
    listener.nextListener = this.#first[listener.slot]
    this.#first[listener.slot] = listener
  }

  /** Does nothing for a listener that was never added. */
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

  /** One of a connection, if there is any. */
  anyOf(slot: number, generation: number): L | undefined {
    let at = this.#first[slot]
    while (at !== undefined && at.generation !== generation) at = at.nextListener as L | undefined
    return at
  }

  /** Notifies all listeners of a connection. */
  gone(slot: number, generation: number, half: boolean): void {
    for (const listener of following(this.#first[slot])) {
      if (listener.generation === generation) listener.clientGone(half)
    }
  }

  /** Notifies every listener: the server has ended. */
  allGone(): void {
    for (const first of this.#first.slice()) for (const listener of following(first)) listener.clientGone(false)
  }
}

/** A listener and those after it. A listener may leave the list when it is notified. */
function* following(first: AbortListener | undefined): Generator<AbortListener> {
  for (let at = first; at !== undefined; ) {
    const next: AbortListener | undefined = at.nextListener
    yield at
    at = next
  }
}
