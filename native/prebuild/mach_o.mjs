// Reads a Mach-O file of 64 bits: what binary.mjs tells of each format, and what the loader of macOS looks at besides: the
// symbol table and the code signature. Without a valid one an arm64 kernel kills the process that loads it.

import { createHash } from 'node:crypto'
import { ASKED_FOR, exportsOf } from './mach_o_exports.mjs'

const MACHINES = { 16777223: 'x64', 16777228: 'arm64' }
const SYMBOLS = 0x2
const DYNAMIC_SYMBOLS = 0xb
const SEGMENT = 0x19
const CODE_SIGNATURE = 0x1d
const DYLD_INFO = 0x22
const MINIMUM_MACOS = 0x24
const BUILD_VERSION = 0x32
const LIBRARIES = new Set([0xc, 0x18, 0x1f])
const REQUIRED_BY_DYLD = 0x80000000
// In place of a symbol's number: a pointer to something in the file itself.
const INDIRECT_LOCAL = 0x80000000

/** Besides what readBinary() gives: `oldestSystem`, `exports` (their names), `signatureProblems` (a sentence each). */
export function readMachO(bytes) {
  const commands = loadCommands(bytes)
  const build = commands.find(({ kind }) => kind === BUILD_VERSION || kind === MINIMUM_MACOS)
  const symbols = symbolsOf(bytes, commands)
  return {
    format: 'Mach-O',
    machine: MACHINES[bytes.readUInt32LE(4)],
    libraries: commands
      .filter(({ kind }) => LIBRARIES.has(kind))
      .map(({ at }) => textAt(bytes, at + bytes.readUInt32LE(at + 8))),
    imports: symbols.filter(({ isImport }) => isImport).map(({ name }) => ({ name: name.replace(/^_/, '') })),
    oldestSystem: build && macosVersion(bytes.readUInt32LE(build.at + (build.kind === BUILD_VERSION ? 12 : 8))),
    exports: [...exportsOf(bytes).keys()].map((name) => name.replace(/^_/, '')),
    signatureProblems: signatureProblems(bytes, commands),
  }
}

/**
 * What the loader makes memory and links of it: the bytes of each section, of each table of dyld, the names that the
 * indirect symbols stand for, and what Node asks for. Equal for two files that differ only in names which nobody looks for.
 */
export function contentsOf(bytes) {
  const commands = loadCommands(bytes)
  const contents = new Map()
  for (const { at } of commands.filter(({ kind }) => kind === SEGMENT)) {
    for (let i = 0; i < bytes.readUInt32LE(at + 64); i++) {
      const section = at + 72 + i * 80
      const name = `${bytes.toString('latin1', section + 16, section + 32)},${bytes.toString('latin1', section, section + 16)}`
      const offset = bytes.readUInt32LE(section + 48)
      const size = offset === 0 ? 0 : Number(bytes.readBigUInt64LE(section + 40))
      const place = [bytes.readBigUInt64LE(section + 32), bytes.readBigUInt64LE(section + 40)].join('+')
      contents.set(`${name.replaceAll('\0', '')} at ${place}`, hashOf(bytes.subarray(offset, offset + size)))
    }
  }
  const info = commands.find(({ kind }) => kind === DYLD_INFO)
  for (const [i, name] of ['rebase', 'bind', 'weak bind', 'lazy bind'].entries()) {
    const [offset, size] = info ? [8, 12].map((field) => bytes.readUInt32LE(info.at + field + i * 8)) : [0, 0]
    contents.set(name, hashOf(bytes.subarray(offset, offset + size)))
  }
  contents.set('indirect symbols', indirectNames(bytes, commands).join(' '))
  const asked = [...exportsOf(bytes)].filter(([name]) => ASKED_FOR.test(name))
  contents.set(
    'exports',
    asked
      .map(([name, told]) => `${name} ${told.toString('hex')}`)
      .sort()
      .join(' '),
  )
  return contents
}

function loadCommands(bytes) {
  const commands = []
  for (let i = 0, at = 32; i < bytes.readUInt32LE(16); i++, at += bytes.readUInt32LE(at + 4)) {
    commands.push({ kind: (bytes.readUInt32LE(at) & ~REQUIRED_BY_DYLD) >>> 0, at })
  }
  return commands
}

function textAt(bytes, at) {
  return bytes.toString('latin1', at, bytes.indexOf(0, at))
}

function hashOf(bytes) {
  return createHash('sha256').update(bytes).digest('hex')
}

function macosVersion(number) {
  return `${number >> 16}.${(number >> 8) & 0xff}`
}

function symbolsOf(bytes, commands) {
  const table = commands.find(({ kind }) => kind === SYMBOLS)
  if (table === undefined) return []
  const [first, count, names] = [8, 12, 16].map((offset) => bytes.readUInt32LE(table.at + offset))
  return Array.from({ length: count }, (_, i) => {
    const at = first + i * 16
    const type = bytes[at + 4]
    const isDebugging = (type & 0xe0) !== 0
    const isExternal = (type & 1) === 1
    const isDefined = (type & 0x0e) !== 0
    return {
      name: textAt(bytes, names + bytes.readUInt32LE(at)),
      isImport: !isDebugging && isExternal && !isDefined,
    }
  })
}

function indirectNames(bytes, commands) {
  const table = commands.find(({ kind }) => kind === DYNAMIC_SYMBOLS)
  if (table === undefined) return []
  const symbols = symbolsOf(bytes, commands)
  const first = bytes.readUInt32LE(table.at + 56)
  return Array.from({ length: bytes.readUInt32LE(table.at + 60) }, (_, i) => {
    const number = bytes.readUInt32LE(first + i * 4)
    return number >= INDIRECT_LOCAL ? 'local' : symbols[number].name
  })
}

const EMBEDDED_SIGNATURE = 0xfade0cc0
const CODE_DIRECTORY = 0xfade0c02
const SHA256 = 2
const AD_HOC = 2

/** Signatures are big-endian (xnu, cs_blobs.h). Only the kernel of arm64 insists on one. */
function signatureProblems(bytes, commands) {
  const command = commands.find(({ kind }) => kind === CODE_SIGNATURE)
  if (command === undefined) return MACHINES[bytes.readUInt32LE(4)] === 'arm64' ? ['It is not signed.'] : []
  const [at, size] = [8, 12].map((offset) => bytes.readUInt32LE(command.at + offset))
  const directory = codeDirectory(bytes, at)
  if (directory === undefined) return ['Its signature has no code directory.']
  const [, , flags, hashes, , , count, limit] = Array.from({ length: 8 }, (_, i) =>
    bytes.readUInt32BE(directory + 4 + i * 4),
  )
  const [hashSize, hashType, , pageBits] = bytes.subarray(directory + 36, directory + 40)
  const pageSize = 2 ** pageBits
  const problems = []
  if (at % 16 !== 0 || at + size !== bytes.length) problems.push('Its signature is not the end of the file.')
  if (hashType !== SHA256 || hashSize !== 32) problems.push('Its signature is not of SHA-256.')
  if ((flags & AD_HOC) === 0) problems.push('Its signature is not ad hoc, and has no certificate.')
  if (limit !== at || count !== Math.ceil(at / pageSize))
    problems.push('Its signature covers another part of the file.')
  for (let page = 0; page < count; page++) {
    const signed = bytes.toString('hex', directory + hashes + page * 32, directory + hashes + page * 32 + 32)
    const is = hashOf(bytes.subarray(page * pageSize, Math.min((page + 1) * pageSize, limit)))
    if (signed !== is) problems.push(`Its signature is of another page ${page}.`)
  }
  return problems
}

function codeDirectory(bytes, at) {
  if (bytes.readUInt32BE(at) !== EMBEDDED_SIGNATURE) return undefined
  const blobs = Array.from(
    { length: bytes.readUInt32BE(at + 8) },
    (_, i) => at + bytes.readUInt32BE(at + 12 + i * 8 + 4),
  )
  return blobs.find((blob) => bytes.readUInt32BE(blob) === CODE_DIRECTORY)
}
