// Installs the package as `npm pack` makes it in an empty project, and runs an app there that answers a request: by
// each package manager, where there is no compiler, no Python and no make; then again as another user, who may write
// nothing. The paths have spaces and letters beyond ASCII.
//
//   npm run test:install                     everything; from a git repository takes a few minutes, and a compiler
//   npm run test:install -- --short          without the git repository
//   npm run test:install -- Yarn "npm ci"    only what has one of these in its name
//
// Each asks a registry that has nothing but brink and the one package that it depends on.

import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { bun, deno, isInstalled } from '../runtimes/runtimes.js'
import { type Command, fromGit, type Way, ways } from './managers.js'
import { serveTarballs } from './registry.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const SILENCE_MS = 300_000
const NOBODY = 65534

const APP = `
import { Router, serve } from 'brink'
const app = new Router().get('/:name', ({ params }) => ({ name: params.name }))
const server = await serve(app, { port: 0, host: '127.0.0.1' })
console.log(await (await fetch(server.url + '/b%C3%BCrste')).text())
await server.close()
`
const ANSWER = '{"name":"bürste"}'

/** What npm and its like start by name. Neither a compiler nor make nor Python is among them. */
const PROGRAMS = ['sh', 'env', 'uname', 'ldd', 'getconf', 'cat', 'mkdir', 'rm', 'ln', 'ls', 'sed', 'dirname']

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { short: { type: 'boolean', default: false } },
})
const isWanted = ({ name }: { name: string }) =>
  positionals.length === 0 || positionals.some((text) => name.includes(text))

// Other users must be able to go there.
const scratch = mkdtempSync(join(tmpdir(), 'brink-install-'))
chmodSync(scratch, 0o755)
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))
const total = { passed: 0, failed: 0 }

async function check(name: string, test: () => Promise<void>): Promise<void> {
  const began = performance.now()
  let complaint = ''
  try {
    await test()
    total.passed += 1
  } catch (error) {
    total.failed += 1
    complaint = `\n${(error as Error).message.trimEnd()}`.replace(/\n/g, '\n     ')
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  console.log(`${complaint === '' ? 'ok  ' : 'FAIL'} ${name}  ${seconds} s${complaint}`)
}

/** Runs a command to its end, and gives what it printed. Throws when it fails. */
async function output(
  command: Command,
  options: { cwd: string; env: NodeJS.ProcessEnv; uid?: number },
): Promise<string> {
  const [program, ...args] = command
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  let told = ''
  const limit = setTimeout(() => child.kill('SIGKILL'), SILENCE_MS)
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      told += text
      limit.refresh()
    })
  }
  const ending = await new Promise<number | string | null>((resolve) => {
    child.on('error', (error) => resolve(error.message))
    child.on('close', (code, signal) => resolve(code ?? signal))
  })
  clearTimeout(limit)
  if (ending === 0) return told
  throw new Error(`${[basename(program), ...args].join(' ')} ended with ${ending}:\n${told}`)
}

/** A PATH on which nothing is that compiles. */
function barePath(): string {
  const folder = join(scratch, 'bin')
  mkdirSync(folder)
  symlinkSync(process.execPath, join(folder, 'node'))
  for (const name of PROGRAMS) {
    const found = (process.env.PATH ?? '')
      .split(':')
      .map((each) => join(each, name))
      .find(existsSync)
    if (found !== undefined) symlinkSync(found, join(folder, name))
  }
  return folder
}

/** The environment of somebody who has just got their machine. */
function environment(folder: string, path: string): NodeJS.ProcessEnv {
  return {
    PATH: path,
    HOME: join(folder, 'home'),
    LANG: 'C.UTF-8',
    npm_config_update_notifier: 'false',
    YARN_ENABLE_TELEMETRY: '0',
    YARN_ENABLE_IMMUTABLE_INSTALLS: '0',
  }
}

function registrySettings(registry: string): NodeJS.ProcessEnv {
  return {
    npm_config_registry: registry,
    NPM_CONFIG_REGISTRY: registry,
    YARN_NPM_REGISTRY_SERVER: registry,
    YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.1',
  }
}

function makeApp(folder: string, dependency: string, { files = {} }: Way): string {
  const app = join(folder, 'eine schöne App')
  mkdirSync(join(folder, 'home'), { recursive: true })
  mkdirSync(app)
  const manifest = { name: 'app', private: true, type: 'module', dependencies: { brink: dependency } }
  writeFileSync(join(app, 'package.json'), JSON.stringify(manifest))
  writeFileSync(join(app, 'app.js'), APP)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(app, name), text)
  return app
}

function expectAnswer(way: Way, told: string): void {
  const expected = way.name.startsWith('npx') ? '* ' : `${ANSWER}\n`
  if (!told.startsWith(expected)) throw new Error(`The app printed:\n${told}`)
}

async function installAndRun(way: Way, tarball: string, registry: string, path: string): Promise<void> {
  const folder = join(scratch, way.name.replace(/[^\w]+/g, '-'))
  mkdirSync(folder)
  const cwd = makeApp(folder, way.isLocal ? `file:./${basename(tarball)}` : '*', way)
  if (way.isLocal) copyFileSync(tarball, join(cwd, basename(tarball)))
  const env = { ...environment(folder, path), ...registrySettings(registry) }
  for (const command of way.install) await output(command, { cwd, env })
  expectAnswer(way, await output(way.run, { cwd, env }))
  if (process.getuid?.() !== 0 || way.name.startsWith('npx')) return
  // As a container does: somebody else, whose home is not there, and who may write nothing.
  const nobody = {
    ...env,
    HOME: '/nonexistent',
    YARN_ENABLE_GLOBAL_CACHE: '1',
    YARN_GLOBAL_FOLDER: join(folder, 'home', '.yarn'),
  }
  await output(['/bin/chmod', '-R', 'a+rX,go-w', folder], { cwd, env })
  expectAnswer(way, await output(way.run, { cwd, env: nobody, uid: NOBODY }))
}

/** As the package is published, for this machine alone; the others are there for nothing. */
function pack(): string {
  console.log('Packing …')
  return packed(ROOT, { BRINK_TARGETS: 'own' })
}

/** The tarball of the package in a folder. */
function packed(folder: string, env: NodeJS.ProcessEnv, ...flags: string[]): string {
  const to = mkdtempSync(join(scratch, 'packed-'))
  execFileSync('npm', ['pack', '--loglevel=error', '--pack-destination', to, ...flags], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return join(to, String(readdirSync(to)[0]))
}

async function installFromGit(): Promise<void> {
  const folder = join(scratch, 'from-git')
  const clone = join(folder, 'brink.git')
  mkdirSync(folder)
  execFileSync('git', ['clone', '--quiet', '--bare', '--no-hardlinks', ROOT, clone])
  const cwd = makeApp(folder, `git+${pathToFileURL(clone).href}`, fromGit)
  // What is built there comes from the registry that npm is set to.
  const env = { ...process.env, npm_config_cache: join(folder, 'cache') }
  for (const command of fromGit.install) await output(command, { cwd, env })
  expectAnswer(fromGit, await output(fromGit.run, { cwd, env }))
}

const chosen = ways.filter(isWanted)
if (chosen.length > 0) {
  const tarball = process.env.BRINK_TARBALL ?? pack()
  const dependency = packed(join(ROOT, 'node_modules/node-gyp-build'), {}, '--ignore-scripts')
  const registry = await serveTarballs([tarball, dependency])
  const path = barePath()
  for (const way of chosen) {
    const needed = [bun, deno].find(({ file }) => way.run[0] === file)
    if (needed !== undefined && !isInstalled(needed)) console.log(`skip ${way.name}  (npm has none for this machine)`)
    else await check(way.name, () => installAndRun(way, tarball, registry.url, path))
  }
  registry.close()
}
if (!values.short && isWanted(fromGit)) await check(fromGit.name, installFromGit)

console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0
