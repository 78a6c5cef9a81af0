// Reports to an app that its server has begun to close, so that streams and sockets can end themselves.
import { coded } from '../runtime/errors.js'

export class Closing {
  // A Set, not listeners of one signal: there may be many streams, and removing a listener from a signal searches its
  // whole list.
  readonly #listeners = new Set<() => void>()
  // Created on first use, because Node loads AbortController lazily.
  #controller: AbortController | undefined
  #reason: Error | undefined

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  /** Undefined until the server begins to close. */
  get reason(): Error | undefined {
    return this.#reason
  }

  begin(): void {
    this.#reason = coded(new Error('The server is closing.'), 'ERR_SERVER_CLOSING')
    this.#controller?.abort(this.#reason)
    for (const listener of this.#listeners) listener()
    this.#listeners.clear()
  }

  /**
   * @param listener must not throw
   */
  add(listener: () => void): void {
    this.#listeners.add(listener)
  }

  remove(listener: () => void): void {
    this.#listeners.delete(listener)
  }
}
