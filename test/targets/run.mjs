// Runs each binary of the package where it belongs, as far as this machine can: the same checks for all.
//
//   npm run test:targets                    all; binaries that are missing are made first
//   npm run test:targets -- arm64 "Node 24" only those whose name contains one of these
//   npm run test:targets -- --short         the binary for Linux x64 with the newest Node
//
// What is not installed here is skipped and said, but under CI=true it is a failure.

import { strictEqual } from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { SUBJECTS } from './subjects.mjs'

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const PROGRAMS = join(ROOT, 'dist/test/targets')
const PATIENCE_MS = 300_000
const { CHECKS, CHECKS_OVER_TLS } = await import(join(PROGRAMS, 'checks.js'))
const { selfSigned } = await import('#brink/cli/self_signed.js')

const { values, positionals } = parseArgs({ allowPositionals: true, options: { short: { type: 'boolean' } } })
const chosen = SUBJECTS.filter(
  ({ name, isShort }) =>
    (!values.short || isShort) && (positionals.length === 0 || positionals.some((word) => name.includes(word))),
)
const folder = mkdtempSync(join(tmpdir(), 'brink-targets-'))
const { key, cert } = selfSigned(['127.0.0.1'])
writeFileSync(join(folder, 'key.pem'), key)
writeFileSync(join(folder, 'cert.pem'), cert)
const total = { passed: 0, failed: 0 }

function made(target) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'native/prebuild/run.mjs'), target], {
    encoding: 'utf8',
  })
  return { isMade: status === 0, output: `${stdout}${stderr}`.trim() }
}

/** Starts a program of the subject's runtime; its output goes into a file, because Wine's pipes are none for Node. */
function start({ command, env }, program, args) {
  const output = join(folder, 'output')
  const descriptor = openSync(output, 'w')
  // Relative to the working directory, because an absolute path of Windows begins otherwise.
  const [file, ...before] = [...command, relative(ROOT, join(PROGRAMS, program)), ...args]
  const child = spawn(file, before, {
    cwd: ROOT,
    env: { ...process.env, PREBUILDS_ONLY: '1', ...env },
    stdio: ['ignore', descriptor, descriptor],
  })
  closeSync(descriptor)
  const limit = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => {
      clearTimeout(limit)
      resolve(code ?? signal)
    })
  })
  return { child, ended, output: () => readFileSync(output, 'utf8').trim() }
}

async function serve(subject, backend, threads) {
  const told = join(folder, 'told')
  rmSync(told, { force: true })
  const server = start(subject, 'app.js', [subject.path?.(told) ?? told, backend, threads])
  let code
  void server.ended.then((ending) => {
    code = ending
  })
  while (!existsSync(told) && code === undefined) await new Promise((resolve) => setTimeout(resolve, 50))
  if (!existsSync(told)) throw new Error(`it ended with ${code}: ${server.output()}`)
  return { ...server, ...JSON.parse(readFileSync(told, 'utf8')) }
}

/** Those over TLS come first, because the last of the others closes the server. */
function checksOf({ withoutTls }, server) {
  const overTls =
    withoutTls === undefined ? CHECKS_OVER_TLS.map(([what, check]) => [what, () => check(server.secureUrl, cert)]) : []
  return [
    [`TLS: ${withoutTls ?? 'it is there'}`, () => strictEqual(server.withoutTls, withoutTls)],
    ...overTls,
    ...CHECKS.map(([what, check]) => [what, () => check(server.url)]),
  ]
}

/** What went wrong, a line each. */
async function tryHost(subject, backend, threads) {
  const wrong = []
  let server
  try {
    server = await serve(subject, backend, threads)
    for (const [what, check] of checksOf(subject, server)) {
      try {
        await check()
        total.passed += 1
      } catch (error) {
        wrong.push(`${what}: ${error.message}`)
      }
    }
    const code = await (wrong.length === 0 ? server.ended : undefined)
    if (code === 0) total.passed += 1
    else if (code !== undefined) wrong.push(`it ended with ${code}: ${server.output()}`)
  } catch (error) {
    wrong.push(error.message)
  } finally {
    server?.child.kill('SIGKILL')
  }
  return wrong
}

async function tryWorkers(subject) {
  const { ended, output } = start(subject, 'worker.js', [])
  const code = await ended
  if (code === 0) total.passed += 1
  return code === 0 ? [] : [`workers that are terminated: it ended with ${code}: ${output()}`]
}

function tell(name, wrong, began) {
  total.failed += wrong.length
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  console.log([`${wrong.length === 0 ? 'ok  ' : 'FAIL'} ${name}  ${seconds} s`, ...wrong].join('\n     '))
}

const binaries = new Map()
for (const subject of chosen) {
  const missing = subject.missing()
  if (missing !== undefined) {
    console.log(`skip ${subject.name}: ${missing}`)
    if (process.env.CI === 'true') total.failed += 1
    continue
  }
  if (!binaries.has(subject.target)) binaries.set(subject.target, made(subject.target))
  const { isMade, output } = binaries.get(subject.target)
  const began = performance.now()
  if (!isMade) {
    tell(subject.name, [output], began)
    continue
  }
  try {
    const prepared = { ...subject, ...(await subject.prepare(folder)) }
    for (const [backend, threads] of subject.hosts) {
      const begins = performance.now()
      const name = `${subject.name} [${backend}${threads === '0' ? '' : ', thread'}]`
      tell(name, await tryHost(prepared, backend, threads), begins)
    }
    if (subject.hasWorkers) {
      const begins = performance.now()
      tell(`${subject.name}, workers`, await tryWorkers(prepared), begins)
    }
  } catch (error) {
    tell(subject.name, [error.stack], began)
  }
}

rmSync(folder, { recursive: true, force: true })
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0
