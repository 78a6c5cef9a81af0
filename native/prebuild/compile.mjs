// Compiles the addon for one target, from the lists of native/compilation.mjs. Objects are not made again from the same.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Failure, filesUnder, fingerprint, installedHeaders } from '../build.mjs'
import { LISTS } from '../compilation.mjs'
import { execute, inTurn, makeOnce, NATIVE } from '../selftest/toolchain.mjs'

const OUTPUT = join(NATIVE, 'build', 'prebuild')

// zig adds a check of undefined behaviour, a stack protector and frame pointers, which no compiler of a distribution
// adds by itself to what node-gyp compiles.
const ZIG_FLAGS = ['-fno-sanitize=undefined', '-fno-stack-protector', '-fomit-frame-pointer']
const OWN_SOURCES = [join('prebuild', 'no_demangling.cc')]
// As node-gyp defines them.
const GYP_DEFINES = ['BUILDING_NODE_EXTENSION', 'NODE_GYP_MODULE_NAME=brink']

/** The path of the binary, which is not in the place yet from where it is loaded and packed. */
export async function compileTarget(zig, target) {
  const folder = join(OUTPUT, target.name)
  const file = join(folder, 'brink.node')
  mkdirSync(folder, { recursive: true })

  const node = nodeHeaders()
  const flags = [
    ...['-target', target.triple, ...LISTS.cflags, ...ZIG_FLAGS],
    ...target.compileFlags,
    ...[...LISTS.defines, ...GYP_DEFINES].map((define) => `-D${define}`),
    ...[`-I${NATIVE}`, `-I${join(NATIVE, 'deps/llhttp')}`, '-isystem', node, '-isystem', nodeAddonApi()],
  ]
  const headers = fingerprint(filesUnder(NATIVE, (name) => name.endsWith('.h') && !/^build[\\/]/.test(name)))
  const made = await Promise.all(
    [...LISTS.sources, ...LISTS.small_sources, ...LISTS.llhttp, ...OWN_SOURCES].map((source) =>
      inTurn(() => compile(zig, source, join(folder, `${source.replace(/[\\/]/g, '-')}.o`), flags, headers)),
    ),
  )
  const libraries = target.platform === 'win32' ? [await importLibrary(zig, node, folder), '-lws2_32'] : []
  const link = ['c++', '-target', target.triple, '-shared', ...target.linkFlags, '-o', file, ...made, ...libraries]
  // zig compiles libc++ when it is first needed, minutes of the processor, and says nothing.
  return inTurn(() =>
    makeOnce(file, fingerprint([...made, ...target.linkInputs], link), zig, link, { silentMs: 3_600_000 }),
  )
}

function compile(zig, source, object, flags, headers) {
  const isC = source.endsWith('.c')
  const dialect = isC ? ['cc', ...LISTS.cflags_c] : ['c++', ...LISTS.cflags_cc]
  const path = join(NATIVE, source)
  const size = LISTS.small_sources.includes(source) ? LISTS.cflags_small : []
  const command = [...dialect, ...flags, ...size, '-c', path, '-o', object]
  return makeOnce(object, fingerprint([path], command, headers), zig, command)
}

function nodeHeaders() {
  const prefix = installedHeaders()
  if (prefix) return join(prefix, 'include', 'node')
  throw new Failure(
    'The binaries need the headers of Node (include/node beside its bin), and this Node has none: ' +
      "take Node from nodejs.org's archive, or the package of your system that has them (Debian: libnode-dev).",
  )
}

function nodeAddonApi() {
  return dirname(createRequire(import.meta.url).resolve('node-addon-api/package.json'))
}

/** What Windows needs to link against node.exe: all that its headers export. */
async function importLibrary(zig, node, folder) {
  const headers = readdirSync(node).filter((name) => /^(js_native_api|node_api|uv)\.h$/.test(name))
  const text = headers.map((name) => readFileSync(join(node, name), 'utf8')).join('\n')
  const exported = /\b(?:NAPI_EXTERN|UV_EXTERN)\b[^;(]*?\b((?:napi|node_api|uv)_\w+)\s*\(/g
  const names = new Set([...text.matchAll(exported)].map(([, name]) => name))
  const definition = join(folder, 'node.def')
  const library = join(folder, 'node.lib')
  writeFileSync(definition, ['LIBRARY node.exe', 'EXPORTS', ...names, ''].join('\n'))
  const { code, output } = await execute(zig, ['dlltool', '-m', 'i386:x86-64', '-d', definition, '-l', library])
  if (code !== 0) throw new Failure('The import library of node.exe could not be made.', output)
  return library
}
