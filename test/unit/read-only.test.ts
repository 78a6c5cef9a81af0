// A checkout that the user who starts it cannot write.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fileTree } from '../file_tree.js'

const packageRoot = fileURLToPath(new URL('../../../', import.meta.url))
const isRoot = process.getuid?.() === 0

/** What `npm start` prepares first, in a copy of the checkout in which nobody may write; `change` changes the copy. */
function prepared(change: (folder: string) => void = () => {}): { code: number | null; said: string } {
  const folder = fileTree({})
  chmodSync(folder, 0o755)
  for (const name of [
    '.dev',
    'dist',
    'native',
    'routes',
    'src',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
  ]) {
    const isCopied = (path: string) => !/[/\\]native[/\\](build[/\\](selftest|fuzz|prebuild)|prebuilds)/.test(path)
    cpSync(join(packageRoot, name), join(folder, name), { recursive: true, filter: isCopied })
  }
  symlinkSync(join(packageRoot, 'node_modules'), join(folder, 'node_modules'))
  rmSync(join(folder, '.dev/.lock'), { recursive: true, force: true })
  mkdirSync(join(folder, '.dev'), { recursive: true })
  change(folder)
  chmodSync(join(folder, '.dev'), 0o555)
  try {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, '.dev/prepare.mjs')], {
      encoding: 'utf8',
      // Nothing is forbidden to root.
      ...(isRoot ? { uid: 65534, gid: 65534 } : {}),
    })
    return { code: status, said: (stdout + stderr).trim() }
  } finally {
    chmodSync(join(folder, '.dev'), 0o755)
  }
}

test('a built checkout that cannot be written is ready', () => {
  assert.equal(prepared(), { code: 0, said: '' })
})

test('where something is to be built first, the error says so', () => {
  const { code, said } = prepared((folder) => rmSync(join(folder, 'dist/.stamps')))
  assert.is(code, 1)
  assert.match(
    said,
    /cannot be written \(EACCES\): Compiling TypeScript is to be done\. Run `node \.dev\/prepare\.mjs`/,
  )
})

test.run()
