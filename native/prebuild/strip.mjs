// Removes names from a binary of macOS that nobody looks for, a quarter of it, which zig's linker keeps. llvm-strip lays
// out anew what is left, and signs anew what was signed, from LLVM 14 on. That nothing else has changed is checked,
// because nothing here can run the result.

import { readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Failure, onPath, run } from '../build.mjs'
import { contentsOf } from './mach_o.mjs'
import { keepAskedExports } from './mach_o_exports.mjs'

const NAMES = ['llvm-strip', ...[20, 19, 18, 17, 16, 15, 14].map((version) => `llvm-strip-${version}`)]

/** The path of the stripped file. */
export function stripMachO(file) {
  const strip = onPath(...NAMES)
  if (strip === undefined) {
    throw new Failure('The binaries of macOS need llvm-strip of LLVM 14 or newer: apt-get install llvm')
  }
  const bytes = readFileSync(file)
  const before = contentsOf(bytes)
  keepAskedExports(bytes)
  const trimmed = `${file}.trimmed`
  writeFileSync(trimmed, bytes)
  // Its signature has the name of the file.
  const stripped = join(dirname(file), `stripped-${basename(file)}`)
  const { ok, output } = run(strip, ['--strip-all', trimmed, '-o', stripped])
  if (!ok) throw new Failure(`${file} could not be stripped.`, output)
  const after = contentsOf(readFileSync(stripped))
  const changed = [...before.keys()].filter((part) => before.get(part) !== after.get(part))
  if (changed.length === 0) return stripped
  throw new Failure(`${strip} has changed more than names in ${file}:`, changed.join('\n'))
}
