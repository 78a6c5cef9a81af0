// Whether a coded body has come to its end, for decoders that do not tell: that of Deno for br and zstd, and that of
// Bun for zstd.
import type { BodySource } from '../streams/body_source.js'
import { ZstdFrames } from './zstd_frames.js'

/**
 * Put behind a body in br, whose end only a decoder finds: the decoder takes this byte unless it has come to the end.
 */
export const STRAY = Buffer.alloc(1)

/** A source of a coded body, whose end is checked. */
export class CheckedSource implements BodySource {
  readonly #source: BodySource
  readonly #endsTooEarly: () => Error
  readonly #frames: ZstdFrames | undefined
  #ended = false
  /** The number of bytes, without the stray one. */
  bytes = 0

  constructor(coding: string, source: BodySource, endsTooEarly: () => Error) {
    this.#source = source
    this.#endsTooEarly = endsTooEarly
    this.#frames = coding === 'zstd' ? new ZstdFrames() : undefined
  }

  async next(): Promise<IteratorResult<unknown>> {
    const next = await this.#source.next()
    if (!next.done) {
      const piece = next.value as Uint8Array
      this.bytes += piece.length
      this.#frames?.push(piece)
      return next
    }
    if (this.#frames?.areWhole === false) throw this.#endsTooEarly()
    if (this.#ended || this.#frames !== undefined) return next
    this.#ended = true
    return { done: false, value: STRAY }
  }

  cancel(reason: unknown): void {
    this.#source.cancel(reason)
  }
}

/** What to decode for a body that is there as a whole; undefined when it ends too early. */
export function checkedBytes(coding: string, bytes: Buffer): Buffer | undefined {
  if (coding !== 'zstd') return Buffer.concat([bytes, STRAY])
  const frames = new ZstdFrames()
  frames.push(bytes)
  return frames.areWhole ? bytes : undefined
}
