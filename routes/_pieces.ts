import type { Generator32 } from './_random.js'

/** Random bytes in pieces of a multiple of 4 bytes: the same as at once. */
export function* seededPieces(generator: Generator32, count: number, each: number): Generator<Uint8Array> {
  for (let left = count; left > 0; left -= each) yield generator.bytes(Math.min(left, each))
}
