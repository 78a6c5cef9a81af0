// Compiles the fuzz targets with clang: the core without its system calls, the fake system in their place, under
// Address- and UndefinedBehaviorSanitizer. Objects that are made from the same bytes in the same way are not made again.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { Failure, filesUnder, fingerprint, onPath, run } from '../build.mjs'
import { execute, inTurn, NATIVE } from '../selftest/toolchain.mjs'
import { FAKE_KQUEUE } from '../selftest/variants.mjs'

export const OUTPUT = join(NATIVE, 'build', 'fuzz')

// Without what looks types up by the addresses of their tables: those differ from one place of the sources to another,
// and the fuzzer would follow that.
const SANITIZE = [
  '-fsanitize=address,undefined',
  '-fno-sanitize=vptr',
  '-fno-sanitize-recover=all',
  '-fno-omit-frame-pointer',
]
const INCLUDES = [`-I${NATIVE}`, `-I${join(NATIVE, 'deps/llhttp')}`]
const COMPILE = ['-O2', '-g1', '-DBRINK_INSPECT', ...FAKE_KQUEUE, ...INCLUDES, ...SANITIZE]
const CORE = ['net/deadline_wheel.cc', 'net/pending_output.cc', 'http', 'poller/kqueue.cc', 'reactor']
const LLHTTP = ['deps/llhttp/api.c', 'deps/llhttp/http.c', 'deps/llhttp/llhttp.c']
// The fuzzer looks for inputs that lead to new places in these; the others only watch.
const LEADS = /^(net|http|poller|reactor|deps)\/|^fuzz\/(world|setup|fake_kernel|fake_kqueue|\w+_fuzz)\.cc$/

// How deep the stack is depends on where it begins, and that on the environment.
const LED = ['-fsanitize=fuzzer-no-link', '-fno-sanitize-coverage=stack-depth']

function findClang() {
  const found = { c: onPath('clang'), cxx: onPath('clang++') }
  if (found.c && found.cxx) return found
  throw new Failure('Fuzzing needs clang and its runtime: apt-get install clang libclang-rt-dev')
}

/** The path of the target's program, made anew where something has changed. */
export async function build(target) {
  const { c, cxx } = findClang()
  mkdirSync(OUTPUT, { recursive: true })
  const version = run(cxx, ['--version']).output
  const headers = fingerprint(filesUnder(NATIVE, (name) => name.endsWith('.h') && !name.startsWith('build')))
  const objects = await Promise.all(
    sourcesOf(target).map((source) => inTurn(() => compile(source, { c, cxx }, [version, headers]))),
  )
  const program = join(OUTPUT, target)
  const args = [...objects, '-o', program, '-fsanitize=fuzzer', ...SANITIZE]
  return makeOnce(program, fingerprint(objects, args, version), cxx, args)
}

function sourcesOf(target) {
  const isSource = (name) => name.endsWith('.cc') && (!name.endsWith('_fuzz.cc') || name === `${target}_fuzz.cc`)
  const parts = [...CORE, ...LLHTTP].map((part) => join(NATIVE, part))
  const core = parts.flatMap((part) => (/\.cc?$/.test(part) ? [part] : filesUnder(part, isSource)))
  return [...core, ...filesUnder(join(NATIVE, 'fuzz'), isSource)]
}

async function compile(source, { c, cxx }, madeWith) {
  const name = relative(NATIVE, source).replaceAll('\\', '/')
  const object = join(OUTPUT, `${name.replaceAll('/', '-')}.o`)
  const isC = name.endsWith('.c')
  // llhttp's own C is not ours to keep free of warnings.
  const dialect = isC ? ['-w'] : ['-std=c++17', '-fno-exceptions', '-Wall', '-Wextra', '-Werror']
  const leads = LEADS.test(name) ? LED : []
  const args = ['-c', source, '-o', object, ...COMPILE, ...leads, ...dialect]
  return makeOnce(object, fingerprint([source], args, madeWith), isC ? c : cxx, args)
}

/** Runs a command that writes `file`, unless it was written before by the same. */
async function makeOnce(file, inputs, command, args) {
  const stamp = `${file}.stamp`
  if (existsSync(file) && existsSync(stamp) && readFileSync(stamp, 'utf8') === inputs) return file
  const { code, output } = await execute(command, args)
  if (code !== 0) throw new Failure(`${basename(file)} does not compile.`, output)
  writeFileSync(stamp, inputs)
  return file
}
