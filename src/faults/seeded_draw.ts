// Random numbers by their place: no draw depends on another, so the same seed gives the same faults whatever else is drawn.
// The function is Threefry-2x32 with 20 rounds (Salmon and others, Parallel Random Numbers: As Easy as 1, 2, 3; SC 2011).

const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const
const PARITY = 0x1bd11bda
const TWO_32 = 2 ** 32
const TWO_53 = 2 ** 53
/** Places of one number: the rest of the second counter is the upper part of the number. */
const PLACES = 2 ** 10

/** Two words of 32 bits for a key and a counter of two words each. */
export function threefry(key: readonly [number, number], first: number, second: number): [number, number] {
  const keys = [key[0], key[1], PARITY ^ key[0] ^ key[1]] as const
  let left = (first + keys[0]) | 0
  let right = (second + keys[1]) | 0
  for (let round = 0; round < 20; round += 1) {
    left = (left + right) | 0
    const turn = ROTATIONS[round & 7] as number
    right = ((right << turn) | (right >>> (32 - turn))) ^ left
    if ((round & 3) === 3) {
      const injection = (round + 1) >> 2
      left = (left + (keys[injection % 3] as number)) | 0
      right = (right + (keys[(injection + 1) % 3] as number) + injection) | 0
    }
  }
  return [left >>> 0, right >>> 0]
}

/** The draws of one request. */
export class Draws {
  readonly #key: readonly [number, number]
  readonly #low: number
  readonly #high: number

  /**
   * @param seed a whole number from 0 to 2⁵³ - 1
   * @param number of the request, a whole number from 0 to 2⁵³ - 1
   */
  constructor(seed: number, number: number) {
    this.#key = [(seed % TWO_32) | 0, Math.floor(seed / TWO_32)]
    this.#low = (number % TWO_32) | 0
    this.#high = Math.floor(number / TWO_32) * PLACES
  }

  /** A number from 0 to below 1, of 53 bits. `place` is from 0 to 1023. */
  at(place: number): number {
    const [upper, lower] = threefry(this.#key, this.#low, (this.#high + place) | 0)
    return (upper * 2 ** 21 + (lower >>> 11)) / TWO_53
  }

  /** A number of 32 bits. */
  wordAt(place: number): number {
    return threefry(this.#key, this.#low, (this.#high + place) | 0)[0]
  }
}
