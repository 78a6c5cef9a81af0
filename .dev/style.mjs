// Checks the style of everything that is written by hand: Biome for TypeScript, clang-format for C++; and that nothing
// lies at the top level but what belongs there. --write puts right what can be put right.

import { spawnSync } from 'node:child_process'
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

// What a tool drops where it was run would otherwise be committed with the next `git add -A`.
const TOP_LEVEL = new Set([
  ...['.biome.json', '.ci', '.clang-format', '.dev', '.editorconfig', '.gitattributes', '.gitignore', '.npmrc'],
  ...['ARCHITECTURE.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'LICENSE', 'README.md', 'SECURITY.md'],
  ...[
    'docs',
    'examples',
    'load',
    'native',
    'package-lock.json',
    'package.json',
    'routes',
    'src',
    'test',
    'tsconfig.json',
  ],
])

/** Skipped where there is no git, as in an unpacked archive. */
function checkTopLevel() {
  const { status, stdout } = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  if (status !== 0) return { ok: true, output: '' }
  const names = new Set(
    stdout
      .split('\0')
      .filter((path) => path !== '')
      .map((path) => path.split('/')[0]),
  )
  const strange = [...names].filter((name) => !TOP_LEVEL.has(name))
  const output = strange
    .map((name) => `${name} lies at the top level: delete it, or name it in .dev/style.mjs.\n`)
    .join('')
  return { ok: strange.length === 0, output }
}

const results = [checkTypeScript(), checkNative(), checkTopLevel()]
for (const { output } of results) if (output.trim()) console.log(output.trim())
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1
