// Reads what a shared object says of itself, ELF, Mach-O or PE, all of 64 bits and little-endian: what it is for, the
// libraries that it needs, and the symbols that others have to bring.

import { readFileSync } from 'node:fs'
import { readMachO } from './mach_o.mjs'

/**
 * `format` and `machine`; `libraries` by name; `imports` as { name, library?, version? }; and of the format alone
 * `staysLoaded` (ELF), `exports` by name (ELF, Mach-O), and what else readMachO() tells.
 */
export function readBinary(file) {
  const bytes = readFileSync(file)
  if (bytes.readUInt32BE(0) === 0x7f454c46) return readElf(bytes)
  if (bytes.readUInt32LE(0) === 0xfeedfacf) return readMachO(bytes)
  if (bytes.toString('latin1', 0, 2) === 'MZ') return readPe(bytes)
  throw new Error(`${file} is no shared object of a known format`)
}

function textAt(bytes, at) {
  return bytes.toString('latin1', at, bytes.indexOf(0, at))
}

function number64(bytes, at) {
  return Number(bytes.readBigUInt64LE(at))
}

const ELF_MACHINES = { 62: 'x64', 183: 'arm64' }
const DYNAMIC = 6
const DYNAMIC_SYMBOLS = 11
const VERSIONS_NEEDED = 0x6ffffffe
const VERSIONS_OF_SYMBOLS = 0x6fffffff
const NEEDED = 1n
const FLAGS_1 = 0x6ffffffbn
const NODELETE = 8n

function readElf(bytes) {
  const sections = elfSections(bytes)
  const of = (type) => sections.find((section) => section.type === type)
  const dynamic = of(DYNAMIC)
  const names = sections[dynamic.link].at
  const entries = []
  for (let at = dynamic.at; at < dynamic.at + dynamic.size; at += 16) {
    entries.push({ tag: bytes.readBigInt64LE(at), value: bytes.readBigUInt64LE(at + 8) })
  }
  return {
    format: 'ELF',
    machine: ELF_MACHINES[bytes.readUInt16LE(18)],
    libraries: entries.filter(({ tag }) => tag === NEEDED).map(({ value }) => textAt(bytes, names + Number(value))),
    staysLoaded: entries.some(({ tag, value }) => tag === FLAGS_1 && (value & NODELETE) !== 0n),
    imports: elfImports(bytes, sections, of),
    exports: elfExports(bytes, sections, of),
  }
}

function elfSections(bytes) {
  const first = number64(bytes, 40)
  const each = bytes.readUInt16LE(58)
  return Array.from({ length: bytes.readUInt16LE(60) }, (_, i) => {
    const at = first + i * each
    return {
      type: bytes.readUInt32LE(at + 4),
      at: number64(bytes, at + 24),
      size: number64(bytes, at + 32),
      link: bytes.readUInt32LE(at + 40),
      count: bytes.readUInt32LE(at + 44),
    }
  })
}

function elfImports(bytes, sections, of) {
  const numbers = of(VERSIONS_OF_SYMBOLS)
  const versions = elfVersions(bytes, sections, of(VERSIONS_NEEDED))
  return elfSymbols(bytes, sections, of)
    .filter(({ isDefined, isWeak }) => !isDefined && !isWeak)
    .map(({ name, index }) => ({
      name,
      ...(numbers && versions.get(bytes.readUInt16LE(numbers.at + index * 2) & 0x7fff)),
    }))
}

function elfExports(bytes, sections, of) {
  const defined = elfSymbols(bytes, sections, of).filter(({ isDefined }) => isDefined)
  return defined.map(({ name }) => name)
}

/** The dynamic ones, whose index is that of their versions as well. */
function elfSymbols(bytes, sections, of) {
  const symbols = of(DYNAMIC_SYMBOLS)
  const names = sections[symbols.link].at
  // The first is none.
  return Array.from({ length: symbols.size / 24 - 1 }, (_, before) => {
    const at = symbols.at + (before + 1) * 24
    return {
      index: before + 1,
      name: textAt(bytes, names + bytes.readUInt32LE(at)),
      isDefined: bytes.readUInt16LE(at + 6) !== 0,
      isWeak: bytes[at + 4] >> 4 === 2,
    }
  })
}

/** By the number that a symbol has: the library, and its version as GLIBC_2.28. */
function elfVersions(bytes, sections, section) {
  const versions = new Map()
  if (section === undefined) return versions
  const names = sections[section.link].at
  for (let i = 0, at = section.at; i < section.count; i++) {
    const library = textAt(bytes, names + bytes.readUInt32LE(at + 4))
    let entry = at + bytes.readUInt32LE(at + 8)
    for (let j = bytes.readUInt16LE(at + 2); j > 0; j--) {
      const version = textAt(bytes, names + bytes.readUInt32LE(entry + 8))
      versions.set(bytes.readUInt16LE(entry + 6), { library, version })
      entry += bytes.readUInt32LE(entry + 12)
    }
    at += bytes.readUInt32LE(at + 12)
  }
  return versions
}

const PE_MACHINES = { 34404: 'x64', 43620: 'arm64' }

function readPe(bytes) {
  const header = bytes.readUInt32LE(0x3c) + 4
  const optional = header + 20
  const sections = Array.from({ length: bytes.readUInt16LE(header + 2) }, (_, i) => {
    const at = optional + bytes.readUInt16LE(header + 16) + i * 40
    return { begin: bytes.readUInt32LE(at + 12), size: bytes.readUInt32LE(at + 16), at: bytes.readUInt32LE(at + 20) }
  })
  const place = (address) => {
    const section = sections.find(({ begin, size }) => address >= begin && address < begin + size)
    return address - section.begin + section.at
  }
  const binary = { format: 'PE', machine: PE_MACHINES[bytes.readUInt16LE(header)], libraries: [], imports: [] }
  for (let at = place(bytes.readUInt32LE(optional + 120)); bytes.readUInt32LE(at + 12) !== 0; at += 20) {
    const library = textAt(bytes, place(bytes.readUInt32LE(at + 12)))
    binary.libraries.push(library)
    for (let entry = place(bytes.readUInt32LE(at)); bytes.readBigUInt64LE(entry) !== 0n; entry += 8) {
      const named = bytes.readBigUInt64LE(entry)
      const name = named >> 63n ? `#${named & 0xffffn}` : textAt(bytes, place(Number(named)) + 2)
      binary.imports.push({ name, library })
    }
  }
  return binary
}
