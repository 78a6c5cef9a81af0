// brink on other runtimes than the Node.js that runs its tests: Bun and Deno do what apps do, on each backend, and end
// workers that serve; the versions of Node do that and run the whole suite, inline and with threads.
//
//   npm run test:runtimes                    everything, for an hour
//   npm run test:runtimes -- --short         so much of it that nothing larger is missed
//   npm run test:runtimes -- Bun "Node 24"   only runtimes of these names

import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { isInstalled, type Runtime, runtimes } from './runtimes.js'

const HERE = dirname(fileURLToPath(import.meta.url))
/** Each program gives up by itself before that. */
const SILENCE_MS = 240_000

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { short: { type: 'boolean', default: false } },
})

interface Part {
  readonly name: string
  readonly runtime: Runtime
  readonly program: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** The settings of a server, by environment. A thread of its own is what Bun and Deno have by default. */
function settingsFor({ isNode }: Runtime): Readonly<Record<string, string>>[] {
  const usual = isNode ? [{ BRINK_THREADS: '0' }, { BRINK_THREADS: '1' }] : [{}]
  if (values.short) return usual
  const others = ['epoll-level', 'poll', 'select'].map((backend) => ({ BRINK_BACKEND: backend }))
  return [...usual, { BRINK_THREADS: '2' }, ...others]
}

function smokesOf(runtime: Runtime): Part[] {
  return settingsFor(runtime).flatMap((env) =>
    ['smoke', 'workers'].map((program) => ({
      name: [`${runtime.name} ${program}`, ...Object.values(env)].join(' '),
      runtime,
      program: `${program}_program.js`,
      args: [],
      env,
    })),
  )
}

/** Of the suite, what depends most on the runtime: modules, streams, clocks, contexts, the ends of processes. */
const SHORT_SUITE = [
  ...['unit/bundles', 'unit/fetch-globals', 'unit/inflation', 'unit/incoming-body', 'unit/timers', 'unit/folder'],
  ...[
    'requests',
    'replies',
    'streams',
    'contexts',
    'realms',
    'several',
    'closing',
    'content_encoding',
    'fetch-apps',
    'fetch-requests',
    'fetch-web-sockets',
  ].map((name) => `server/${name} [epoll inline]`),
]
const WHOLE_SUITE = ['unit/', 'node/', 'book/', '[epoll inline]', '[epoll threads]']

/** Of the versions of Node, one stands for all in the short form. */
function suitesOf(runtime: Runtime): Part[] {
  if (!runtime.isNode) return []
  const args = values.short ? SHORT_SUITE : WHOLE_SUITE
  return [{ name: `${runtime.name} suite`, runtime, program: '../run.js', args, env: {} }]
}

const wanted = runtimes.filter(({ name, isNode }) => {
  if (positionals.length > 0) return positionals.includes(name)
  return !values.short || !isNode || name === 'Node 24'
})
const missing = wanted.filter((runtime) => !isInstalled(runtime))
const present = wanted.filter(isInstalled)
const total = { passed: 0, failed: 0 }

function run({ runtime, program, args, env }: Part): Promise<{ output: string; ending: string }> {
  // What a test starts by the name `node` is the same runtime.
  const path = `${dirname(runtime.file)}${delimiter}${process.env.PATH}`
  const child = spawn(runtime.file, [...runtime.args, join(HERE, program), ...args], {
    env: { ...process.env, NO_COLOR: '1', PATH: path, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let isSilent = false
  const limit = setTimeout(() => {
    isSilent = true
    child.kill('SIGKILL')
  }, SILENCE_MS)
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      limit.refresh()
    })
  }
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ output, ending: error.message }))
    child.on('close', (code, signal) => {
      clearTimeout(limit)
      const bad = isSilent ? `it told nothing for ${SILENCE_MS / 1000} s` : (signal ?? `exit code ${code}`)
      resolve({ output, ending: code === 0 ? '' : bad })
    })
  })
}

async function report(part: Part): Promise<void> {
  const began = performance.now()
  const { output, ending } = await run(part)
  const [, good = '0', bad = '0'] = /^(\d+) passed, (\d+) failed/m.exec(output) ?? []
  const failed = Number(bad) === 0 && (ending !== '' || good === '0') ? 1 : Number(bad)
  total.passed += Number(good)
  total.failed += failed
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  const mark = failed === 0 ? 'ok  ' : 'FAIL'
  console.log(`${mark} ${part.name}  ${good}/${Number(good) + failed}  ${seconds} s${ending && `  (${ending})`}`)
  if (failed === 0) return
  const telling = output.split('\n').filter((line) => !line.startsWith('ok  ') && line.trim() !== '')
  console.log(telling.join('\n').replace(/^/gm, '     '))
}

async function reportAll(parts: readonly Part[], atOnce: number): Promise<void> {
  const waiting = [...parts]
  const work = async (): Promise<void> => {
    for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) await report(part)
  }
  await Promise.all(Array.from({ length: atOnce }, work))
}

await reportAll(present.flatMap(smokesOf), Math.min(2, availableParallelism()))
// A suite runs several files at once by itself.
await reportAll(present.flatMap(suitesOf), 1)
for (const { name } of missing) {
  console.log(`skip ${name}  (npm has none for this machine)`)
  if (process.env.CI === 'true') total.failed += 1
}
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0
