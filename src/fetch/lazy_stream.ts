// A stream that is created when it is first used. Frameworks read `body` often, to test for null or to pass it to another
// Response. Creating a byte stream takes 20 µs on Node 20, more than a whole request.

let isChained = false

/** An `instanceof ReadableStream` that works like one, except that it cannot be transferred. */
export class LazyStream {
  readonly #make: () => ReadableStream<Uint8Array>
  readonly #content: string | Uint8Array | undefined
  #stream: ReadableStream<Uint8Array> | undefined
  #isSpent = false

  /** @param content the whole content of the stream, if it is known */
  constructor(make: () => ReadableStream<Uint8Array>, content?: string | Uint8Array) {
    LazyStream.#chain()
    this.#make = make
    this.#content = content
  }

  /**
   * Extends ReadableStream. Node keeps the state of a stream in properties with symbols as keys. Here these are accessors
   * of the real stream, so that Node's own methods work.
   */
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
    this.#stream ??= this.#isSpent ? spentStream() : this.#make()
    return this.#stream
  }

  /** Whether the value is a LazyStream that was not used yet. */
  static isUntouched(stream: unknown): stream is LazyStream {
    if (typeof stream !== 'object' || stream === null || !(#make in stream)) return false
    return stream.#stream === undefined && !stream.#isSpent
  }

  /** Makes a LazyStream that was not used yet look read and locked, as the stream of a body is that was read. */
  static spend(stream: unknown): void {
    if (LazyStream.isUntouched(stream)) stream.#isSpent = true
  }

  /** The content of a LazyStream that was not used yet, if it is known. */
  static contentOf(stream: unknown): string | Uint8Array | undefined {
    return LazyStream.isUntouched(stream) ? stream.#content : undefined
  }

  get locked(): boolean {
    if (LazyStream.isUntouched(this)) return false
    const { get } = Object.getOwnPropertyDescriptor(ReadableStream.prototype, 'locked') as { get(): boolean }
    return get.call(this)
  }
}

function spentStream(): ReadableStream<Uint8Array> {
  const stream = new ReadableStream<Uint8Array>()
  void stream.getReader().cancel()
  return stream
}
