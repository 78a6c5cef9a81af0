// The export trie of a Mach-O file: what dlsym() finds in it. zig's linker puts hidden symbols there, too, which Node does
// not look for, with 66 kB of names.

const DYLD_INFO = 0x22
/** What Node asks an addon for (node_api.h). */
export const ASKED_FOR = /^_(napi|node_api)_/

/** By name, what the trie tells of it: flags and address, as they are encoded. */
export function exportsOf(bytes) {
  const found = new Map()
  const { at, size } = placeOf(bytes)
  if (size > 0) walk(bytes.subarray(at, at + size), 0, '', found)
  return found
}

/** Leaves in the trie what Node looks for. What follows the file in its place is to be laid out anew. */
export function keepAskedExports(bytes) {
  const kept = [...exportsOf(bytes)].filter(([name]) => ASKED_FOR.test(name))
  const { at, size, command } = placeOf(bytes)
  const trie = trieOf(kept)
  if (trie.length > size) throw new RangeError('an export trie cannot grow')
  bytes.fill(0, at, at + size)
  trie.copy(bytes, at)
  bytes.writeUInt32LE(trie.length, command + 44)
}

function placeOf(bytes) {
  for (let i = 0, at = 32; i < bytes.readUInt32LE(16); i++, at += bytes.readUInt32LE(at + 4)) {
    if ((bytes.readUInt32LE(at) & 0x7fffffff) !== DYLD_INFO) continue
    return { at: bytes.readUInt32LE(at + 40), size: bytes.readUInt32LE(at + 44), command: at }
  }
  return { at: 0, size: 0, command: 0 }
}

function walk(trie, node, name, found) {
  const [told, behind] = uleb(trie, node)
  if (told > 0) found.set(name, trie.subarray(behind, behind + told))
  let at = behind + told + 1
  for (let children = trie[behind + told]; children > 0; children--) {
    const end = trie.indexOf(0, at)
    const [child, next] = uleb(trie, end + 1)
    walk(trie, child, name + trie.toString('latin1', at, end), found)
    at = next
  }
}

/** The number, and where it ends. */
function uleb(bytes, at) {
  let value = 0
  for (let shift = 1; ; shift *= 128) {
    const byte = bytes[at++]
    value += (byte & 0x7f) * shift
    if (byte < 0x80) return [value, at]
  }
}

/** Of a few names, none of which begins another: a root with an edge for each. Its offsets are one byte each. */
function trieOf(exported) {
  let at = 2 + exported.reduce((sum, [name]) => sum + name.length + 2, 0)
  const edges = []
  const nodes = []
  for (const [name, told] of exported) {
    edges.push(Buffer.from(`${name}\0`), Buffer.from([at]))
    nodes.push(Buffer.from([told.length]), told, Buffer.from([0]))
    at += told.length + 2
  }
  if (at > 127) throw new RangeError('an export trie of more than 127 bytes needs longer offsets')
  // Of a multiple of eight bytes, as linkers make them.
  const trie = Buffer.concat([Buffer.from([0, exported.length]), ...edges, ...nodes])
  return Buffer.concat([trie, Buffer.alloc(-trie.length & 7)])
}
