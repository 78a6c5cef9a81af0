/** What stands for the address of clients of a Unix domain socket, as in nginx. */
export const UNIX_PEER = 'unix:'

/**
 * Formats an IP address from four words that hold its 16 bytes: IPv4 in dotted form, IPv6 as RFC 5952 defines.
 * The unspecified address is nobody's (RFC 4291 §2.5.2), and stands for a Unix domain socket.
 */
export function addressText(words: Int32Array, at: number, isIpv4: boolean): string {
  const bytes = new Uint8Array(words.buffer, words.byteOffset + 4 * at, 16)
  if (isIpv4) return `${bytes[12]}.${bytes[13]}.${bytes[14]}.${bytes[15]}`
  const groups: number[] = []
  for (let index = 0; index < 16; index += 2) groups.push((bytes[index] << 8) | bytes[index + 1])
  const { start, length } = longestZeros(groups)
  if (length === groups.length) return UNIX_PEER
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
