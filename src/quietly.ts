import { isPromise } from './reply.js'

/** Calls a listener of the app's: what it throws, at once or later, goes to `failed` and nowhere else. */
export function quietly(listener: () => unknown, failed: (error: unknown) => void): void {
  try {
    const told = listener()
    if (isPromise(told)) told.then(undefined, failed)
  } catch (error) {
    failed(error)
  }
}
