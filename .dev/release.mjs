// Checks everything about a release that can be checked before it is published: npm run release:check
//
// With --publish, as npm runs it before it publishes, only that the placeholders have been replaced.

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Failure, run, runNpm } from '../native/build.mjs'
import { TARGETS } from '../native/prebuild/targets.mjs'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const ATTW = '@arethetypeswrong/cli@0.18.5'
const MOST_BYTES = 6_000_000
const MOST_WITHOUT_BINARIES = 1_000_000
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
const APP = `
  import { Router, serve } from 'brink'
  const server = await serve(new Router().get('/', () => 'Hello'), { port: 0 })
  console.log(await (await fetch(server.url)).text())
  await server.close()
`

function expect(holds, sentence, output) {
  if (!holds) throw new Failure(sentence, output)
}

function hasPlaceholders() {
  const { homepage, repository, bugs } = manifest
  return JSON.stringify([homepage, repository, bugs]).includes('example.com')
}

function pack(folder, targets) {
  process.env.BRINK_TARGETS = targets
  const { ok, output } = runNpm(['pack', '--json', '--loglevel=error', '--pack-destination', folder])
  expect(ok, 'npm pack failed.', output)
  return join(folder, `${manifest.name}-${manifest.version}.tgz`)
}

function checkContents(tarball) {
  const names = run('tar', ['-tzf', tarball])
    .output.split('\n')
    .map((name) => name.replace(/^package\//, ''))
  for (const { file } of TARGETS) expect(names.includes(join('native', file)), `The tarball lacks native/${file}.`)
  const strange = names.filter((name) => /\.map$|\.tsbuildinfo$|^dist\/(test|load)\/|\.log$/.test(name))
  expect(strange.length === 0, 'The tarball has files that nobody needs:', strange.join('\n'))
  const size = statSync(tarball).size
  expect(size < MOST_BYTES, `The tarball has ${size} bytes; fewer than ${MOST_BYTES} were expected.`)
  const without = size - TARGETS.reduce((sum, { file }) => sum + compressed(join(ROOT, 'native', file)), 0)
  expect(without < MOST_WITHOUT_BINARIES, `Without binaries the tarball has ${without} bytes: too many.`)
  return `${names.length} files, ${Math.round(size / 1000)} kB, about ${Math.round(without / 1000)} kB without binaries`
}

function compressed(file) {
  return Number(run('sh', ['-c', `gzip -c '${file}' | wc -c`]).output)
}

function checkInstalled(folder, tarball) {
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  writeFileSync(join(folder, 'app.js'), APP)
  const installed = runNpm(['install', '--prefix', folder, '--no-audit', '--no-fund', tarball])
  expect(installed.ok, 'The tarball cannot be installed.', installed.output)
  const app = run(process.execPath, ['app.js'], { cwd: folder })
  expect(app.output.trim() === 'Hello', 'An app with the installed package does not answer.', app.output)
  const { output } = run(join(folder, 'node_modules/.bin/brink'), ['--version'], { cwd: folder })
  expect(output.trim() === manifest.version, 'The command brink of the installed package does not run.', output)
}

function checkTypes(tarball) {
  // The package is for import only: a CommonJS program of Node 20 takes it by import().
  const rules = ['--ignore-rules', 'cjs-resolves-to-esm']
  const { ok, output } = run('npx', ['--yes', ATTW, tarball, ...rules])
  expect(ok, 'The types do not resolve everywhere.', output)
}

function checkPapers() {
  const changes = readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8')
  expect(changes.includes(`## [${manifest.version}]`), `CHANGELOG.md has no section [${manifest.version}].`)
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))
  expect(lock.version === manifest.version, 'package-lock.json has another version: run npm install.')
}

const folder = mkdtempSync(join(tmpdir(), 'brink-release-'))
try {
  if (process.argv.includes('--publish')) {
    expect(
      !hasPlaceholders(),
      'package.json names example.com: put in homepage, repository and bugs before publishing.',
    )
  } else {
    checkPapers()
    const tarball = pack(folder, '')
    console.log(checkContents(tarball))
    checkInstalled(folder, tarball)
    checkTypes(tarball)
    console.log('The package can be published.')
    if (hasPlaceholders()) console.log('Before that, replace example.com in package.json: homepage, repository, bugs.')
  }
} catch (error) {
  if (!(error instanceof Failure)) throw error
  error.exit()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
