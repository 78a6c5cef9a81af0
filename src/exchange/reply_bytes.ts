import type { FileSlice } from './file_slice.js'

/** What a body is sent as. */
export type ReplyBytes = string | Uint8Array | FileSlice | undefined
