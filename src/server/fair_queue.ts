// What waits, by connection: each connection's in its order, and the connections in turn.

/** What of one connection waits. The lines stand in a ring. */
interface Line<T> {
  readonly slot: number
  readonly generation: number
  readonly waiting: T[]
  next: Line<T>
  previous: Line<T>
}

export class FairQueue<T> {
  // Slots are few and dense.
  readonly #lines: (Line<T> | undefined)[] = []
  /** Whose turn it is. Before it stands who had the last one. */
  #turn: Line<T> | undefined
  #taken = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Behind what waits of its connection; a connection of which nothing waits comes last in the round. */
  add(slot: number, generation: number, item: T): void {
    const line = this.#lines[slot]
    this.#size += 1
    if (line !== undefined && line.generation === generation) line.waiting.push(item)
    else this.#join(slot, generation, item)
  }

  /** What is next. A connection's turn is over when so many of it were taken one after the other. */
  take(most: number): T | undefined {
    if (this.#turn !== undefined && this.#taken >= most) this.#pass(this.#turn.next)
    const line = this.#turn
    if (line === undefined) return undefined
    this.#taken += 1
    this.#size -= 1
    // There are never more of one connection than are answered at a time.
    const item = line.waiting.shift() as T
    if (line.waiting.length === 0) this.#leave(line)
    return item
  }

  /** Takes out all of a connection. */
  remove(slot: number, generation: number): T[] {
    const line = this.#lines[slot]
    if (line === undefined || line.generation !== generation) return []
    this.#size -= line.waiting.length
    this.#leave(line)
    return line.waiting
  }

  clear(): void {
    this.#lines.length = 0
    this.#pass(undefined)
    this.#size = 0
  }

  #join(slot: number, generation: number, item: T): void {
    const first = this.#turn
    const line = { slot, generation, waiting: [item] } as unknown as Line<T>
    line.next = first ?? line
    line.previous = first?.previous ?? line
    line.previous.next = line
    line.next.previous = line
    if (first === undefined) this.#pass(line)
    // An earlier connection of the slot stays in the ring until it is removed, or has had its turns.
    this.#lines[slot] = line
  }

  #leave(line: Line<T>): void {
    if (this.#lines[line.slot] === line) this.#lines[line.slot] = undefined
    if (this.#turn === line) this.#pass(line.next === line ? undefined : line.next)
    line.previous.next = line.next
    line.next.previous = line.previous
  }

  #pass(turn: Line<T> | undefined): void {
    this.#turn = turn
    this.#taken = 0
  }
}
