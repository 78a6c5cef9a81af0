// Apps on brink/node beside the same apps on node:http: the same bytes sent, what comes back and what happens compared. And
// what needs packages of its own: examples, bundlers.
//
//   npm run test:frameworks                       everything
//   npm run test:frameworks -- aborts uploads     only parts whose name contains one of these
//   npm run test:frameworks -- --subject node     node:http beside itself: is the comparison the same each time?

import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { BEGINS } from './differences.js'
import { type Part, partsOf } from './parts.js'

const HERE = dirname(fileURLToPath(import.meta.url))
/** A part tells what it begins. What waits in vain gives up by itself before that. */
const SILENCE_MS = 120_000

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { subject: { type: 'string', default: 'brink' } },
})

const parts = partsOf(values.subject).filter(
  ({ name }) => positionals.length === 0 || positionals.some((text) => name.includes(text)),
)
const waiting = [...parts]
let passed = 0
let failed = 0

async function work(): Promise<void> {
  for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
    const began = performance.now()
    const { output, ending } = await run(part)
    const [, good = '0', bad = '1'] = /^(\d+) passed, (\d+) failed$/m.exec(output) ?? []
    const lost = ending !== '' && bad === '0' ? 1 : Number(bad)
    passed += Number(good)
    failed += lost
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    const all = Number(good) + lost
    console.log(
      `${lost === 0 ? 'ok  ' : 'FAIL'} ${part.name}  ${good}/${all}  ${seconds} s${ending && `  (${ending})`}`,
    )
    const told = output
      .split('\n')
      .filter((line) => !/^\d+ passed, \d+ failed$/.test(line))
      .filter((line) => !line.startsWith(BEGINS))
      .join('\n')
      .trimEnd()
    if (told !== '') console.log(told.replace(/^/gm, '     '))
  }
}

function run({ program, args }: Part): Promise<{ output: string; ending: string }> {
  const child = spawn(process.execPath, ['--expose-gc', join(HERE, program), ...args], {
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, NODE_ENV: 'test' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      limit.refresh()
    })
  }
  let isLate = false
  const limit = setTimeout(() => {
    isLate = true
    child.kill('SIGKILL')
  }, SILENCE_MS)
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(limit)
      const badly = isLate
        ? `silent for ${SILENCE_MS / 1000} s behind ${lastBegun(output)}`
        : (signal ?? `exit code ${code}`)
      resolve({ output, ending: code === 0 ? '' : badly })
    })
  })
}

function lastBegun(output: string): string {
  const line = output.split('\n').findLast((line) => line.startsWith(BEGINS))
  return line?.slice(BEGINS.length) ?? 'its start'
}

await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, work))
if (parts.length === 0) console.log('No part has such a name.')
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
