// Runs one file of a suite in a process of its own, and gives what each of its tests came to.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const HERE = fileURLToPath(new URL('.', import.meta.url))
/** The name of the test that a file ends by itself, and well. */
export const ENDS = '(the file ends)'

export async function runFile(suite, folder, file, { hook, node, worker, limitMs }) {
  const scratch = mkdtempSync(join(tmpdir(), 'brink-suite-'))
  const results = join(scratch, 'results')
  writeFileSync(results, '')
  const child = spawn(node, argumentsFor(suite, folder, file), {
    cwd: folder,
    env: {
      ...process.env,
      SUITE_RESULTS: results,
      // Node's own tests choose their ports by it.
      TEST_THREAD_ID: `${worker}`,
      NODE_OPTIONS: hook ? `--import=${hook}` : '',
      NO_COLOR: '1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output = (output + text).slice(-10_000)
    })
  }
  const { code, ending } = await endOf(child, limitMs)
  const lines = readFileSync(results, 'utf8').split('\n').filter(Boolean)
  rmSync(scratch, { recursive: true, force: true })
  const told = lines.map((line) => JSON.parse(line))
  return suite.runner === 'plain' ? judgePlain(code, ending, output) : judge(told, code, ending, output)
}

function argumentsFor({ runner, flags }, folder, file) {
  if (runner === 'mocha') {
    const mocha = join(folder, 'node_modules/mocha/bin/_mocha')
    return [mocha, '--reporter', join(HERE, 'mocha_reporter.cjs'), ...flags, file]
  }
  if (runner === 'node') {
    return ['--test', `--test-reporter=${join(HERE, 'node_reporter.mjs')}`, '--test-reporter-destination=stdout', file]
  }
  const own = /^\/\/ Flags: (.+)$/m.exec(readFileSync(join(folder, file), 'utf8'))?.[1] ?? ''
  return [...own.trim().split(/\s+/).filter(Boolean), file]
}

function endOf(child, limitMs) {
  const kill = () => {
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {}
  }
  let late = false
  const limit = setTimeout(() => {
    late = true
    kill()
    child.stdout.destroy()
    child.stderr.destroy()
  }, limitMs)
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(limit)
      kill()
      const badly = late ? `still running after ${limitMs / 1000} s` : (signal ?? `exit code ${code}`)
      resolve({ code, ending: code === 0 ? '' : badly })
    })
  })
}

function judge(told, code, ending, output) {
  const tests = new Map()
  for (const { result, name, error } of told) {
    if (result === 'end') continue
    let key = name
    for (let count = 2; tests.has(key); count++) key = `${name} #${count}`
    tests.set(key, { result, error })
  }
  const ended = told.some(({ result }) => result === 'end')
  const failed = told.some(({ result }) => result === 'fail')
  // The exit code of a runner counts its failures.
  const good = ended && (code === 0 || (failed && code !== null))
  tests.set(ENDS, good ? { result: 'pass' } : { result: 'fail', error: `${ending || 'no summary'}\n${output}` })
  return tests
}

function judgePlain(code, ending, output) {
  const skipped = code === 0 && /^1\.\.0 # Skipped/m.test(output)
  return new Map([['', { result: skipped ? 'skip' : code === 0 ? 'pass' : 'fail', error: `${ending}\n${output}` }]])
}
