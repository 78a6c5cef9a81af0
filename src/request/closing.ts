// That a server begins to close, as its app hears it: streams and sockets end themselves then.
import { coded } from '../runtime/errors.js'

export class Closing {
  // Streams are many, and leave one by one: a signal would look for each in the list of all its listeners.
  readonly #listeners = new Set<() => void>()
  // Made when it is asked for: Node loads what it takes late.
  #controller: AbortController | undefined
  #reason: Error | undefined

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  /** Undefined until it begins. */
  get reason(): Error | undefined {
    return this.#reason
  }

  begin(): void {
    this.#reason = coded(new Error('The server is closing.'), 'ERR_SERVER_CLOSING')
    this.#controller?.abort(this.#reason)
    for (const listener of this.#listeners) listener()
    this.#listeners.clear()
  }

  /** Must not throw. */
  add(listener: () => void): void {
    this.#listeners.add(listener)
  }

  remove(listener: () => void): void {
    this.#listeners.delete(listener)
  }
}
