// A reactor and its exchange without a router: a test is told the events as they come, and replies as it likes. For what
// the native side offers and brink's own router does not use.
import { Exchange } from '#brink/exchange/exchange.js'
import * as layout from '#brink/exchange/layout.js'
import { type NativeFailure, type NativeReactor, native } from '#brink/exchange/native.js'
import { leaveAll } from './raw_client.js'
import { type Gate, gate, within } from './waiting.js'

/** What the native side told of. */
export interface NativeEvent {
  readonly kind: number
  readonly slot: number
  readonly generation: number
  /** Of requests and bodies. */
  readonly sequence: number
  readonly flags: number
  /** Of requests. */
  readonly target: string
  readonly head: string
  /** Of requests and bodies: what came. */
  readonly body: string
  /** All the words, as the layout has them, and bytes of the block by their place. */
  readonly words: Int32Array
  bytes(offset: number, length: number): string
}

function onAnyPort(reactor: NativeReactor): { port: number } | NativeFailure {
  return reactor.listen('127.0.0.1', 0, { backlog: 512, reusePort: false, ipv6Only: false }, [])
}

export class NativeApp {
  readonly exchange: Exchange
  readonly reactor: NativeReactor
  readonly events: NativeEvent[] = []
  readonly port: number
  readonly #closed: Gate = gate()
  readonly #looks = new Set<() => void>()
  readonly #hear: (app: NativeApp, event: NativeEvent) => void

  /** `hear` is called for each event within its batch. */
  constructor(
    options: Readonly<Record<string, number | string | boolean>>,
    hear: (app: NativeApp, event: NativeEvent) => void,
    listen = onAnyPort,
  ) {
    this.#hear = hear
    const name = process.env.BRINK_BACKEND ?? 'auto'
    const backend = native.backends.find((each) => each.name === name) ?? native.backends[0]
    if (backend === undefined) throw new Error('there is no backend')
    const threaded = backend.needsThread || Number(process.env.BRINK_THREADS ?? 0) > 0
    let closed = false
    this.exchange = new Exchange(threaded, {
      flush: (atLeisure) => closed || this.reactor.flush(atLeisure),
      lend: (body, copied) => (closed ? 0 : this.reactor.lend(body, copied)),
      losers: () => (closed ? [] : this.reactor.losers()),
    })
    this.reactor = new native.Reactor(
      { bodyLimit: 1 << 30, ...options, backend: backend.name, threaded },
      this.exchange.requestBlocks,
      this.exchange.replyBlocks,
      this.exchange.state,
      (place, events) => this.#batch(place, events),
      () => {},
      (place) => this.exchange.lenderOf(place),
      () => this.reactor.close(),
      () => {
        closed = true
        this.#closed.open()
      },
    )
    const bound = listen(this.reactor)
    if (!('port' in bound)) throw new Error(`listening failed with ${bound.errno}`)
    this.port = bound.port
    this.reactor.start()
  }

  get stats() {
    return this.reactor.stats()
  }

  requests(): NativeEvent[] {
    return this.of(layout.EVENT_REQUEST)
  }

  of(kind: number): NativeEvent[] {
    return this.events.filter((event) => event.kind === kind)
  }

  /** Resolves with the events of a kind when there are so many. */
  told(kind: number, count = 1): Promise<NativeEvent[]> {
    const come = new Promise<NativeEvent[]>((resolve) => {
      const look = () => {
        const found = this.of(kind)
        if (found.length < count) return
        this.#looks.delete(look)
        resolve(found)
      }
      this.#looks.add(look)
      look()
    })
    return within(come, `${count} events of kind ${kind}`)
  }

  close(): Promise<void> {
    this.reactor.close()
    return within(this.#closed.opened, 'the reactor to close')
  }

  #batch(place: number, events: number): void {
    const { words, bytes } = this.exchange.requests(place)
    let at = 0
    for (let count = 0; count < events; count += 1) {
      this.#tell(words, bytes, at)
      at += words[at + layout.EVENT_WORDS] as number
    }
    this.exchange.state[layout.STATE_BATCH] = layout.BATCH_DONE
    for (const look of [...this.#looks]) look()
  }

  /** Those go on by themselves. */
  #isForLargeBody({ kind, slot, generation, sequence, words }: NativeEvent): boolean {
    const { largeBodies } = this.exchange
    if (kind === layout.EVENT_GONE) largeBodies.gone(slot, generation, words[layout.GONE_HALF] !== 0)
    return kind === layout.EVENT_DRAINED && largeBodies.drained({ slot, generation, sequence })
  }

  #tell(words: Int32Array, bytes: Buffer, at: number): void {
    const own = words.slice(at, at + (words[at + layout.EVENT_WORDS] as number))
    const word = (place: number) => own[place] ?? 0
    // The block is used again.
    const all = Buffer.from(bytes)
    const text = (offset: number, length: number) => all.toString('latin1', offset, offset + length)
    const kind = word(layout.EVENT_KIND)
    const isRequest = kind === layout.EVENT_REQUEST
    const isBody = kind === layout.EVENT_BODY
    const head = isRequest ? text(word(layout.REQUEST_HEAD_OFFSET), word(layout.REQUEST_HEAD_LENGTH)) : ''
    const span = word(layout.REQUEST_TARGET)
    const event: NativeEvent = {
      kind,
      slot: word(layout.EVENT_SLOT),
      generation: word(layout.EVENT_GENERATION),
      sequence: isRequest || isBody || kind === layout.EVENT_DRAINED ? word(layout.REQUEST_SEQUENCE) : 0,
      flags: isRequest ? word(layout.REQUEST_FLAGS) : isBody ? word(layout.BODY_FLAGS) : 0,
      target: isRequest ? head.slice(span & 0xffff, (span & 0xffff) + (span >>> 16)) : '',
      head,
      body: isRequest
        ? text(word(layout.REQUEST_BODY_OFFSET), word(layout.REQUEST_BODY_LENGTH))
        : isBody
          ? text(word(layout.BODY_OFFSET), word(layout.BODY_LENGTH))
          : '',
      words: own,
      bytes: text,
    }
    if (this.#isForLargeBody(event)) return
    this.events.push(event)
    this.#hear(this, event)
  }
}

/** Serves with it while `use` runs. */
export async function natively(
  options: Readonly<Record<string, number | string | boolean>>,
  hear: (app: NativeApp, event: NativeEvent) => void,
  use: (app: NativeApp) => Promise<void>,
  listen = onAnyPort,
): Promise<void> {
  const app = new NativeApp(options, hear, listen)
  try {
    await use(app)
  } finally {
    leaveAll()
    await app.close()
  }
}
