// Bytes and numbers that are random, or the same for the same seed.
import { randomFillSync } from 'node:crypto'
import { HttpError } from 'brink'
import { quoted } from './_query.js'

const SEED = /^[+-]?\d{1,19}$/
const GREATEST = 2n ** 63n - 1n

/** A generator by the 64-bit seed that a client names, or by a random one. */
export function generatorBy(seed: string | undefined): Generator32 {
  if (seed === undefined) return new Generator32(BigInt(Math.floor(Math.random() * 2 ** 53)))
  const number = SEED.test(seed) ? BigInt(seed) : undefined
  if (number === undefined || number > GREATEST || number < -GREATEST - 1n) {
    throw new HttpError(400, `invalid seed: ${quoted(seed)} is not a whole number of 64 bits`)
  }
  return new Generator32(number)
}

/** xoshiro128** by David Blackman and Sebastiano Vigna, whose state SplitMix64 makes of the seed. */
export class Generator32 {
  #a: number
  #b: number
  #c: number
  #d: number

  constructor(seed: bigint) {
    const [first, second] = [splitMix(seed, 1n), splitMix(seed, 2n)]
    this.#a = Number(first & 0xffffffffn) | 0
    this.#b = Number(first >> 32n) | 0
    this.#c = Number(second & 0xffffffffn) | 0
    this.#d = Number(second >> 32n) | 0
  }

  /** From 0 to 2³² - 1. */
  next(): number {
    const product = Math.imul(this.#b, 5)
    const result = Math.imul((product << 7) | (product >>> 25), 9)
    const shifted = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= shifted
    this.#d = (this.#d << 11) | (this.#d >>> 21)
    return result >>> 0
  }

  /** From 0, which it may be, to 1, which it may not be. */
  fraction(): number {
    return this.next() / 2 ** 32
  }

  /** So many bytes. The same seed gives the same bytes in whatever pieces of a multiple of 4 they are asked for. */
  bytes(length: number): Uint8Array {
    const words = new Uint32Array(Math.ceil(length / 4))
    for (let index = 0; index < words.length; index += 1) words[index] = this.next()
    return new Uint8Array(words.buffer, 0, length)
  }
}

function splitMix(seed: bigint, step: bigint): bigint {
  let value = BigInt.asUintN(64, seed + step * 0x9e3779b97f4a7c15n)
  value = BigInt.asUintN(64, (value ^ (value >> 30n)) * 0xbf58476d1ce4e5b9n)
  value = BigInt.asUintN(64, (value ^ (value >> 27n)) * 0x94d049bb133111ebn)
  return value ^ (value >> 31n)
}

/** What is more than is asked for, so that two answers are seldom the same. */
const SPARE = 64 * 1024

/**
 * So many random bytes. They are a part of a store, so they cost nothing to make; the store grows with the longest that
 * was asked for.
 */
export function randomBytes(length: number): Uint8Array {
  // A new one each time it grows: the old one may still be being sent.
  if (store.length < length + SPARE) store = randomFillSync(new Uint8Array(length + SPARE))
  const start = Math.floor(Math.random() * (store.length - length + 1))
  return store.subarray(start, start + length)
}

let store = new Uint8Array(0)
