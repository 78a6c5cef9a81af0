// Compiles the addon with the poller of kqueue(2) over epoll, so that the tests of servers can run with it:
//
//   node native/selftest/kqueue/addon.mjs
//   BRINK_ADDON=$PWD/native/build/kqueue/brink.node npm test -- "[kqueue"

import { createRequire } from 'node:module'
import { mkdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fetchLlhttp, filesUnder, generateLayout } from '../../build.mjs'
import { LISTS } from '../../compilation.mjs'
import { compilersOf, execute, inTurn, NATIVE, unitsOf } from '../toolchain.mjs'
import { FAKE_KQUEUE } from '../variants.mjs'

const OUTPUT = join(NATIVE, 'build', 'kqueue')
const SOURCES = [
  ...[...LISTS.sources, ...LISTS.small_sources, ...LISTS.llhttp].map((source) => join(NATIVE, source)),
  ...filesUnder(join(NATIVE, 'selftest', 'kqueue'), (name) => name.endsWith('.cc')),
]
const NODE_API = createRequire(import.meta.url)('node-addon-api').include_dir
const INCLUDES = [NATIVE, join(NATIVE, 'deps/llhttp'), NODE_API, join(dirname(dirname(process.execPath)), 'include/node')]
const FLAGS = ['-O1', '-g1', '-fPIC', '-fvisibility=hidden', ...FAKE_KQUEUE, ...INCLUDES.map((folder) => `-I${folder}`)]
const NODE = [...LISTS.defines, 'BUILDING_NODE_EXTENSION', 'NODE_GYP_MODULE_NAME=brink'].map((name) => `-D${name}`)

async function run(command, args) {
  const { code, output } = await execute(command, args)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}\n${output}`)
}

async function compile({ file }) {
  const { c, cxx } = compilersOf({})
  const object = join(OUTPUT, `${relative(NATIVE, file).replace(/[\\/]/g, '-')}.o`)
  const isC = file.endsWith('.c')
  const dialect = isC ? ['-w'] : ['-std=c++17', '-fno-exceptions', '-Wall', '-Wextra', ...NODE]
  await run(isC ? c : cxx, ['-c', file, '-o', object, ...FLAGS, ...dialect])
  return object
}

fetchLlhttp()
generateLayout()
mkdirSync(OUTPUT, { recursive: true })
const objects = await Promise.all(unitsOf(SOURCES, OUTPUT).map((unit) => inTurn(() => compile(unit))))
const addon = join(OUTPUT, 'brink.node')
await run(compilersOf({}).cxx, ['-shared', ...objects, '-o', addon, '-pthread', '-Wl,--wrap=close'])
console.log(addon)
