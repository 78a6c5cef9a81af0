// A body's stream that is made when somebody reads it. Frameworks look at `body` all the time, to see whether there is
// one, or to hand it from one Response to the next; a stream of Node's takes as long to make as a whole answer.

/** The parts of Node's streams, by which it knows them: they are the stream's own, under symbols. */
let isChained = false

/** `instanceof ReadableStream`, and one in all that is done with it. */
export class LazyStream {
  readonly #make: () => ReadableStream<Uint8Array>
  readonly #content: string | Uint8Array | undefined
  #stream: ReadableStream<Uint8Array> | undefined

  /** @param content all that the stream will give, where it is known */
  constructor(make: () => ReadableStream<Uint8Array>, content?: string | Uint8Array) {
    LazyStream.#chain()
    this.#make = make
    this.#content = content
  }

  /** Lets it extend the runtime's class, whose methods find the parts of a real stream in it. */
  static #chain(): void {
    if (isChained) return
    isChained = true
    Object.setPrototypeOf(LazyStream.prototype, ReadableStream.prototype)
    for (const part of Object.getOwnPropertySymbols(new ReadableStream({ type: 'bytes' }))) {
      Object.defineProperty(LazyStream.prototype, part, {
        get(this: LazyStream): unknown {
          return Reflect.get(this.#real(), part)
        },
        set(this: LazyStream, value: unknown): void {
          Reflect.set(this.#real(), part, value)
        },
        configurable: true,
      })
    }
  }

  #real(): ReadableStream<Uint8Array> {
    this.#stream ??= this.#make()
    return this.#stream
  }

  /** Whether it is one of these, which nobody has touched. */
  static isUntouched(stream: unknown): stream is LazyStream {
    return typeof stream === 'object' && stream !== null && #make in stream && stream.#stream === undefined
  }

  /** What one that nobody has touched will give, where that is known. */
  static contentOf(stream: unknown): string | Uint8Array | undefined {
    return LazyStream.isUntouched(stream) ? stream.#content : undefined
  }

  get locked(): boolean {
    if (LazyStream.isUntouched(this)) return false
    const { get } = Object.getOwnPropertyDescriptor(ReadableStream.prototype, 'locked') as { get(): boolean }
    return get.call(this)
  }
}
