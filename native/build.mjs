// Builds the native addon: fetches llhttp, writes the layout header, compiles. `.dev/prepare.mjs` uses it for a
// checkout; `node native/build.mjs` is for a platform that the published package carries no binary for.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, delimiter, dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'

const NATIVE = dirname(fileURLToPath(import.meta.url))
const ROOT = dirname(NATIVE)

// The llhttp on npm is 1.0.1 of 2018, with known request-smuggling holes. The maintained releases are published there
// only inside other packages; this is one that carries 9.3.0's generated C unchanged.
const LLHTTP = {
  version: '9.3.0',
  package: 'couchbase@4.7.1',
  tarball: 'couchbase-4.7.1.tgz',
  integrity: 'sha512-KVryIxsBY55rc0k1G2camniXVX/55RiU1TwWWN7j2e56X42vm7vQynkdOv6jkItmIpekZc3BjZchw0HffX0rPA==',
  member: /^package\/deps\/couchbase-cxx-cache\/llhttp\/[^/]+\/llhttp\/(?:include\/|src\/)?([^/]+)$/,
  files: ['LICENSE-MIT', 'api.c', 'http.c', 'llhttp.c', 'llhttp.h'],
}

/** Something that the person at the terminal can put right: one sentence, and the tool's own words when they help. */
export class Failure extends Error {
  constructor(sentence, output = '') {
    super(sentence)
    this.output = output.trim()
  }

  /** Tells the terminal, and ends the process. */
  exit() {
    console.error(this.output ? `${this.message}\n\n${this.output}` : this.message)
    process.exit(1)
  }
}

export function run(command, args, options = {}) {
  const { status, signal, error, stdout, stderr } = spawnSync(command, args, {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  })
  const ended = error ? error.message : signal ? `${command} was ended by ${signal}` : ''
  return { ok: status === 0, output: [stdout, stderr, ended].filter(Boolean).join('\n') }
}

/**
 * One hash over the names and contents of files, and over whatever else decides what is built from them. A checkout may
 * be copied to another place.
 */
export function fingerprint(files, ...others) {
  const hash = createHash('sha256')
  for (const file of files.sort())
    hash.update(relative(ROOT, file)).update('\0').update(readFileSync(file)).update('\0')
  return hash.update(JSON.stringify(others)).digest('hex')
}

export function filesUnder(folder, wanted) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true })
    .filter(wanted)
    .map((name) => join(folder, name))
}

/** Runs npm: the one that started this process if one did, so that its settings hold. */
export function runNpm(args) {
  const cli = npmCli()
  const patience = ['--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000']
  return cli ? run(process.execPath, [cli, ...args, ...patience]) : run('npm', [...args, ...patience])
}

/** Why npm failed, in its own last words. */
export function npmError(output) {
  const lines = output.split('\n').filter((line) => /^npm (error|ERR!)/.test(line) && !line.includes('debug-0.log'))
  const telling = lines.find((line) => /network|ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|E[45]\d\d/.test(line))
  const unreachable = /ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT/.test(output)
  return {
    sentence: unreachable ? 'npm cannot reach its registry (see: npm config get registry)' : 'npm failed',
    line: lines.findLast((line) => /request to .* failed/.test(line)) ?? telling ?? lines.at(-1) ?? output,
  }
}

function npmCli() {
  const started = process.env.npm_execpath
  if (started && basename(started) === 'npm-cli.js') return started
  const found = onPath('npm')
  return found && basename(realpathSync(found)) === 'npm-cli.js' ? realpathSync(found) : undefined
}

/** The first of the programs that can be found, with its path. */
export function onPath(...programs) {
  for (const program of programs) {
    const command = program.split(' ')[0]
    if (command.includes(sep)) {
      if (existsSync(command)) return program
      continue
    }
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      if (folder && existsSync(join(folder, command))) return join(folder, program)
    }
  }
  return undefined
}

export function fetchLlhttp(say = console.log) {
  const folder = join(NATIVE, 'deps', 'llhttp')
  if (process.env.BRINK_SYSTEM_LLHTTP === '1') return checkSystemLlhttp()
  if (LLHTTP.files.every((name) => existsSync(join(folder, name))) && isLlhttp(folder)) return

  say(`Fetching llhttp ${LLHTTP.version} …`)
  const what = `llhttp ${LLHTTP.version}`
  withTarball(LLHTTP, what, 'A system llhttp will do: BRINK_SYSTEM_LLHTTP=1.', (tarball) =>
    unpackLlhttp(gunzipSync(readFileSync(tarball)), folder),
  )
}

/**
 * Fetches the tarball of an npm package, checks its hash, and hands its path to `use`. No script of it runs, and
 * nothing is installed.
 */
export function withTarball({ package: name, tarball, integrity }, what, otherwise, use) {
  const temporary = mkdtempSync(join(tmpdir(), 'brink-fetch-'))
  try {
    const options = ['--ignore-scripts', '--loglevel=error', '--pack-destination', temporary]
    const packed = runNpm(['pack', name, ...options])
    if (!packed.ok) {
      const { sentence, line } = npmError(packed.output)
      throw new Failure(`brink could not fetch ${what}: ${sentence}. ${otherwise}`, line)
    }
    const file = join(temporary, tarball)
    const found = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`
    if (found !== integrity) {
      throw new Failure(`${name} is not the file that brink trusts: expected ${integrity}, got ${found}`)
    }
    use(file)
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

/** Written beside the target and renamed, so that a run cut short leaves nothing half done. */
function unpackLlhttp(archive, folder) {
  const unfinished = `${folder}.${process.pid}`
  mkdirSync(unfinished, { recursive: true })
  try {
    for (const { name, content } of tarMembers(archive)) {
      const file = LLHTTP.member.exec(name)?.[1]
      if (file && LLHTTP.files.includes(file)) writeFileSync(join(unfinished, file), content)
    }
    const missing = LLHTTP.files.filter((name) => !existsSync(join(unfinished, name)))
    if (missing.length > 0) throw new Failure(`${LLHTTP.package} does not contain llhttp's ${missing.join(', ')}`)
    if (!isLlhttp(unfinished)) throw new Failure(`${LLHTTP.package} contains another llhttp than ${LLHTTP.version}`)
    rmSync(folder, { recursive: true, force: true })
    renameSync(unfinished, folder)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
}

/** Enough of ustar for the one archive whose hash was just checked: headers of 512 bytes, contents padded to it. */
function* tarMembers(archive) {
  const text = (start, length) => archive.toString('utf8', start, start + length).replace(/\0.*$/s, '')
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8)
    const prefix = text(at + 345, 155)
    const name = prefix ? `${prefix}/${text(at, 100)}` : text(at, 100)
    yield { name, content: archive.subarray(at + 512, at + 512 + size) }
    at += 512 + Math.ceil(size / 512) * 512
  }
}

function isLlhttp(folder) {
  const header = readFileSync(join(folder, 'llhttp.h'), 'utf8')
  const part = (name) => new RegExp(`#define LLHTTP_VERSION_${name} (\\d+)`).exec(header)?.[1]
  return `${part('MAJOR')}.${part('MINOR')}.${part('PATCH')}` === LLHTTP.version
}

function checkSystemLlhttp() {
  if (!onPath('pkg-config')) throw new Failure('BRINK_SYSTEM_LLHTTP=1 needs pkg-config to find llhttp; install it')
  if (run('pkg-config', ['--atleast-version=9.2', 'libllhttp']).ok) return
  throw new Failure('BRINK_SYSTEM_LLHTTP=1, but pkg-config finds no libllhttp >= 9.2; install it or unset the variable')
}

/**
 * Carries the numbers of src/exchange/layout.ts over to C++. kText lists them by name, sorted, as the keys of a module's
 * namespace are: that is what the TypeScript side compares when it loads the addon.
 */
export function generateLayout() {
  const source = join(ROOT, 'src', 'exchange', 'layout.ts')
  const header = join(NATIVE, 'generated', 'layout.h')
  // The published package carries the header and not its source.
  if (!existsSync(source) && existsSync(header)) return
  const constants = [...readFileSync(source, 'utf8').matchAll(/^export const ([A-Z][A-Z0-9_]*) = (\w+)/gm)]
    .map(([, name, value]) => ({ name, value: Number(value.replaceAll('_', '')) }))
    .filter(({ value }) => Number.isInteger(value))

  const content = [
    '// Written by native/build.mjs from src/exchange/layout.ts.',
    '#pragma once',
    '',
    'namespace brink::layout {',
    '',
    ...constants.map(({ name, value }) => `inline constexpr unsigned ${constantName(name)} = ${value};`),
    '',
    'inline constexpr char kText[] =',
    `    "${layoutText(constants)}";`,
    '',
    '}  // namespace brink::layout',
    '',
  ].join('\n')
  if (existsSync(header) && readFileSync(header, 'utf8') === content) return
  mkdirSync(dirname(header), { recursive: true })
  writeFileSync(header, content)
}

function layoutText(constants) {
  const byName = [...constants].sort((a, b) => (a.name < b.name ? -1 : 1))
  return byName.map(({ name, value }) => `${name}=${value}`).join(',')
}

/** REQUEST_SLOT is kRequestSlot in C++. */
function constantName(name) {
  return `k${name.replace(/([A-Z0-9])([A-Z0-9]*)_?/g, (_, first, rest) => first + rest.toLowerCase())}`
}

export function buildAddon(say = console.log) {
  const addon = join(NATIVE, 'build', 'Release', 'brink.node')
  const stamp = join(NATIVE, 'build', '.stamp')
  const inputs = addonFingerprint()
  if (existsSync(addon) && existsSync(stamp) && readFileSync(stamp, 'utf8') === inputs) return

  const compilers = findToolchain()
  say('Compiling the native addon …')
  rmSync(stamp, { force: true })
  const [command, ...args] = nodeGyp()
  const built = run(command, [...args, 'configure', 'build', ...gypOptions()], {
    env: { ...process.env, ...compilers },
  })
  if (!built.ok) throw new Failure('The native addon does not compile.', withoutProgress(built.output))
  writeFileSync(stamp, inputs)
}

/** What the addon is made of. Node-API is stable between versions of Node, so these do not count. */
function addonFingerprint() {
  const isInput = (name) => /\.(cc|h|c|gyp|mjs)$/.test(name) && !/^(build|prebuilds?|selftest|fuzz)[\\/]/.test(name)
  const { BRINK_WERROR, BRINK_SYSTEM_LLHTTP, CC, CXX, CFLAGS, CXXFLAGS, LDFLAGS } = process.env
  const settings = [BRINK_WERROR, BRINK_SYSTEM_LLHTTP, CC, CXX, CFLAGS, CXXFLAGS, LDFLAGS]
  return fingerprint(filesUnder(NATIVE, isInput), nodeAddonApi(), process.platform, process.arch, settings)
}

function nodeAddonApi() {
  try {
    return createRequire(import.meta.url)('node-addon-api/package.json').version
  } catch {
    throw new Failure('brink needs node-addon-api to compile: npm install node-addon-api')
  }
}

/** node-gyp's own complaints about a missing tool are pages long. */
function findToolchain() {
  const { CC, CXX, PYTHON } = process.env
  const cc = onPath(...(CC ? [CC] : ['cc', 'gcc', 'clang']))
  const cxx = onPath(...(CXX ? [CXX] : ['c++', 'g++', 'clang++']))
  if (!cc || !cxx || !onPath('make')) {
    throw new Failure('brink needs a C++ compiler: install g++ and make (Debian: apt-get install g++ make)')
  }
  if (!onPath(...(PYTHON ? [PYTHON] : ['python3', 'python']))) {
    throw new Failure('brink needs Python to compile its addon: install python3 (Debian: apt-get install python3)')
  }
  return { CC: cc, CXX: cxx }
}

/** npm brings a node-gyp with it. */
function nodeGyp() {
  const cli = npmCli()
  const candidates = [
    process.env.npm_config_node_gyp,
    cli && join(dirname(cli), '..', 'node_modules', 'node-gyp', 'bin', 'node-gyp.js'),
  ]
  const found = candidates.find((path) => path && existsSync(path))
  return found ? [process.execPath, found] : ['npx', '--yes', 'node-gyp']
}

function gypOptions() {
  const options = ['-C', NATIVE, '--release', '--jobs=max', '--loglevel=warn']
  if (process.env.BRINK_WERROR === '1') options.push('--werror=1')
  if (process.env.BRINK_SYSTEM_LLHTTP === '1') options.push('--system_llhttp=1')
  const headers = installedHeaders()
  if (headers && !process.env.npm_config_nodedir) options.push(`--nodedir=${headers}`)
  return options
}

/** Most installations of Node carry its headers; using them spares node-gyp a download. */
export function installedHeaders() {
  const prefix = dirname(dirname(realpathSync(process.execPath)))
  const header = join(prefix, 'include', 'node', 'node_version.h')
  if (!existsSync(header) || !existsSync(join(prefix, 'include', 'node', 'common.gypi'))) return undefined
  const major = /#define NODE_MAJOR_VERSION (\d+)/.exec(readFileSync(header, 'utf8'))?.[1]
  return major === process.versions.node.split('.')[0] ? prefix : undefined
}

function withoutProgress(output) {
  const progress = /^\s*(CC|CXX|SOLINK_MODULE|COPY|TOUCH|ACTION|AR)\(|^gyp (info|verb)|^make(\[\d+\])?: (Enter|Leav)/
  // When the compiler has said what is wrong, node-gyp's account of itself only pushes it off the screen.
  const aside = / error: /.test(output) ? /^gyp ERR!|^make: / : /^$/
  return output
    .split('\n')
    .filter((line) => !progress.test(line) && !aside.test(line))
    .join('\n')
}

/** All three steps; each says so when it has something to do. */
export function buildNative(say = console.log) {
  fetchLlhttp(say)
  generateLayout()
  buildAddon(say)
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    buildNative()
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    error.exit()
  }
}
