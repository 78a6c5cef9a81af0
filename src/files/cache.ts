/**
 * Keeps values up to a sum of weights. What was asked for since it was last looked at stays when room is made, the rest
 * goes, the oldest first: to be found costs a value nothing but a mark.
 */
export class Cache<Value extends object> {
  readonly #entries = new Map<string, { readonly value: Value; readonly weight: number; used: boolean }>()
  readonly #most: number
  #weight = 0

  /** @param most the sum of the weights, above which room is made; 0 keeps nothing */
  constructor(most: number) {
    this.#most = most
  }

  get weight(): number {
    return this.#weight
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    entry.used = true
    return entry.value
  }

  /** What is heavier than all that may be kept is not. */
  set(key: string, value: Value, weight: number): void {
    this.delete(key)
    if (weight > this.#most) return
    this.#entries.set(key, { value, weight, used: false })
    this.#weight += weight
    this.#makeRoom()
  }

  delete(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#weight -= entry.weight
  }

  /** Each entry is passed over at the most once, so this ends. */
  #makeRoom(): void {
    for (const [key, entry] of this.#entries) {
      if (this.#weight <= this.#most) return
      this.delete(key)
      if (!entry.used) continue
      entry.used = false
      // At the end of the order, where this loop comes to it once more if it must.
      this.#entries.set(key, entry)
      this.#weight += entry.weight
    }
  }
}
