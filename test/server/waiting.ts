// Waiting for an event, with a limit that fails. Nothing here waits for time to pass.

/** For what never comes; what comes may take long on a busy machine. */
const LIMIT_MS = 45_000

/** What a promise gives, or an error that says what was waited for in vain. */
export function within<T>(promise: PromiseLike<T>, what: string, limitMs = LIMIT_MS): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`waited ${limitMs} ms for ${what}`)), limitMs)
    promise.then(resolve, reject)
    promise.then(
      () => clearTimeout(timer),
      () => clearTimeout(timer),
    )
  })
}

/** Looks once a turn of the event loop whether something has come true. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + LIMIT_MS
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited ${LIMIT_MS} ms until ${what}`)
    await turn()
  }
}

/** The next turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** A promise, and the hand that resolves it. */
export interface Gate<T = void> {
  readonly opened: Promise<T>
  open(value: T): void
}

export function gate<T = void>(): Gate<T> {
  let open: (value: T) => void = () => {}
  const opened = new Promise<T>((resolve) => {
    open = resolve
  })
  return { opened, open }
}
