import type { BrinkRequest } from 'brink'
import { wholeNumber } from '../_whole_number.js'

const MOST_BYTES = 16 * 1024 * 1024
const PERIOD = 251

/** So many bytes. The one at offset i is i mod 251: a prime, so that a shifted or repeated buffer shows. */
export const GET = ({ params }: BrinkRequest<{ n: string }>) => {
  const length = wholeNumber(params.n, 'The number of bytes', 0, MOST_BYTES)
  if (length > longest.length) longest = pattern(length)
  return longest.subarray(0, length)
}

// Shorter answers are the beginnings of longer ones, so the longest one asked for serves all.
let longest = pattern(0)

function pattern(length: number): Uint8Array {
  const bytes = Uint8Array.from({ length: Math.min(length, PERIOD) }, (_, offset) => offset)
  const whole = new Uint8Array(length)
  whole.set(bytes)
  for (let filled = PERIOD; filled < length; filled *= 2) whole.copyWithin(filled, 0, filled)
  return whole
}
