/** Promises that `server.close()` waits for. */
export class WaitUntil {
  readonly #pending = new Set<Promise<unknown>>()

  /** A rejection is passed to `failed`. */
  add(promise: PromiseLike<unknown>, failed: (error: unknown) => void): void {
    const settled: Promise<unknown> = Promise.resolve(promise)
      .then(undefined, failed)
      .finally(() => this.#pending.delete(settled))
    this.#pending.add(settled)
  }

  /** Resolves when all promises are settled, including those that are added meanwhile. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending)
  }
}
