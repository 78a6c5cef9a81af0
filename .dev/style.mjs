// Checks the style of everything that is written by hand: Biome for TypeScript, clang-format for C++. --write puts
// right what can be put right.

import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { filesUnder, run } from '../native/build.mjs'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const write = process.argv.includes('--write')

function checkTypeScript() {
  const biome = join(ROOT, 'node_modules/@biomejs/biome/bin/biome')
  const mode = write ? ['--write'] : ['--error-on-warnings']
  return run(process.execPath, [biome, 'check', '--colors=off', '--max-diagnostics=100', ...mode])
}

function checkNative() {
  const isSource = (name) => /\.(cc|h)$/.test(name) && !/^(build|deps|generated|prebuilds)[\\/]/.test(name)
  const files = filesUnder(join(ROOT, 'native'), isSource)
  if (files.length === 0) return { ok: true, output: '' }
  return run(clangFormat(), [...(write ? ['-i'] : ['--dry-run', '-Werror']), ...files])
}

/** The npm package carries x64 binaries only. */
function clangFormat() {
  const packaged = join(ROOT, 'node_modules/clang-format/bin', `${process.platform}_${process.arch}`, 'clang-format')
  return existsSync(packaged) ? packaged : 'clang-format'
}

const results = [checkTypeScript(), checkNative()]
for (const { output } of results) if (output.trim()) console.log(output.trim())
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1
