// A queue by connection: the items of a connection in order, the connections in turn (round robin).

/** The items of one connection. The lines form a ring. */
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
  /** The line that is next. The one before it in the ring had the last turn. */
  #turn: Line<T> | undefined
  #taken = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Adds an item to its connection's line; a connection without a line joins at the end of the round. */
  add(slot: number, generation: number, item: T): void {
    const line = this.#lines[slot]
    this.#size += 1
    if (line !== undefined && line.generation === generation) line.waiting.push(item)
    else this.#join(slot, generation, item)
  }

  /** Takes the next item. After `most` items of one connection, the next connection follows. */
  take(most: number): T | undefined {
    if (this.#turn !== undefined && this.#taken >= most) this.#pass(this.#turn.next)
    const line = this.#turn
    if (line === undefined) return undefined
    this.#taken += 1
    this.#size -= 1
    // A line is never longer than the pipelining limit, so shift() is cheap.
    const item = line.waiting.shift() as T
    if (line.waiting.length === 0) this.#leave(line)
    return item
  }

  /** Removes all items of a connection. */
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
    // The line of the slot's earlier connection stays in the ring until it is removed or empty.
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
