import { events } from '../events/event_stream.js'
import type { ServerEvent } from '../events/event_text.js'
import type { Reply } from '../reply/reply.js'
import type { BrinkRequest } from '../request/request.js'
import { timers } from '../runtime/timers.js'

const PERIOD_MS = 1000
/** Samples that a page is sent when it connects. */
const KEPT = 300
const RETRY_MS = 1000

/**
 * Sends a sample a second to the pages that watch. While nobody does, none is taken, and no timer runs. A sample is taken
 * and made text once for all of them; a page that does not read fast enough misses some.
 */
export class LiveFeed {
  readonly #sample: () => object
  /** The newest at the end, as JSON. */
  readonly #kept: string[] = []
  readonly #watchers = new Set<Watcher>()
  #timer: NodeJS.Timeout | undefined

  /** @param sample what has happened since it was called last */
  constructor(sample: () => object) {
    this.#sample = sample
  }

  /** A handler: the samples as server-sent events, `history` with those before, and then each as a `sample`. */
  readonly handler = (req: BrinkRequest): Reply =>
    events(req, ({ signal }) => this.#samplesFor(signal), { retry: RETRY_MS })

  async *#samplesFor(signal: AbortSignal): AsyncGenerator<ServerEvent> {
    const watcher: Watcher = { wake: () => {} }
    const leave = () => watcher.wake(undefined)
    signal.addEventListener('abort', leave)
    this.#add(watcher)
    try {
      yield { event: 'history', data: `[${this.#kept.join(',')}]` }
      while (!signal.aborted) {
        const data = await new Promise<string | undefined>((resolve) => {
          watcher.wake = resolve
        })
        if (data !== undefined) yield { event: 'sample', data }
      }
    } finally {
      signal.removeEventListener('abort', leave)
      this.#remove(watcher)
    }
  }

  #add(watcher: Watcher): void {
    this.#watchers.add(watcher)
    if (this.#watchers.size > 1) return
    // What happened while nobody watched is nobody's second.
    this.#sample()
    this.#timer = timers.setTimeout(this.#tick, PERIOD_MS).unref()
  }

  #remove(watcher: Watcher): void {
    this.#watchers.delete(watcher)
    if (this.#watchers.size === 0) timers.clearTimeout(this.#timer)
  }

  readonly #tick = (): void => {
    this.#timer?.refresh()
    const text = JSON.stringify(this.#sample())
    this.#kept.push(text)
    if (this.#kept.length > KEPT) this.#kept.shift()
    for (const watcher of this.#watchers) watcher.wake(text)
  }
}

/** A page that watches. One that still reads the sample before is not woken, and misses this one. */
interface Watcher {
  wake(sample: string | undefined): void
}
