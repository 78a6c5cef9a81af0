// Whether a binary can be shipped: it is what its target says, needs nothing that a user of that system may lack, and
// is small.

import { readFileSync } from 'node:fs'
import { NATIVE } from '../selftest/toolchain.mjs'
import { readBinary } from './binary.mjs'

const FORMATS = { linux: 'ELF', darwin: 'Mach-O', win32: 'PE' }
/** Those of the C library's names that a binary for Linux may have: see exports.map. */
const SHADOWED = /^mem/
const FROM_NODE = /^(napi|node_api|uv)_/
// What libc++ would want of a C++ library beside it, or a runtime of the compiler. macOS has the unwinder in libSystem.
const FROM_ELSEWHERE = /^(_Z|__cxa_(?!atexit|finalize|thread_atexit_impl)|_Unwind_|__gxx|GLIBCXX|CXXABI)/

/** How large it is, and what is wrong, a sentence each. */
export function problemsOf(target, file) {
  const bytes = readFileSync(file)
  const binary = readBinary(file)
  const problems = []
  const expect = (holds, problem) => {
    if (!holds) problems.push(problem)
  }
  expect(bytes.length < target.largest, `It has ${bytes.length} bytes; fewer than ${target.largest} were expected.`)
  expect(
    binary.format === FORMATS[target.platform],
    `It is ${binary.format}; ${FORMATS[target.platform]} was expected.`,
  )
  expect(binary.machine === target.arch, `It is for ${binary.machine}; ${target.arch} was expected.`)
  expect(!bytes.includes(NATIVE), `It names the folder in which it was made, ${NATIVE}.`)
  for (const library of binary.libraries) {
    expect(
      target.libraries.some((known) => library.startsWith(known)),
      `It needs the library ${library}.`,
    )
  }
  const napi = binary.imports.filter(({ name }) => FROM_NODE.test(name))
  expect(napi.length > 0, 'It takes nothing from Node.')
  for (const { name, library, version } of binary.imports) {
    const isOfSystem = target.platform === 'darwin' && name.startsWith('_Unwind_')
    expect(isOfSystem || !FROM_ELSEWHERE.test(name), `It needs ${name}, which is not of the C library.`)
    expect(library !== 'node.exe' || FROM_NODE.test(name), `It needs ${name} of node.exe.`)
    expect(
      isOldEnough(version, target.newestGlibc),
      `It needs ${name} of ${version}; ${target.newestGlibc} is the limit.`,
    )
  }
  if (binary.exports) {
    expect(binary.exports.includes('napi_register_module_v1'), 'Node does not find napi_register_module_v1 in it.')
    for (const name of binary.exports) {
      const isShadow = target.platform === 'linux' && SHADOWED.test(name)
      expect(isShadow || FROM_NODE.test(name), `It exports ${name}, which nobody asks for.`)
    }
  }
  if (target.platform === 'linux') expect(binary.staysLoaded, 'It is not linked with -z nodelete.')
  if (target.oldestMacos) {
    const { oldestSystem, signatureProblems } = binary
    problems.push(...signatureProblems)
    expect(oldestSystem === target.oldestMacos, `It is for macOS ${oldestSystem}; ${target.oldestMacos} was expected.`)
  }
  return { size: bytes.length, problems }
}

function isOldEnough(version, newest) {
  if (version === undefined) return true
  const parts = (text) => text.split('.').map(Number)
  const [major, minor] = parts(/^GLIBC_([\d.]+)$/.exec(version)?.[1] ?? '999.0')
  const [newestMajor, newestMinor] = parts(newest ?? '0.0')
  return major < newestMajor || (major === newestMajor && minor <= newestMinor)
}
