import zlib from 'node:zlib'
import type { Reply } from 'brink'
import { requestText } from './_echo.js'
import { type Asked, answer, JSON_TYPE } from './_endpoint.js'
import type { Head } from './_head.js'
import { storedFrame } from './_zstd_frame.js'

type Compress = (bytes: Buffer) => Uint8Array

/** The request, compressed whether or not the client accepts it. `mark` is the member that tells so. */
export function compressed(req: Asked, head: Head, coding: string, mark: string, compress: Compress): Reply {
  const bytes = compress(Buffer.from(requestText(req, head, `,\n  "${mark}": true`)))
  return answer(head, 200, bytes, { 'content-type': JSON_TYPE, 'content-encoding': coding })
}

/** Node compresses with it from 22.15 on. Before, the bytes are stored in a frame. */
export const zstd = (zlib as { zstdCompressSync?: Compress }).zstdCompressSync ?? storedFrame
