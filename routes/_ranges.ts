// Range requests (RFC 9110 §14).
import { randomBytes } from 'node:crypto'
import type { BrinkRequest } from 'brink'

/** From the first byte to the last, both included. */
export interface ByteRange {
  readonly first: number
  readonly last: number
}

/**
 * What `Range` asks for of so many bytes. Undefined for all of them: without the field, with one that is not understood,
 * with more ranges than `most`, and for another version than `If-Range` names.
 */
export function rangesOf(
  req: BrinkRequest,
  size: number,
  etag: string,
  most: number,
): readonly ByteRange[] | 'unsatisfiable' | undefined {
  const field = req.headers.get('range')
  if (field === null || (req.method !== 'GET' && req.method !== 'HEAD')) return undefined
  const ifRange = req.headers.get('if-range')
  if (ifRange !== null && ifRange.trim() !== etag) return undefined
  const specs = /^bytes=(.*)$/i
    .exec(field.trim())?.[1]
    ?.split(',')
    .map((spec) => spec.trim())
    .filter((spec) => spec !== '')
  if (specs === undefined || specs.length === 0 || specs.length > most) return undefined
  const ranges: ByteRange[] = []
  for (const spec of specs) {
    const found = /^(\d*)-(\d*)$/.exec(spec)
    if (found === null || spec === '-') return undefined
    const [, first = '', last = ''] = found
    if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined
    const range =
      first === ''
        ? { first: Math.max(0, size - Number(last)), last: size - 1 }
        : { first: Number(first), last: Math.min(size - 1, last === '' ? size - 1 : Number(last)) }
    if (range.first <= range.last) ranges.push(range)
  }
  if (ranges.length === 0) return 'unsatisfiable'
  // Ranges that are more than the whole together would multiply what is sent (RFC 9110 §14.2).
  const sum = ranges.reduce((total, { first, last }) => total + last - first + 1, 0)
  return sum > size ? undefined : ranges
}

export function boundary(): string {
  return randomBytes(24).toString('hex')
}

/** The body of `multipart/byteranges` (RFC 9110 §14.6). */
export function* partsOf(
  ranges: readonly ByteRange[],
  { size, type, between }: { size: number; type: string; between: string },
  content: (start: number, end: number) => Uint8Array,
): Generator<string | Uint8Array> {
  for (const { first, last } of ranges) {
    yield `--${between}\r\nContent-Type: ${type}\r\nContent-Range: bytes ${first}-${last}/${size}\r\n\r\n`
    yield content(first, last + 1)
    yield '\r\n'
  }
  yield `--${between}--\r\n`
}
