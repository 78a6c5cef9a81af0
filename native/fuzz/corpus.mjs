// The inputs that led somewhere, one file a target: native/fuzz/corpus/TARGET.inputs.
//
//   brink fuzz corpus\n
//   and for each input: its length in decimal digits, \n, its bytes, \n
//
// The shortest first, those of one length by their bytes, so that a file is a function of its inputs. It is not
// compressed: Git compresses it, and keeps of the next version only what is new, which of a compressed file is all.

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../build.mjs'

const TITLE = 'brink fuzz corpus\n'

/** Writes each input of a packed file into a file of its own; the folder has nothing else then. */
export function unpack(file, folder) {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  // libFuzzer names its findings like this, too.
  for (const input of readPacked(file)) {
    writeFileSync(join(folder, createHash('sha1').update(input).digest('hex')), input)
  }
}

/** Packs the inputs in a folder, but those that are in `known`, and gives their number. */
export function pack(folder, known, file) {
  const isKnown = new Set(inputsIn(known).map((input) => input.toString('latin1')))
  const inputs = inputsIn(folder)
    .filter((input) => !isKnown.has(input.toString('latin1')))
    .sort((a, b) => a.length - b.length || Buffer.compare(a, b))
  // Seeds may be all that a target needs.
  rmSync(file, { force: true })
  if (inputs.length === 0) return 0
  const pieces = inputs.flatMap((input) => [Buffer.from(`${input.length}\n`), input, Buffer.from('\n')])
  writeFileSync(file, Buffer.concat([Buffer.from(TITLE), ...pieces]))
  return inputs.length
}

function inputsIn(folder) {
  return readdirSync(folder).map((name) => readFileSync(join(folder, name)))
}

function readPacked(file) {
  if (!existsSync(file)) return []
  const bytes = readFileSync(file)
  const broken = () => new Failure(`${file} is no packed corpus, or not the whole of one.`)
  if (bytes.toString('latin1', 0, TITLE.length) !== TITLE) throw broken()
  const inputs = []
  for (let at = TITLE.length; at < bytes.length; ) {
    const line = bytes.indexOf('\n', at)
    const digits = bytes.toString('latin1', at, line)
    const end = line + 1 + Number(digits)
    if (!/^\d+$/.test(digits) || bytes[end] !== 0x0a) throw broken()
    inputs.push(bytes.subarray(line + 1, end))
    at = end + 1
  }
  return inputs
}
