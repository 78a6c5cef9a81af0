// Time that passes on purpose, and how answers tell of it.

const LEAST_MS = 1

/**
 * Resolves when this time has passed, never earlier.
 * @throws the reason of the signal when that aborts: the client has left
 */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await until(performance.now() + ms, signal)
}

/** Resolves at a time of `performance.now()`, or after it. */
export async function until(due: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  // Timers of Node count from the begin of the turn, so they may fire up to a millisecond early.
  for (let left = due - performance.now(); left > 0; left = due - performance.now()) await timer(left, signal)
}

function timer(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const left = () => {
      clearTimeout(waiting)
      reject(signal.reason)
    }
    const waiting = setTimeout(
      () => {
        signal.removeEventListener('abort', left)
        resolve()
      },
      Math.max(LEAST_MS, ms),
    )
    signal.addEventListener('abort', left, { once: true })
  })
}

/** The pause between so many writes that take so long together: there is none after the last. */
export function pauseBetween(ms: number, count: number): number {
  return count > 1 ? ms / (count - 1) : ms
}

/** Yields the numbers from 0, with a pause before each but the first. `jitter`, from 0 to 1, varies the pauses. */
export async function* paced(
  count: number,
  ms: number,
  jitter: number,
  signal: AbortSignal,
): AsyncGenerator<number, void, undefined> {
  let due = performance.now()
  for (let index = 0; index < count; index += 1) {
    if (index > 0 && ms > 0) {
      due += jitter === 0 ? ms : ms * (1 + jitter * (2 * Math.random() - 1))
      await until(due, signal)
    }
    yield index
  }
}

/** A `Server-Timing` field (W3C Server Timing). */
export function serverTiming(timings: readonly (readonly [name: string, ms: number, description: string])[]): string {
  return timings.map(([name, ms, description]) => `${name};dur=${ms.toFixed(2)};desc="${description}"`).join(', ')
}
