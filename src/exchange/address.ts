/** What stands for the address of clients of a Unix domain socket, as in nginx. */
export const UNIX_PEER = 'unix:'

/**
 * Formats an IP address from four words that hold its 16 bytes: IPv4 in dotted form, IPv6 as RFC 5952 defines.
 * The unspecified address is nobody's (RFC 4291 §2.5.2), and stands for a Unix domain socket.
 */
export function addressText(words: Int32Array, at: number, isIpv4: boolean): string {
  return textOfPeer(addressBytes(words, at), isIpv4)
}

/** As `textOfAddress`, for the peer of a connection. */
export function textOfPeer(bytes: Uint8Array, isIpv4: boolean = isMapped(bytes)): string {
  return bytes.every((byte) => byte === 0) ? UNIX_PEER : textOfAddress(bytes, isIpv4)
}

/** The 16 bytes of an address that four words hold. They are a view of the words. */
export function addressBytes(words: Int32Array, at: number): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset + 4 * at, 16)
}

/** The text of an address of 16 bytes. IPv4 addresses are in IPv4-mapped form. */
export function textOfAddress(bytes: Uint8Array, isIpv4: boolean = isMapped(bytes)): string {
  if (isIpv4) return `${bytes[12]}.${bytes[13]}.${bytes[14]}.${bytes[15]}`
  const groups: number[] = []
  for (let index = 0; index < 16; index += 2) {
    groups.push(((bytes[index] as number) << 8) | (bytes[index + 1] as number))
  }
  const { start, length } = longestZeros(groups)
  const hex = (list: number[]) => list.map((group) => group.toString(16)).join(':')
  return length < 2 ? hex(groups) : `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`
}

/** The first of the longest runs of zero groups, which `::` replaces. */
function longestZeros(groups: number[]): { start: number; length: number } {
  let longest = { start: 0, length: 0 }
  for (let start = 0; start < groups.length; start += 1) {
    let length = 0
    while (groups[start + length] === 0) length += 1
    if (length > longest.length) longest = { start, length }
  }
  return longest
}

/** Whether it is an IPv4 address (RFC 4291 §2.5.5.2). */
export function isMapped(bytes: Uint8Array): boolean {
  return bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every((byte) => byte === 0)
}

/** Numbers up to 255 without leading zeros, as RFC 3986 §3.2.2 has them. */
const OCTET = '(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const IPV4 = new RegExp(`^${OCTET}\\.${OCTET}\\.${OCTET}\\.${OCTET}$`)

/** The 16 bytes of an IP address: IPv4 in IPv4-mapped form. Undefined for all other text, and with a zone. */
export function parseAddress(text: string): Uint8Array | undefined {
  const quad = IPV4.exec(text)
  const bytes = new Uint8Array(16)
  if (quad !== null) {
    bytes.set([0xff, 0xff, ...quad.slice(1).map(Number)], 10)
    return bytes
  }
  const groups = ipv6Groups(text)
  groups?.forEach((group, place) => {
    bytes[2 * place] = group >> 8
    bytes[2 * place + 1] = group & 0xff
  })
  return groups && bytes
}

function ipv6Groups(text: string): number[] | undefined {
  if (!text.includes(':')) return undefined
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [before, behind] = halves.map((half, place) => groupsOf(half, place === halves.length - 1))
  if (before === undefined || (halves.length === 2 && behind === undefined)) return undefined
  if (behind === undefined) return before.length === 8 ? before : undefined
  const gap = 8 - before.length - behind.length
  return gap < 1 ? undefined : [...before, ...new Array<number>(gap).fill(0), ...behind]
}

/** Groups between single colons; at the end of the address, an IPv4 address may stand for two of them. */
function groupsOf(text: string, isLast: boolean): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [place, part] of parts.entries()) {
    const quad = isLast && place === parts.length - 1 ? IPV4.exec(part) : null
    if (quad !== null) {
      const [a, b, c, d] = quad.slice(1).map(Number) as [number, number, number, number]
      groups.push((a << 8) | b, (c << 8) | d)
    } else if (/^[\da-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16))
    else return undefined
  }
  return groups
}
