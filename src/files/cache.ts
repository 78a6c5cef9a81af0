/**
 * A cache with a limit on the sum of weights. Evicts the oldest values first, but keeps those that were used since
 * the last eviction (the CLOCK algorithm): a hit only sets a flag.
 */
export class Cache<Value extends object> {
  readonly #entries = new Map<string, { readonly value: Value; readonly weight: number; used: boolean }>()
  readonly #maxWeight: number
  #weight = 0

  /**
   * @param maxWeight the largest sum of weights; 0 keeps nothing
   */
  constructor(maxWeight: number) {
    this.#maxWeight = maxWeight
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

  /** A value that is heavier than the limit is not kept. */
  set(key: string, value: Value, weight: number): void {
    this.delete(key)
    if (weight > this.#maxWeight) return
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

  /** Each entry is moved at most once, so the loop ends. */
  #makeRoom(): void {
    for (const [key, entry] of this.#entries) {
      if (this.#weight <= this.#maxWeight) return
      this.delete(key)
      if (!entry.used) continue
      entry.used = false
      // Moved to the end, where this loop may reach it a second time.
      this.#entries.set(key, entry)
      this.#weight += entry.weight
    }
  }
}
