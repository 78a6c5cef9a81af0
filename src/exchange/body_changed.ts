import { AsyncResource } from 'node:async_hooks'
import { coded } from '../runtime/errors.js'

/**
 * A body above this size is sent from its own memory, or copied beside the block; a smaller one is copied into the
 * block.
 */
export const COPIED_BODY = 32 * 1024

/** Receives the error when memory that is being sent was detached or resized. */
export interface Lender {
  bodyChanged(error: Error): void
}

/** Makes a lender run in the current async context: changes are found in a call that belongs to no request. */
export function inContextOfNow(lenderOf: () => Lender | undefined): () => Lender | undefined {
  const context = new AsyncResource('BRINK_BODY')
  return () => {
    const lender = lenderOf()
    return lender && { bodyChanged: (error) => context.runInAsyncScope(lender.bodyChanged, lender, error) }
  }
}

export function bodyChanged(): Error {
  return coded(
    new Error(
      'The memory of a body was transferred, detached or resized before it was sent, so its answer was broken off. ' +
        'Keep it as it is until it has been sent, or answer with a copy.',
    ),
    'ERR_BODY_CHANGED',
  )
}

/** A detached view has length 0, like an empty one, but its methods throw. */
export function checkIsThere(view: Uint8Array): void {
  try {
    view.keys()
  } catch {
    throw bodyChanged()
  }
}

/** A view whose length does not follow its growing buffer, and becomes 0 when the buffer becomes too small. */
export function ofFixedLength(view: Uint8Array): Uint8Array {
  const { buffer, byteOffset, length } = view
  const { resizable, growable } = buffer as { readonly resizable?: boolean; readonly growable?: boolean }
  return resizable === true || growable === true ? new Uint8Array(buffer, byteOffset, length) : view
}
