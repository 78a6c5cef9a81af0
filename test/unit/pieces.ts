// Bodies in pieces, as they come over a network, and back.

import type { Random } from '../peers/random.js'

/** The bytes in pieces of any size, some of them empty, some a turn of the event loop after the others. */
export async function* inPieces(bytes: Uint8Array, random: Random): AsyncGenerator<Uint8Array> {
  const most = random.one([2, 16, 256, 4096, bytes.length + 1])
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + random.whole(0, most))
    if (random.chance(0.1)) await new Promise((resolve) => setImmediate(resolve))
    yield bytes.subarray(at, end)
    at = end
  }
}

/** All pieces as one. */
export async function gathered(pieces: AsyncIterable<Uint8Array | string>): Promise<Buffer> {
  const all: Buffer[] = []
  for await (const piece of pieces) all.push(Buffer.from(piece as Uint8Array))
  return Buffer.concat(all)
}

/** A source that counts what was taken of it, gives what it is told to, and says whether it was let go. */
export class WatchedSource<T> implements AsyncIterableIterator<T> {
  taken = 0
  returned = 0
  readonly #give: (taken: number) => T | undefined | Promise<T | undefined>

  /** `give` gives the next piece, or undefined at the end. */
  constructor(give: (taken: number) => T | undefined | Promise<T | undefined>) {
    this.#give = give
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<T>> {
    const value = await this.#give(this.taken)
    if (value === undefined) return { done: true, value }
    this.taken += 1
    return { done: false, value }
  }

  async return(): Promise<IteratorResult<T>> {
    this.returned += 1
    return { done: true, value: undefined }
  }
}

/** A promise that is never settled. */
export const NEVER = new Promise<never>(() => {})
