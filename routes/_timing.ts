// Time that passes on purpose, and how answers tell of it.
import { exactTimers } from 'brink/target'

/**
 * Resolves when this time has passed, never earlier.
 * @throws the reason of the signal when that aborts: the client has left
 */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    if (ms <= 0) return resolve()
    const left = () => {
      waiting.cancel()
      reject(signal.reason)
    }
    const waiting = exactTimers.after(ms, () => {
      signal.removeEventListener('abort', left)
      resolve()
    })
    signal.addEventListener('abort', left, { once: true })
  })
}

/** Resolves at a time of `performance.now()`, or after it. */
export function until(due: number, signal: AbortSignal): Promise<void> {
  return pause(due - performance.now(), signal)
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
