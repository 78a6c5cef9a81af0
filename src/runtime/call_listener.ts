import { isPromise } from './promises.js'

/** Calls a listener of the app. What it throws, at once or later, is reported to `report` and goes nowhere else. */
export function callListener(listener: () => unknown, report: (error: unknown) => void): void {
  try {
    const told = listener()
    if (isPromise(told)) told.then(undefined, report)
  } catch (error) {
    report(error)
  }
}
