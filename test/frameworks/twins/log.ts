// What a server did, in order, as lines that can be compared.

import { within } from '../../server/waiting.js'

export class Log {
  readonly lines: string[] = []
  readonly #waiting = new Set<() => void>()

  note(line: string): void {
    this.lines.push(line)
    for (const look of this.#waiting) look()
  }

  /** An error as far as two servers agree about it: its code, or else what it says. */
  failed(what: string, error: unknown): void {
    this.note(`${what}: ${nameOf(error)}`)
  }

  /** Runs it and notes what it throws, or what it gives. */
  attempt(what: string, run: () => unknown): void {
    try {
      this.note(`${what}: ${shown(run())}`)
    } catch (error) {
      this.failed(`${what} throws`, error)
    }
  }

  /** Resolves once a line stands here that begins so, for the `count`-th time. */
  async when(beginning: string, count = 1): Promise<void> {
    const isThere = () => this.lines.filter((line) => line.startsWith(beginning)).length >= count
    let look = () => {}
    const seen = new Promise<void>((resolve) => {
      look = () => {
        if (isThere()) resolve()
      }
      this.#waiting.add(look)
      look()
    })
    await within(seen, `"${beginning}" in the log`, WAIT_MS).finally(() => this.#waiting.delete(look))
  }
}

/** A server that does not do what its twin does is waited for no longer than that. */
export const WAIT_MS = 8_000

export function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code } = error as NodeJS.ErrnoException
  return code === undefined ? `${error.name} ${error.message}` : code
}

export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value !== 'object' || value === null) return String(value)
  if (Buffer.isBuffer(value)) return `${value.length} bytes`
  const isPlain = Array.isArray(value) || Object.getPrototypeOf(value) === null || value.constructor === Object
  return isPlain ? JSON.stringify(value) : 'an object'
}
