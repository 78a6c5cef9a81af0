const LETTERS = 'abcdefghijklmnopqrstuvwxyz'

/** The letters from one offset up to another of an alphabet that repeats. They are never changed. */
export function alphabet(start: number, end: number): Uint8Array {
  if (end > longest.length) longest = Buffer.alloc(end, LETTERS)
  return longest.subarray(start, end)
}

// Shorter answers are parts of longer ones, so the longest that was asked for serves all.
let longest = Buffer.alloc(0)
