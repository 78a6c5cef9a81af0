import { isPromise } from './promises.js'

/** Calls a listener of the app. Errors that it throws, or rejects with, go to `report`. */
export function callListener(listener: () => unknown, report: (error: unknown) => void): void {
  try {
    const result = listener()
    if (isPromise(result)) result.then(undefined, report)
  } catch (error) {
    report(error)
  }
}
