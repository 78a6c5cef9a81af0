// The test runner. Every *.test.js is a process of its own, so that a crash of the addon costs one file and not the
// run. Files under server/ and target/wire/ talk to a server through sockets, and run on several kinds of server (choice.ts);
// all others run once.
//
//   npm test -- limits     only files whose name, or name and kind of server, contains "limits"
//   npm test -- --full     all on all kinds
//   npm run test:tls       the files under server/ over TLS, on all kinds

import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { variantsOf } from './choice.js'
import { makeCertificate } from './over_tls/certificate.js'
import type { Variant } from './variants.js'

const ROOT = dirname(fileURLToPath(import.meta.url))
/** So long may a file tell nothing: each test that passes prints a mark. How long all take depends on the machine. */
const SILENCE_LIMIT_MS = 120_000
const MOST_AT_A_TIME = 8

interface Job {
  name: string
  file: string
  /** Node's own, before the file. */
  args: string[]
  env: Record<string, string>
  tls?: boolean
}

interface Result {
  passed: number
  failed: number
  skipped: number
  ms: number
  /** Why the file failed where its tests do not say so. */
  reason: string
  output: string
}

const { values, positionals: filters } = parseArgs({
  allowPositionals: true,
  options: { tls: { type: 'boolean', default: false }, full: { type: 'boolean', default: false } },
})

function findJobs(): Job[] {
  const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.js'))
  const jobs = files.sort().flatMap((file): Job[] => {
    const name = file.replace(/\.test\.js$/, '')
    // A test asks for its server without naming backend or host; the server reads them from the environment.
    const run = variantsOf(name, { tls: values.tls, full: values.full || filters.length > 0 })
    if (run === undefined) return values.tls ? [] : [{ name, file, args: [], env: {} }]
    return run.map((variant) => jobOf(name, file, variant))
  })
  return jobs.filter(({ name }) => filters.length === 0 || filters.some((filter) => name.includes(filter)))
}

function jobOf(name: string, file: string, { name: variant, backend, threads, tls }: Variant): Job {
  const env = { BRINK_BACKEND: backend, BRINK_THREADS: `${threads}` }
  const job = { name: `${name} [${variant}]`, file, args: [], env }
  if (tls !== true) return job
  return { ...job, args: ['--import', new URL('./over_tls/hook.js', import.meta.url).href], tls }
}

let certificate: Record<string, string> | undefined
function trusted(): Record<string, string> {
  certificate ??= makeCertificate()
  return certificate
}

function runJob(job: Job): Promise<Result> {
  const started = performance.now()
  const child = spawn(process.execPath, [...job.args, join(ROOT, job.file)], {
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, ...job.env, ...(job.tls === true ? trusted() : {}) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let timedOut = false
  const limit = setTimeout(() => {
    timedOut = true
    child.kill('SIGKILL')
    // What the test has started may hold the pipes open.
    child.stdout.destroy()
    child.stderr.destroy()
  }, SILENCE_LIMIT_MS)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      limit.refresh()
    })
  }

  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(limit)
      const ending = timedOut ? `it told nothing for ${SILENCE_LIMIT_MS / 1000} s` : (signal ?? `exit code ${code}`)
      resolve(judge(output, code === 0 ? '' : ending, Math.round(performance.now() - started)))
    })
  })
}

/** Reads uvu's summary. A file that has none, or that ends badly after one, has failed. */
function judge(output: string, badEnding: string, ms: number): Result {
  const count = (label: string) => /(\d+)/.exec(lastLine(output, label))?.[1]
  const total = count('Total:')
  const passed = Number(count('Passed:') ?? 0)
  const skipped = Number(count('Skipped:') ?? 0)
  const failed = total === undefined ? 1 : Number(total) - passed
  if (failed > 0 && total !== undefined) return { passed, failed, skipped, ms, reason: '', output }

  const reason = badEnding || (total === undefined ? 'it ended without a summary' : '')
  return { passed, failed: reason ? 1 : 0, skipped, ms, reason, output }
}

function lastLine(output: string, label: string): string {
  return output.split('\n').findLast((line) => line.trim().startsWith(label)) ?? ''
}

function report(job: Job, result: Result): void {
  const { passed, failed, ms, reason, output } = result
  const mark = failed === 0 ? 'ok  ' : 'FAIL'
  console.log(`${mark} ${job.name}  ${passed}/${passed + failed}  ${ms} ms${reason && `  (${reason})`}`)
  if (failed > 0) console.log(output.trimEnd().replace(/^/gm, '     '))
}

const jobs = findJobs()
const waiting = [...jobs]
const total = { passed: 0, failed: 0, skipped: 0 }

async function work(): Promise<void> {
  for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
    const result = await runJob(job)
    report(job, result)
    total.passed += result.passed
    total.failed += result.failed
    total.skipped += result.skipped
  }
}

// Some wait for sockets and deadlines most of the time.
await Promise.all(Array.from({ length: Math.min(MOST_AT_A_TIME, availableParallelism() + 1) }, work))
if (jobs.length === 0) console.log('No test file matches.')
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`)
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0
