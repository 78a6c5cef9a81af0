// Compiles the self-test, a variant at a time, the C++ of a folder as one unit: most of the time goes into headers.
// Objects that are made from the same bytes in the same way are not made again.

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Failure, filesUnder, fingerprint, onPath, run } from '../build.mjs'

export const NATIVE = dirname(dirname(fileURLToPath(import.meta.url)))
export const OUTPUT = join(NATIVE, 'build', 'selftest')

// What knows neither Node nor libuv. Of the host that is one file.
const CORE = ['poller', 'net', 'tls', 'http', 'reactor', 'host/reactor_thread.cc', 'host/threads_at_exit.cc']
const LLHTTP = ['deps/llhttp/api.c', 'deps/llhttp/http.c', 'deps/llhttp/llhttp.c']
// The rest of the host, over a libuv of the self-test's own.
const HOSTS = ['host/inline_host.cc', 'host/thread_host.cc']
const INCLUDES = [`-I${NATIVE}`, `-I${join(NATIVE, 'deps/llhttp')}`, `-I${join(NATIVE, 'selftest/libuv')}`]

/** Runs as many of the functions it is given at a time as there are processors. */
export const inTurn = (() => {
  const waiting = []
  let running = 0
  const next = () => {
    if (running >= availableParallelism() || waiting.length === 0) return
    running++
    const { work, resolve, reject } = waiting.shift()
    work()
      .then(resolve, reject)
      .finally(() => {
        running--
        next()
      })
  }
  return (work) =>
    new Promise((resolve, reject) => {
      waiting.push({ work, resolve, reject })
      next()
    })
})()

export function coreSources() {
  return CORE.flatMap((part) => (part.endsWith('.cc') ? [join(NATIVE, part)] : sourcesIn(part)))
}

function sourcesIn(folder) {
  return filesUnder(join(NATIVE, folder), (name) => name.endsWith('.cc'))
}

/** A variant's C and C++ compiler, or undefined when it is not installed. */
export function compilersOf({ compilers }) {
  const { CC, CXX } = process.env
  const c = compilers ? onPath(compilers[0]) : onPath(...(CC ? [CC] : ['cc', 'gcc', 'clang']))
  const cxx = compilers ? onPath(compilers[1]) : onPath(...(CXX ? [CXX] : ['c++', 'g++', 'clang++']))
  return c && cxx ? { c, cxx } : undefined
}

/** The path of the variant's program, made anew where something has changed. */
export async function build(variant) {
  const compilers = compilersOf(variant)
  const folder = join(OUTPUT, variant.name)
  mkdirSync(folder, { recursive: true })
  const versions = [compilers.c, compilers.cxx].map((compiler) => run(compiler, ['--version']).output)
  const headers = fingerprint(filesUnder(NATIVE, (name) => name.endsWith('.h') && !name.startsWith('build')))
  const sources = [
    ...coreSources(),
    ...sourcesIn('selftest'),
    ...[...HOSTS, ...LLHTTP].map((file) => join(NATIVE, file)),
  ]
  const units = variant.isByFile ? sources.map((source) => ({ file: source, parts: [] })) : unitsOf(sources, folder)
  const objects = await Promise.all(
    units.map((unit) => inTurn(() => compile(unit, variant, compilers, folder, [versions, headers]))),
  )
  const program = join(folder, `selftest${variant.suffix ?? ''}`)
  const arguments_ = [...objects, '-o', program, ...variant.flags, ...(variant.libraries ?? ['-pthread'])]
  return makeOnce(program, fingerprint(objects, arguments_, versions), compilers.cxx, arguments_)
}

/**
 * One unit for the C++ sources of each folder, in files that it writes into `output`, and one for each file of C: its
 * path, and those of what it includes.
 */
export function unitsOf(sources, output) {
  const folders = new Map()
  for (const source of sources.filter((name) => name.endsWith('.cc'))) {
    const folder = relative(NATIVE, dirname(source)).replace(/[\\/]/g, '-')
    folders.set(folder, [...(folders.get(folder) ?? []), source])
  }
  const made = [...folders].map(([folder, parts]) => {
    const file = join(output, `${folder}.cc`)
    const lines = parts.sort().map((part) => `#include "${relative(NATIVE, part).replaceAll('\\', '/')}"\n`)
    writeFileSync(file, lines.join(''))
    return { file, parts }
  })
  return [...made, ...sources.filter((name) => name.endsWith('.c')).map((file) => ({ file, parts: [] }))]
}

async function compile({ file, parts }, variant, compilers, folder, madeWith) {
  const isC = file.endsWith('.c')
  // llhttp's own C is not ours to keep free of warnings.
  const dialect = isC ? ['-w'] : ['-std=c++17', '-fno-exceptions', '-Wall', '-Wextra', ...(variant.cxxflags ?? [])]
  const object = join(folder, `${relative(NATIVE, file).replace(/[\\/]/g, '-')}.o`)
  const arguments_ = ['-c', file, '-o', object, ...INCLUDES, ...variant.flags, ...dialect]
  const inputs = fingerprint([file, ...parts], arguments_, madeWith)
  return makeOnce(object, inputs, isC ? compilers.c : compilers.cxx, arguments_)
}

/** Runs a command that writes `file`, unless it was written before by the same. */
export async function makeOnce(file, inputs, command, arguments_, { silentMs } = {}) {
  const stamp = `${file}.stamp`
  if (existsSync(file) && existsSync(stamp) && readFileSync(stamp, 'utf8') === inputs) return file
  const { code, output } = await execute(command, arguments_, { silentMs })
  if (code !== 0) throw new Failure(`${basename(file)} does not compile (${code}).`, output)
  writeFileSync(stamp, inputs)
  return file
}

/**
 * Runs a program to its end: its exit code or the signal, and what it printed. One that has printed nothing for
 * `silentMs` hangs, and is ended; how long it takes altogether depends on the machine.
 */
export function execute(command, arguments_, { env = {}, silentMs = 300_000 } = {}) {
  const child = spawn(command, arguments_, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const limit = setTimeout(() => child.kill('SIGKILL'), silentMs)
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text
      limit.refresh()
    })
  }
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: error.message, output }))
    child.on('close', (code, signal) => {
      clearTimeout(limit)
      resolve({ code: code ?? signal, output })
    })
  })
}
