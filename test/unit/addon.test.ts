// Where the addon is looked for, and what is said where none can be loaded.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fileTree } from '../file_tree.js'

const packageRoot = fileURLToPath(new URL('../../../', import.meta.url))
const require = createRequire(import.meta.url)
const compiled = join(packageRoot, 'native/build/Release/brink.node')
const APP = `
  import { serve } from 'brink'
  const server = await serve(() => 'ok', { port: 0 }).catch((error) => error)
  console.log(server.code ? server.code + ': ' + server.message : 'it serves')
  await server.close?.()
`

/** An app with brink as it lies in the package, without any binary; `binaries` are put beneath native/prebuilds/. */
function installed(binaries: Readonly<Record<string, string>> = {}): string {
  const folder = fileTree({ 'app.mjs': APP, 'package.json': '{}' })
  const brink = join(folder, 'node_modules/brink')
  mkdirSync(join(brink, 'dist'), { recursive: true })
  cpSync(join(packageRoot, 'package.json'), join(brink, 'package.json'))
  for (const name of readdirSync(join(packageRoot, 'dist')).filter((name) => name.endsWith('.js'))) {
    cpSync(join(packageRoot, 'dist', name), join(brink, 'dist', name))
  }
  symlinkSync(dirname(require.resolve('node-gyp-build/package.json')), join(folder, 'node_modules/node-gyp-build'))
  for (const [path, content] of Object.entries(binaries)) {
    const file = join(brink, 'native/prebuilds', path)
    mkdirSync(dirname(file), { recursive: true })
    if (content === '') cpSync(compiled, file)
    else writeFileSync(file, content)
  }
  return folder
}

function run(folder: string, env: NodeJS.ProcessEnv = {}): string {
  const { stdout, stderr } = spawnSync(process.execPath, [join(folder, 'app.mjs')], {
    encoding: 'utf8',
    cwd: folder,
    env: { ...process.env, ...env },
  })
  return stdout.trim() + stderr.trim()
}

const ownFolder = `${process.platform}-${process.arch}`

test('a binary of the package is loaded, by its libc', () => {
  assert.is(run(installed({ [`${ownFolder}/brink.glibc.node`]: '' }), { LIBC: 'glibc' }), 'it serves')
})

test('a binary for musl is loaded where the distribution does not look like Alpine', () => {
  const folder = installed({
    [`${ownFolder}/brink.glibc.node`]: 'of another libc',
    [`${ownFolder}/brink.musl.node`]: '',
  })
  assert.is(run(folder, { LIBC: 'glibc' }), 'it serves')
})

test('where no binary fits, the error says what was found, what there is, and how to compile', () => {
  const said = run(installed({ 'plan9-mips/brink.node': 'x', 'linux-mips/brink.musl.node': 'x' }))
  assert.match(said, /^ERR_ADDON_MISSING: /)
  assert.match(said, `no binary for ${process.platform} ${process.arch}`)
  if (process.platform === 'linux') assert.match(said, /with (glibc \d|musl)/)
  assert.match(said, `Node.js ${process.versions.node}; it has: linux-mips musl, plan9-mips.`)
  assert.match(said, 'npm install node-addon-api && node node_modules/brink/native/build.mjs')
  assert.match(said, 'BRINK_ADDON')
})

test('where a binary cannot be loaded, the error says why', () => {
  const said = run(installed({ [`${ownFolder}/brink.glibc.node`]: 'x' }), { LIBC: 'glibc' })
  assert.match(said, new RegExp(`cannot be loaded on ${process.platform} ${process.arch}.*\\(.*brink\\.glibc\\.node: `))
})

test('BRINK_ADDON names the addon, relative to the working directory or from the root', () => {
  const folder = installed()
  cpSync(compiled, join(folder, 'mine.node'))
  assert.is(run(folder, { BRINK_ADDON: 'mine.node' }), 'it serves')
  assert.is(run(folder, { BRINK_ADDON: join(folder, 'mine.node') }), 'it serves')
})

test('an addon that BRINK_ADDON names wrongly is not replaced by another', () => {
  const said = run(installed({ [`${ownFolder}/brink.glibc.node`]: '' }), { BRINK_ADDON: './none.node' })
  assert.match(said, /^ERR_ADDON_MISSING: BRINK_ADDON is \.\/none\.node, but that cannot be loaded on /)
})

test.run()
