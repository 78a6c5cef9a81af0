// Makes a checkout ready to run: packages, llhttp, the addon, the TypeScript. Every step leaves a stamp of what it was
// made from, so that a second run has nothing to do and starts neither npm nor a compiler.
//
//   --packages  nothing but the packages     --tests       the tests as well
//   --load      the load generator as well   --frameworks  the packages of test/frameworks as well
//   --runtimes  the runtimes of test/runtimes as well   --managers  the package managers of test/install as well
//   --addon     puts the addon where a package carries it, if none is there: npm packs a git repository so
//   --package   leaves nothing in dist/ that the published package would carry by mistake

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { buildNative, Failure, filesUnder, fingerprint, npmError, run, runNpm } from '../native/build.mjs'
import { withLock } from './lock.mjs'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const DIST = join(ROOT, 'dist')
// What an app or Node loads by its path.
const ENTRIES = [
  'index.ts',
  'fetch.ts',
  'cli.ts',
  'node.ts',
  'node/https.ts',
  'node/register.ts',
  'target.ts',
  'workers.ts',
  'workers/worker_process.ts',
  'folder/typescript_hook.ts',
]
/** What a target's page loads, of src/target/page: its own modules with the library that draws, and the license of that. */
const PAGE = ['live.ts', 'live.css']
const PROJECTS = ['src', 'src/target/page', 'routes', 'test', 'load']

function checkNode() {
  if (Number.parseInt(process.versions.node, 10) >= 20) return
  throw new Failure(`brink needs Node.js 20 or newer; this is ${process.version}`)
}

function installPackages(folder, what) {
  const stamp = join(folder, 'node_modules', '.brink-stamp')
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const wanted = fingerprint([join(folder, 'package-lock.json')], dependencies, devDependencies)
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return

  announce(`Installing ${what} …`)
  // NODE_ENV=production would leave the compilers out.
  const usual = ['--include=dev', '--ignore-scripts', '--no-progress', '--loglevel=error']
  const installed = runNpm(['ci', '--prefix', folder, ...usual])
  if (!installed.ok) {
    const { sentence, line } = npmError(installed.output)
    throw new Failure(`brink could not install ${what}: ${sentence}.`, line)
  }
  writeFileSync(stamp, wanted)
}

function compileTypeScript(projects) {
  const stampFile = join(DIST, '.stamps')
  const stamps = existsSync(stampFile) ? JSON.parse(readFileSync(stampFile, 'utf8')) : {}
  const wanted = Object.fromEntries(projects.map((project) => [project, projectFingerprint(project)]))
  const stale = projects.filter((project) => stamps[project] !== wanted[project])
  if (stale.length === 0) return

  announce('Compiling TypeScript …')
  removeOrphans()
  const compiled = run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-b', ...stale])
  if (!compiled.ok) throw new Failure('The TypeScript does not compile.', compiled.output)
  bundlePackage()
  bundlePage()
  writePlanSchema()
  removeOldChunks(7)
  writeFileSync(stampFile, JSON.stringify({ ...stamps, ...wanted }, null, 2))
}

/**
 * What is imported and run is in few files: loading seventy takes three times as long. The modules beside them are for
 * tests that look inside.
 */
function bundlePackage() {
  const { buildSync } = createRequire(import.meta.url)('esbuild')
  // Made aside and renamed: an app that runs from here finds whole files, old or new.
  const aside = join(DIST, `.bundle-${process.pid}`)
  buildSync({
    entryPoints: ENTRIES.map((name) => join(ROOT, 'src', name)),
    outdir: aside,
    bundle: true,
    splitting: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'error',
  })
  for (const name of readdirSync(aside, { recursive: true }).filter((name) => name.endsWith('.js'))) {
    renameSync(join(aside, name), join(DIST, name))
  }
  rmSync(aside, { recursive: true })
}

/** What browsers load from a target, ready to be sent. */
function bundlePage() {
  const { buildSync } = createRequire(import.meta.url)('esbuild')
  const source = join(ROOT, 'src/target/page')
  const target = join(DIST, 'target/page')
  buildSync({
    entryPoints: PAGE.map((name) => join(source, name)),
    outdir: target,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    banner: { js: `/*\n${readFileSync(join(ROOT, 'node_modules/uplot/LICENSE'), 'utf8').trim()}\n*/` },
    logLevel: 'error',
  })
  copyFileSync(join(source, 'live.html'), join(target, 'live.html'))
}

/** The schema of a target's plans as a file, for editors. */
function writePlanSchema() {
  const module = pathToFileURL(join(DIST, 'faults/plan_schema.js'))
  const file = join(DIST, 'target/plan.schema.json')
  const program = `
    import { writeFileSync } from 'node:fs'
    import { planSchema } from '${module}'
    writeFileSync(${JSON.stringify(file)}, JSON.stringify(planSchema(), null, 2) + '\\n')`
  const { ok, output } = run(process.execPath, ['--input-type=module', '--eval', program])
  if (!ok) throw new Failure('The schema of plans cannot be made.', output)
}

/** Chunks of earlier bundles; an app that was started from one loads its chunks when it first needs them. */
function removeOldChunks(days) {
  const names = readdirSync(DIST).filter((name) => /^chunk-\w+\.js(\.map)?$/.test(name))
  const used = new Set(ENTRIES.flatMap((name) => [...chunksOf(join(DIST, name.replace(/ts$/, 'js')))]))
  for (const name of names.filter((name) => !used.has(name))) {
    const age = Date.now() - statSync(join(DIST, name)).mtimeMs
    if (age >= days * 86_400_000) rmSync(join(DIST, name))
  }
}

function chunksOf(file, found = new Set()) {
  for (const [name] of readFileSync(file, 'utf8').matchAll(/\bchunk-\w+\.js\b/g)) {
    if (found.has(name)) continue
    found.add(name)
    chunksOf(join(DIST, name), found)
  }
  return found
}

/** Every project sees the types of src. */
function projectFingerprint(project) {
  const isSource = (name) => /(\.ts|\.css|\.html|tsconfig\.json)$/.test(name) && !name.includes('node_modules')
  const folders = new Set(['src', project])
  const files = [...folders].flatMap((folder) => filesUnder(join(ROOT, folder), isSource))
  const settings = ['tsconfig.json', 'package.json'].map((name) => join(ROOT, name))
  return fingerprint([...files, ...settings])
}

/** tsc never deletes: a test or route whose source is gone would go on being run. */
function removeOrphans() {
  for (const file of filesUnder(DIST, (name) => /\.(js|js\.map|d\.ts)$/.test(name))) {
    const output = relative(DIST, file).replace(/\.(js|js\.map|d\.ts)$/, '.ts')
    // A bundle's chunk has no source of its own.
    if (output.startsWith('chunk-')) continue
    const project = PROJECTS.find((name) => output.startsWith(`${name}/`))
    if (!existsSync(join(ROOT, project ? output : join('src', output)))) rmSync(file)
  }
}

/** native/build is not packed. What is in native/prebuilds comes last: what was compiled here is found before it. */
function carryAddon() {
  const prebuilds = join(ROOT, 'native', 'prebuilds')
  if (filesUnder(prebuilds, (name) => name.endsWith('.node')).length > 0) return
  const folder = join(prebuilds, `${process.platform}-${process.arch}`)
  mkdirSync(folder, { recursive: true })
  copyFileSync(join(ROOT, 'native/build/Release/brink.node'), join(folder, 'compiled.node'))
}

const flags = process.argv.slice(2)
const projects = ['src', 'src/target/page', 'routes']
if (flags.includes('--tests')) projects.push('test')
if (flags.includes('--load')) projects.push('load')

/** Every step that has something to do says so first. */
let announce = console.log

function prepare() {
  installPackages(ROOT, 'its packages')
  if (flags.includes('--packages')) return
  if (flags.includes('--frameworks')) installPackages(join(ROOT, 'test/frameworks'), 'the frameworks')
  if (flags.includes('--managers')) installPackages(join(ROOT, 'test/install/packages'), 'the package managers')
  if (flags.includes('--runtimes')) installPackages(join(ROOT, 'test/runtimes/packages'), 'the runtimes')
  buildNative(announce)
  compileTypeScript(projects)
  if (flags.includes('--addon')) carryAddon()
  if (flags.includes('--package')) removeOldChunks(0)
}

/** A checkout that cannot be written starts when it was built before. */
function prepareReadOnly(cause) {
  announce = (step) => {
    const doing = step.replace(/ …$/, '')
    throw new Failure(
      `This checkout is not built, or not with its newest sources, and cannot be written (${cause.code}): ${doing} is ` +
        'to be done. Run `node .dev/prepare.mjs` once where, and as a user by whom, it can be written.',
    )
  }
  prepare()
}

try {
  checkNode()
  try {
    withLock(join(ROOT, '.dev', '.lock'), prepare)
  } catch (error) {
    if (!['EACCES', 'EROFS', 'EPERM'].includes(error.code)) throw error
    prepareReadOnly(error)
  }
} catch (error) {
  if (!(error instanceof Failure)) throw error
  error.exit()
}
