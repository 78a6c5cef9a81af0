// Compiles the addon with the poller of kqueue(2) over epoll, so that the tests of servers can run with it:
//
//   node native/selftest/kqueue/addon.mjs
//   BRINK_ADDON=$PWD/native/build/kqueue/brink.node npm test -- "[kqueue"

import { createRequire } from 'node:module'
import { mkdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fetchLlhttp, filesUnder, generateLayout } from '../../build.mjs'
import { compilersOf, execute, inTurn, NATIVE } from '../toolchain.mjs'
import { FAKE_KQUEUE } from '../variants.mjs'

const OUTPUT = join(NATIVE, 'build', 'kqueue')
const PARTS = ['poller', 'net', 'http', 'reactor', 'host', 'binding', 'selftest/kqueue', 'deps/llhttp']
const NODE_API = createRequire(import.meta.url)('node-addon-api').include_dir
const INCLUDES = [NATIVE, join(NATIVE, 'deps/llhttp'), NODE_API, join(dirname(dirname(process.execPath)), 'include/node')]
const FLAGS = ['-O1', '-g1', '-fPIC', '-fvisibility=hidden', ...FAKE_KQUEUE, ...INCLUDES.map((folder) => `-I${folder}`)]
const DEFINES = ['NAPI_VERSION=8', 'NAPI_DISABLE_CPP_EXCEPTIONS', 'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS']
const NODE = [...DEFINES, 'BUILDING_NODE_EXTENSION', 'NODE_GYP_MODULE_NAME=brink'].map((name) => `-D${name}`)

async function run(command, args) {
  const { code, output } = await execute(command, args)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}\n${output}`)
}

async function compile(source) {
  const { c, cxx } = compilersOf({})
  const object = join(OUTPUT, `${relative(NATIVE, source).replace(/[\\/]/g, '-')}.o`)
  const isC = source.endsWith('.c')
  const dialect = isC ? ['-w'] : ['-std=c++17', '-fno-exceptions', '-Wall', '-Wextra', ...NODE]
  await run(isC ? c : cxx, ['-c', source, '-o', object, ...FLAGS, ...dialect])
  return object
}

fetchLlhttp()
generateLayout()
mkdirSync(OUTPUT, { recursive: true })
const sources = PARTS.flatMap((part) => filesUnder(join(NATIVE, part), (name) => /\.cc?$/.test(name)))
const objects = await Promise.all(sources.map((source) => inTurn(() => compile(source))))
const addon = join(OUTPUT, 'brink.node')
await run(compilersOf({}).cxx, ['-shared', ...objects, '-o', addon, '-pthread', '-Wl,--wrap=close'])
console.log(addon)
