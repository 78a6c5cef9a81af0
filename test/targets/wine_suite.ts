// The tests of servers on Windows' Node, as far as Wine carries them: each file is run by node.exe, clients and all.
//
//   node dist/test/targets/wine_suite.js --node PATH/node.exe --addon PATH/brink.node [--backend poll|select] [--tls]
//     [WORD …]
//
// Only files whose name contains one of the words, if there are any; with --tls over TLS. What Wine or Windows does not
// have is in wine_gaps.ts, and any other failure is one. Tests that make certificates run on this system before, which
// has the program for that.

import { spawn, spawnSync } from 'node:child_process'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { makeCertificate } from '../over_tls/certificate.js'
import { WITHOUT_TLS } from '../over_tls/without_tls.js'
import { GAPS } from './wine_gaps.js'

const TESTS = fileURLToPath(new URL('../server/', import.meta.url))
const PREFIX = join(tmpdir(), `brink-wine-suite-${userInfo().uid}`)
/** So long may a file tell nothing: each test that passes prints a mark. */
const SILENCE_LIMIT_MS = 180_000
const LOOK_MS = 1000
// As an older Windows, it is not asked for what Wine's sockets lack: libuv's clients could not connect.
const REGISTRY = 'REGEDIT4\n\n[HKEY_CURRENT_USER\\Software\\Wine]\n"Version"="win81"\n'

interface Outcome {
  readonly passed: number
  /** The names of tests, or what became of the file. */
  readonly failed: readonly string[]
  readonly output: string
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    node: { type: 'string' },
    addon: { type: 'string' },
    backend: { type: 'string', default: 'poll' },
    tls: { type: 'boolean', default: false },
  },
})
const { findWine } = (await import(new URL('../../../native/selftest/wine.mjs', import.meta.url).href)) as {
  findWine: () => string | undefined
}

/** Z: is the root of the file system. */
const windowsPath = (path: string) => `Z:${resolve(path).replaceAll('/', '\\')}`
const windowsUrl = (path: string) => new URL(path, import.meta.url).href.replace('file:///', 'file:///Z:/')

const certificates = mkdtempSync(join(tmpdir(), 'brink-wine-certificates-'))
process.on('exit', () => rmSync(certificates, { recursive: true, force: true }))
/** Its values are paths. */
const overTls = Object.fromEntries(
  Object.entries(values.tls ? makeCertificate() : {}).map(([name, path]) => [name, windowsPath(path)]),
)

function environment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    WINEDEBUG: '-all',
    WINEPREFIX: PREFIX,
    NO_COLOR: '1',
    BRINK_BACKEND: values.backend,
    BRINK_THREADS: '1',
    TEST_CERTIFICATES: windowsPath(certificates),
    ...overTls,
    NODE_OPTIONS: `--import ${windowsUrl('./wine_sockets.js')}`,
    ...(values.addon !== undefined && { BRINK_ADDON: windowsPath(values.addon) }),
  }
}

function prepareWine(wine: string): void {
  mkdirSync(PREFIX, { recursive: true })
  const settings = join(PREFIX, 'version.reg')
  writeFileSync(settings, REGISTRY)
  for (const command of [
    ['wineboot', '-u'],
    ['regedit', '/S', settings],
  ]) {
    spawnSync(wine, command, { env: environment(), stdio: 'ignore' })
  }
}

/** Fills the folder of certificates, with the addon of this system. Whether the test passes here does not matter. */
function makeCertificatesOf(file: string): void {
  if (!/certificates\.js|tls_app\.js/.test(readFileSync(join(TESTS, file), 'utf8'))) return
  const env = { ...process.env, TEST_CERTIFICATES: certificates }
  spawnSync(process.execPath, [join(TESTS, file)], { env, stdio: 'ignore', timeout: SILENCE_LIMIT_MS })
}

/** Its output goes into a file, because Wine's pipes are none for Node. */
async function runFile(wine: string, node: string, file: string, folder: string): Promise<Outcome> {
  const output = join(folder, `${basename(file)}.txt`)
  const descriptor = openSync(output, 'w')
  makeCertificatesOf(file)
  const hook = values.tls ? ['--import', windowsUrl('../over_tls/hook.js')] : []
  const child = spawn(wine, [node, ...hook, windowsPath(join(TESTS, file))], {
    env: environment(),
    stdio: ['ignore', descriptor, descriptor],
  })
  closeSync(descriptor)
  let [told, silentMs] = [0, 0]
  const watch = setInterval(() => {
    const { size } = statSync(output)
    silentMs = size > told ? 0 : silentMs + LOOK_MS
    told = size
    if (silentMs >= SILENCE_LIMIT_MS) child.kill('SIGKILL')
  }, LOOK_MS)
  const code = await new Promise((ended) => {
    child.once('error', (error) => ended(error.message))
    child.once('exit', (status, signal) => ended(status ?? signal))
  })
  clearInterval(watch)
  return outcome(readFileSync(output, 'utf8'), code)
}

function outcome(output: string, code: unknown): Outcome {
  const passed = Number(/Passed: +(\d+)/.exec(output)?.[1] ?? 0)
  const failed = [...output.matchAll(/^ +FAIL +(?:[\w/ -]+ )?"(.*)"$/gm)].map(([, name = '']) => name)
  if (code !== 0 && failed.length === 0) failed.push(`it ended with ${code}`)
  return { passed, failed, output }
}

const wine = findWine()
if (wine === undefined || values.node === undefined) {
  console.error('usage: wine_suite --node PATH/node.exe --addon PATH/brink.node; and apt-get install wine64')
  process.exit(2)
}
prepareWine(wine)
const folder = mkdtempSync(join(tmpdir(), 'brink-wine-suite-'))
const total = { passed: 0, failed: 0, left: 0 }
const files = readdirSync(TESTS).filter((name) => name.endsWith('.test.js'))
for (const file of files.filter(
  (name) => positionals.length === 0 || positionals.some((word) => name.includes(word)),
)) {
  const name = file.replace('.test.js', '')
  const gap = GAPS[name]
  if (values.tls && typeof WITHOUT_TLS[name] === 'string') continue
  if (gap?.whole) {
    total.left += 1
    console.log(`left ${name}  ${gap.why}`)
    continue
  }
  const { passed, failed, output } = await runFile(wine, values.node, file, folder)
  const unexpected = failed.filter((test) => !gap?.tests.some((known) => test.includes(known)))
  total.passed += passed
  total.left += failed.length - unexpected.length
  total.failed += unexpected.length
  const word = unexpected.length > 0 ? 'FAIL' : 'ok  '
  console.log(`${word} ${name} [${values.backend}]  ${passed} passed, ${failed.length} failed`)
  for (const test of unexpected) console.log(`     ${test}`)
  if (unexpected.length > 0) console.log(output.slice(-3000).replace(/^/gm, '     | '))
}
rmSync(folder, { recursive: true, force: true })
console.log(`${total.passed} passed, ${total.failed} failed, ${total.left} left out`)
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0
