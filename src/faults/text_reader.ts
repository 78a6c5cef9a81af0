// Reads a text of the fault grammar from left to right, and says where it is wrong.
import { describe } from '../runtime/describe.js'
import { type FaultError, type FaultPlace, syntaxError } from './fault_error.js'

export const SPACE_PATTERN = '[ \\t]*'
const SPACE = new RegExp(SPACE_PATTERN, 'y')

export class TextReader {
  readonly #text: string
  readonly #pointer: string | undefined
  #at = 0

  /** @param pointer where the text is in a plan */
  constructor(text: string, pointer?: string) {
    this.#text = text
    this.#pointer = pointer
  }

  /** The place of the next character, from 0. */
  get at(): number {
    return this.#at
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length
  }

  get isAtDigit(): boolean {
    return /[0-9]/.test(this.#text.charAt(this.#at))
  }

  get place(): FaultPlace {
    return { text: this.#text, character: this.#at + 1, pointer: this.#pointer }
  }

  skipSpace(): void {
    this.take(SPACE)
  }

  /** Takes what a sticky pattern matches here; undefined when it does not. */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    if (found === null) return undefined
    this.#at = pattern.lastIndex
    return found[0]
  }

  /** Goes back to a place. */
  back(at: number): void {
    this.#at = at
  }

  /** Takes a character, with the space around it. */
  takeSign(sign: string): boolean {
    const before = this.#at
    this.skipSpace()
    if (this.#text.startsWith(sign, this.#at)) {
      this.#at += sign.length
      this.skipSpace()
      return true
    }
    this.#at = before
    return false
  }

  /** The error for what is here. `expected` completes "Expected …"; a hint is a question. */
  expected(expected: string, hint = ''): FaultError {
    this.skipSpace()
    const rest = this.#text.slice(this.#at)
    const [word = ''] = /^(?:[\w.+%-]+|.)?/u.exec(rest) ?? []
    const found = word === '' ? 'the end' : describe(word)
    return syntaxError(`Expected ${expected}, not ${found}${hint}`, this.place)
  }
}
