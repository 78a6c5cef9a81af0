/** Work that goes on behind answers. */
export class WaitUntil {
  readonly #pending = new Set<Promise<unknown>>()

  /** `failed` is told of a rejection. */
  add(promise: PromiseLike<unknown>, failed: (error: unknown) => void): void {
    const settled: Promise<unknown> = Promise.resolve(promise)
      .then(undefined, failed)
      .finally(() => this.#pending.delete(settled))
    this.#pending.add(settled)
  }

  /** Resolves when there is none, of that which is added meanwhile as well. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending)
  }
}
