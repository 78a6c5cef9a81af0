import { AsyncResource } from 'node:async_hooks'
import { coded } from '../runtime/errors.js'

/** A body above this stays where it lies, or is copied beside the block; below it, it is copied into the block. */
export const COPIED_BODY = 32 * 1024

/** Whoever gave memory to be sent, and is told when it was taken away or resized before all of it was. */
export interface Lender {
  bodyChanged(error: Error): void
}

/** A lender that is told in the async context of now: what changes is found out in a call that belongs to no request. */
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

/** Every method of a view throws when its memory was taken away; its length is only 0 then, as of one that is empty. */
export function checkIsThere(view: Uint8Array): void {
  try {
    view.keys()
  } catch {
    throw bodyChanged()
  }
}

/** A view whose length stays as it is while its buffer grows, and that has none when its buffer becomes too small. */
export function ofFixedLength(view: Uint8Array): Uint8Array {
  const { buffer, byteOffset, length } = view
  const { resizable, growable } = buffer as { readonly resizable?: boolean; readonly growable?: boolean }
  return resizable === true || growable === true ? new Uint8Array(buffer, byteOffset, length) : view
}
