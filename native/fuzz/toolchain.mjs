// Compiles the fuzz targets with clang: the core without its system calls, the fake system in their place, under
// Address- and UndefinedBehaviorSanitizer. Objects that are made from the same bytes in the same way are not made again.

import { mkdirSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { Failure, filesUnder, fingerprint, onPath, run } from '../build.mjs'
import { inTurn, makeOnce, NATIVE, unitsOf } from '../selftest/toolchain.mjs'
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
// The fuzzer looks for inputs that lead to new places in these and in the core; the others only watch.
const LEADS = /^(world|setup|fake_kernel|fake_kqueue|\w+_fuzz)\.cc$/

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
    unitsFor(target).map((unit) => inTurn(() => compile(unit, { c, cxx }, [version, headers]))),
  )
  const program = join(OUTPUT, target)
  const args = [...objects, '-o', program, '-fsanitize=fuzzer', ...SANITIZE]
  return makeOnce(program, fingerprint(objects, args, version), cxx, args)
}

/** The files of the fuzzer are units of their own: a target has not all of them, and not all of them lead. */
function unitsFor(target) {
  const core = [...CORE, ...LLHTTP]
    .map((part) => join(NATIVE, part))
    .flatMap((part) => (/\.cc?$/.test(part) ? [part] : filesUnder(part, isSource)))
  const own = filesUnder(
    join(NATIVE, 'fuzz'),
    (name) => isSource(name) && (!name.endsWith('_fuzz.cc') || name === `${target}_fuzz.cc`),
  )
  return [
    ...unitsOf(core, OUTPUT).map((unit) => ({ ...unit, leads: true })),
    ...own.map((file) => ({ file, parts: [], leads: LEADS.test(basename(file)) })),
  ]
}

function isSource(name) {
  return name.endsWith('.cc')
}

async function compile({ file, parts, leads }, { c, cxx }, madeWith) {
  const object = join(OUTPUT, `${relative(NATIVE, file).replace(/[\\/]/g, '-')}.o`)
  const isC = file.endsWith('.c')
  // llhttp's own C is not ours to keep free of warnings.
  const dialect = isC ? ['-w'] : ['-std=c++17', '-fno-exceptions', '-Wall', '-Wextra', '-Werror']
  const args = ['-c', file, '-o', object, ...COMPILE, ...(leads ? LED : []), ...dialect]
  return makeOnce(object, fingerprint([file, ...parts], args, madeWith), isC ? c : cxx, args)
}
