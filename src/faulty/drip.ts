/** Where a body is divided that is sent in pieces. */
export class Drip {
  readonly #length: number | undefined
  readonly #pieces: number
  #next = 1

  /** @param length of the body; undefined when nobody knows it: then each piece of its source is one. */
  constructor(pieces: number, length: number | undefined) {
    this.#length = length
    // None of them is empty.
    this.#pieces = Math.min(Math.max(1, pieces), length ?? Number.POSITIVE_INFINITY)
  }

  /** How many bytes belong to the piece that goes on behind so many bytes. */
  left(sent: number): number {
    return this.#end() - sent
  }

  /** Whether a piece ends behind so many bytes, and another one follows. */
  pausesAt(sent: number): boolean {
    if (this.#length === undefined) return true
    if (sent < this.#end()) return false
    this.#next += 1
    return sent < this.#length
  }

  #end(): number {
    if (this.#length === undefined) return Number.POSITIVE_INFINITY
    return Math.floor((this.#length * Math.min(this.#next, this.#pieces)) / this.#pieces)
  }
}
