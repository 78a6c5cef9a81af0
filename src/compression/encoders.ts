import type * as zlibTypes from 'node:zlib'
import { lateBuiltin } from '../runtime/late_builtin.js'
import type { Coder } from '../streams/coding_stream.js'

/** A content coding for compression (RFC 9110 §8.4.1, RFC 7932, RFC 8878). */
export type Encoding = 'br' | 'zstd' | 'gzip'

/** Compresses at a level, whose range depends on the coding. */
export interface Encoder {
  readonly least: number
  readonly most: number
  /** The default level, chosen for responses that are compressed for each request. */
  readonly standard: number
  now(body: Uint8Array | string, level: number): Uint8Array
  /** Does the same on another thread. */
  later(body: Uint8Array | string, level: number): Promise<Uint8Array>
  /**
   * @param small whether many small pieces come with pauses between them, as events do
   */
  stream(level: number, small: boolean): Coder
  /** The zlib flush mode after which the client can decode everything written so far. */
  readonly flush: number
}

// Added in Node 22.15; the types are those of Node 20.
type Zstd = {
  readonly zstdCompress: typeof zlibTypes.brotliCompress
  readonly zstdCompressSync: typeof zlibTypes.brotliCompressSync
  readonly createZstdCompress: typeof zlibTypes.createBrotliCompress
  readonly constants: Readonly<Record<'ZSTD_c_compressionLevel' | 'ZSTD_e_flush', number>>
}

type Zlib = typeof zlibTypes

let known: ReadonlyMap<Encoding, Encoder> | undefined

/** The codings that this runtime has. Loads zlib on first use, because that takes time. */
export function encoders(): ReadonlyMap<Encoding, Encoder> {
  if (known === undefined) {
    const zlib = lateBuiltin('node:zlib') as Zlib
    const all = [['br', brotli(zlib)] as const, ['zstd', zstd(zlib)] as const, ['gzip', gzip(zlib)] as const]
    known = new Map(all.filter(isThere))
  }
  return known
}

function brotli(zlib: Zlib): Encoder {
  const { promisify } = lateBuiltin('node:util')
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT, BROTLI_OPERATION_FLUSH } = zlib.constants
  const later = promisify<Uint8Array | string, zlibTypes.BrotliOptions, Buffer>(zlib.brotliCompress)
  const options = (level: number, body: Uint8Array | string): zlibTypes.BrotliOptions => ({
    params: { [BROTLI_PARAM_QUALITY]: level, [BROTLI_PARAM_SIZE_HINT]: body.length },
  })
  return {
    least: 0,
    most: 11,
    // brotli's own default, 11, takes fifty times as long.
    standard: 4,
    now: (body, level) => zlib.brotliCompressSync(body, options(level, body)),
    later: (body, level) => later(body, options(level, body)),
    stream: (level) => zlib.createBrotliCompress({ params: { [BROTLI_PARAM_QUALITY]: level } }),
    flush: BROTLI_OPERATION_FLUSH,
  }
}

function gzip(zlib: Zlib): Encoder {
  const { promisify } = lateBuiltin('node:util')
  const later = promisify<Uint8Array | string, zlibTypes.ZlibOptions, Buffer>(zlib.gzip)
  return {
    least: 1,
    most: 9,
    standard: 6,
    now: (body, level) => zlib.gzipSync(body, { level }),
    later: (body, level) => later(body, { level }),
    // A window of 4 KiB halves the memory of a stream, without a worse ratio for events.
    stream: (level, small) =>
      zlib.createGzip(small ? { level, windowBits: 12, memLevel: 5, chunkSize: 4096 } : { level }),
    flush: zlib.constants.Z_SYNC_FLUSH,
  }
}

function zstd(zlib: Zlib): Encoder | undefined {
  if (!('createZstdCompress' in zlib)) return undefined
  const { promisify } = lateBuiltin('node:util')
  const { zstdCompress, zstdCompressSync, createZstdCompress, constants } = zlib as unknown as Zstd
  const later = promisify<Uint8Array | string, zlibTypes.BrotliOptions, Buffer>(zstdCompress)
  const options = (level: number) => ({ params: { [constants.ZSTD_c_compressionLevel]: level } })
  return {
    least: 1,
    most: 19,
    standard: 3,
    now: (body, level) => zstdCompressSync(body, options(level)),
    later: (body, level) => later(body, options(level)),
    stream: (level) => createZstdCompress(options(level)),
    flush: constants.ZSTD_e_flush,
  }
}

function isThere(entry: readonly [Encoding, Encoder | undefined]): entry is readonly [Encoding, Encoder] {
  return entry[1] !== undefined
}
