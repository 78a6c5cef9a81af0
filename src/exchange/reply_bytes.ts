import type { FileSlice } from './file_slice.js'

/** The encoded forms of a body. */
export type ReplyBytes = string | Uint8Array | FileSlice | undefined
