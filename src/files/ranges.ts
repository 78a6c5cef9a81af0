/** A range of bytes, counted from 0. `last` is included. */
export interface ByteRange {
  readonly first: number
  readonly last: number
}

/** More ranges than any real client requests; the field is ignored then. */
const MAX_RANGES = 32

// Two adjacent loops over white space would make matching quadratic for long fields.
const RANGE = /[ \t]*(?:(?:(\d+)-(\d*)|-(\d+))[ \t]*)?(?:,|$)/y

/**
 * Parses a `Range` field for content of `size` bytes, and clips it to the content (RFC 9110 §14.1.2, §14.2).
 *
 * Ranges keep the order of the request. If any two overlap, all are sorted and merged, so that no byte is sent twice
 * (RFC 9110 §17.15).
 *
 * @returns undefined when the field must be ignored: another unit, a syntax error, more than 32 ranges, or empty
 * content; an empty list when all ranges lie outside the content
 */
export function rangesOf(field: string, size: number): readonly ByteRange[] | undefined {
  const unit = /^bytes=/i.exec(field)
  if (unit === null || size === 0) return undefined
  const ranges: ByteRange[] = []
  let count = 0
  for (let at = unit[0].length; at < field.length; at = RANGE.lastIndex) {
    RANGE.lastIndex = at
    const found = RANGE.exec(field)
    if (found === null) return undefined
    const [, first, last = '', suffix] = found
    // Lists may contain empty elements (RFC 9110 §5.6.1).
    if (first === undefined && suffix === undefined) continue
    count += 1
    if (count > MAX_RANGES) return undefined
    const range = first === undefined ? fromEnd(Number(suffix), size) : between(Number(first), last, size)
    if (range === undefined) return undefined
    if (range.first <= range.last) ranges.push(range)
  }
  return count === 0 ? undefined : withoutOverlaps(ranges)
}

/** Undefined when the range ends before it begins. */
function between(first: number, last: string, size: number): ByteRange | undefined {
  if (last === '') return { first, last: size - 1 }
  return Number(last) < first ? undefined : { first, last: Math.min(Number(last), size - 1) }
}

function fromEnd(length: number, size: number): ByteRange {
  return { first: Math.max(0, size - length), last: size - 1 }
}

function withoutOverlaps(ranges: readonly ByteRange[]): readonly ByteRange[] {
  const joined: { first: number; last: number }[] = []
  let overlap = false
  for (const { first, last } of [...ranges].sort((a, b) => a.first - b.first)) {
    const before = joined.at(-1)
    if (before === undefined || first > before.last + 1) {
      joined.push({ first, last })
    } else {
      overlap ||= first <= before.last
      before.last = Math.max(before.last, last)
    }
  }
  return overlap ? joined : ranges
}
