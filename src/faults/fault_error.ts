import { describe } from '../runtime/describe.js'

/** Where in a plan or in a text of faults something is wrong. */
export interface FaultPlace {
  /** The text, if it is one of the grammar. */
  readonly text?: string | undefined
  /** The character of the text, counted from 1. */
  readonly character?: number | undefined
  /** The JSON pointer of the value in a plan (RFC 6901). */
  readonly pointer?: string | undefined
}

/**
 * A plan, or a text of faults, that is wrong: `ERR_FAULT_SYNTAX` when it is not in the grammar, which is what the JSON
 * schema of a plan tells as well, and `ERR_FAULT_VALUE` when it is, and cannot be or may not be.
 */
export class FaultError extends Error {
  override readonly name = 'FaultError'
  /** As an answer to the request that brought it. */
  readonly status = 400
  readonly pointer: string | undefined
  readonly character: number | undefined

  /** @param complaint a sentence without its end */
  constructor(
    readonly code: 'ERR_FAULT_SYNTAX' | 'ERR_FAULT_VALUE',
    complaint: string,
    place: FaultPlace = {},
  ) {
    super(`${complaint}${placeText(place)}.`)
    this.pointer = place.pointer
    this.character = place.character
  }

  /** As whoever brought it is told. What it has no place in is left out of its JSON. */
  get told(): { code: string; message: string; pointer: string | undefined; character: number | undefined } {
    const { code, message, pointer, character } = this
    return { code, message, pointer, character }
  }
}

/** In the `what` of the grammar, something else was expected: `ERR_FAULT_SYNTAX`. */
export function syntaxError(complaint: string, place?: FaultPlace): FaultError {
  return new FaultError('ERR_FAULT_SYNTAX', complaint, place)
}

/** What is written well, but cannot be: `ERR_FAULT_VALUE`. */
export function valueError(complaint: string, place?: FaultPlace): FaultError {
  return new FaultError('ERR_FAULT_VALUE', complaint, place)
}

function placeText({ text, character, pointer }: FaultPlace): string {
  const parts: string[] = []
  if (character !== undefined) parts.push(`at character ${character}`)
  if (text !== undefined) parts.push(`of ${describe(text)}`)
  if (pointer !== undefined) parts.push(`at ${pointer === '' ? 'the top of the plan' : pointer}`)
  return parts.length === 0 ? '' : ` (${parts.join(' ')})`
}
