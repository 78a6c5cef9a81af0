// What is read of the binaries for macOS, and taken out of them: nothing here could run one that is wrong.
import { createHash } from 'node:crypto'
import { test } from 'uvu'
import * as assert from 'uvu/assert'

const prebuild = new URL('../../../native/prebuild/', import.meta.url)
const { readMachO } = (await import(new URL('mach_o.mjs', prebuild).href)) as {
  readMachO: (bytes: Buffer) => {
    machine: string
    oldestSystem: string
    exports: string[]
    signatureProblems: string[]
  }
}
const { exportsOf, keepAskedExports } = (await import(new URL('mach_o_exports.mjs', prebuild).href)) as {
  exportsOf: (bytes: Buffer) => Map<string, Buffer>
  keepAskedExports: (bytes: Buffer) => void
}

const PAGE = 4096
const TRIE_AT = PAGE + 64
const SIGNATURE_AT = 2 * PAGE + 32

/** `_napi_register_module_v1` at 0x10, and `_hidden` at 0x20, which share their first letter. */
const TRIE = Buffer.concat([
  Buffer.from([0, 1, ...Buffer.from('_\0'), 5]),
  Buffer.from([0, 2, ...Buffer.from('napi_register_module_v1\0'), 40, ...Buffer.from('hidden\0'), 44]),
  Buffer.from([2, 0, 0x10, 0, 2, 0, 0x20, 0]),
])

function command(kind: number, words: readonly number[]): Buffer {
  const bytes = Buffer.alloc(8 + 4 * words.length)
  bytes.writeUInt32LE(kind, 0)
  bytes.writeUInt32LE(bytes.length, 4)
  words.forEach((word, place) => {
    bytes.writeUInt32LE(word, 8 + 4 * place)
  })
  return bytes
}

function bigEndian(...words: number[]): Buffer {
  const bytes = Buffer.alloc(4 * words.length)
  words.forEach((word, place) => {
    bytes.writeUInt32BE(word, 4 * place)
  })
  return bytes
}

/** A library for macOS on arm64 of three pages, the last one torn, of which only what is read is there. */
function library({ isSigned = true } = {}): Buffer {
  const pages = 3
  const directory = 44
  const signature = 20 + directory + 32 * pages
  const commands = [
    command(0x32, [1, 11 << 16, 0, 0]),
    command(0x80000022, [0, 0, 0, 0, 0, 0, 0, 0, TRIE_AT, TRIE.length]),
    ...(isSigned ? [command(0x1d, [SIGNATURE_AT, signature])] : []),
  ]
  const code = Buffer.alloc(SIGNATURE_AT)
  for (const [place, word] of [0xfeedfacf, 0x0100000c, 0, 6, commands.length].entries()) {
    code.writeUInt32LE(word, 4 * place)
  }
  Buffer.concat(commands).copy(code, 32)
  TRIE.copy(code, TRIE_AT)
  if (!isSigned) return code
  const hashes = Array.from({ length: pages }, (_, page) =>
    createHash('sha256')
      .update(code.subarray(page * PAGE, (page + 1) * PAGE))
      .digest(),
  )
  return Buffer.concat([
    code,
    bigEndian(0xfade0cc0, signature, 1, 0, 20),
    bigEndian(0xfade0c02, directory + 32 * pages, 0x20400, 2, directory, directory, 0, pages, SIGNATURE_AT),
    Buffer.from([32, 2, 0, 12, 0, 0, 0, 0]),
    ...hashes,
  ])
}

test('system, architecture and exports are read', () => {
  const { machine, oldestSystem, exports } = readMachO(library())
  assert.equal([machine, oldestSystem], ['arm64', '11.0'])
  assert.equal(exports.sort(), ['hidden', 'napi_register_module_v1'])
})

test('only what Node asks for stays exported, at its address', () => {
  const bytes = library()
  const size = bytes.length
  keepAskedExports(bytes)
  assert.is(bytes.length, size)
  assert.equal([...exportsOf(bytes)], [['_napi_register_module_v1', Buffer.from([0, 0x10])]])
})

test('a signature holds for the bytes that it was made of', () => {
  assert.equal(readMachO(library()).signatureProblems, [])
})

test('a signature does not hold when a byte has changed, and tells the page', () => {
  for (const [page, at] of [PAGE - 1, PAGE, SIGNATURE_AT - 1].entries()) {
    const bytes = library()
    bytes.writeUInt8(7, at)
    assert.equal(readMachO(bytes).signatureProblems, [`Its signature is of another page ${page}.`])
  }
})

test('a signature that does not end the file, or covers another part of it, does not hold', () => {
  assert.equal(readMachO(Buffer.concat([library(), Buffer.alloc(16)])).signatureProblems, [
    'Its signature is not the end of the file.',
  ])
  const bytes = library()
  bytes.writeUInt32BE(SIGNATURE_AT - 16, SIGNATURE_AT + 20 + 32)
  assert.match(readMachO(bytes).signatureProblems.join(' '), 'covers another part')
})

test('without a signature no arm64 kernel loads it', () => {
  assert.equal(readMachO(library({ isSigned: false })).signatureProblems, ['It is not signed.'])
})

test.run()
