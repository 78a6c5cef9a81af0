/** A longer key is cut: a plan may be sent by a stranger. */
const LONGEST_KEY = 100

/** The JSON pointer of a member or an element of what another one points to (RFC 6901). */
export function pointerTo(parent: string, key: string | number): string {
  const name = String(key)
  const short = name.length > LONGEST_KEY ? `${name.slice(0, LONGEST_KEY)}…` : name
  return `${parent}/${short.replaceAll('~', '~0').replaceAll('/', '~1')}`
}
