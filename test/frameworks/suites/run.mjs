// Fetches the own suite of a framework and runs it twice, unchanged: on node:http, and with brink/node in its place. What
// passes on node:http has to pass on brink.
//
//   node test/frameworks/suites/run.mjs express koa              # or: all
//   node test/frameworks/suites/run.mjs ws --from ../ws          # another git URL, or a folder with a repository
//   node test/frameworks/suites/run.mjs fastify --file hooks     # files whose name contains it
//   node test/frameworks/suites/run.mjs node-core --node PATH    # another Node: node-core wants that of its version

import { execFileSync, execSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ENDS, runFile } from './run_file.mjs'
import { suites } from './suites.mjs'

const HOOK = new URL('../../../dist/node/register.js', import.meta.url).href
const AT_ONCE = 2

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    from: { type: 'string' },
    file: { type: 'string', default: '' },
    node: { type: 'string', default: process.execPath },
    to: { type: 'string', default: join(tmpdir(), 'brink-suites') },
    seconds: { type: 'string', default: '90' },
    errors: { type: 'boolean', default: false },
  },
})
const names = positionals[0] === 'all' ? Object.keys(suites) : positionals
const unknown = names.filter((name) => !(name in suites))
if (names.length === 0 || unknown.length > 0) {
  console.error(`${unknown.length > 0 ? `No suite ${unknown}. ` : ''}Suites: ${Object.keys(suites).join(' ')}, or all`)
  process.exit(2)
}
let lostInAll = 0
for (const name of names) lostInAll += await runSuite(name)
process.exitCode = lostInAll > 0 ? 1 : 0

async function runSuite(name) {
  const suite = suites[name]
  const folder = prepared(name, suite)
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => suite.files.test(file) && !file.includes('node_modules') && file.includes(values.file))
    .sort()
  const total = { good: 0, of: 0 }
  const lost = []
  const work = async (worker) => {
    for (let file = files.shift(); file !== undefined; file = files.shift()) {
      const run = (hook) =>
        runFile(suite, folder, file, { hook, node: values.node, worker, limitMs: values.seconds * 1000 })
      const expected = await run(undefined)
      const passing = [...expected].filter(([, { result }]) => result === 'pass').map(([test]) => test)
      let got = await run(HOOK)
      // On a busy machine a test may run into its own limit: what fails is tried once more.
      if (passing.some((test) => got.get(test)?.result !== 'pass')) got = better(got, await run(HOOK))
      for (const test of passing) {
        const ours = got.get(test)
        if (test !== ENDS) total.of += 1
        if (ours?.result !== 'pass') lost.push({ file, test, error: ours?.error ?? 'not run' })
        else if (test !== ENDS) total.good += 1
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => work(index + 1)))
  for (const { file, test, error } of lost) {
    console.log(`     ${file}  ${test}`)
    if (values.errors) console.log(error.slice(0, 2000).replace(/^/gm, '       | '))
  }
  console.log(`${lost.length === 0 ? 'ok  ' : 'FAIL'} ${name} ${suite.version}: ${total.good} of ${total.of}`)
  return lost.length
}

function better(first, second) {
  for (const [test, ours] of second) if (ours.result === 'pass' || !first.has(test)) first.set(test, ours)
  return first
}

/** The folder with the suite and its packages. */
function prepared(name, { repository, version, prepare = [] }) {
  const folder = join(values.to, name)
  if (existsSync(join(folder, '.prepared'))) return folder
  console.log(`Fetching ${repository} ${version} …`)
  mkdirSync(folder, { recursive: true })
  const git = (...args) => execFileSync('git', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  git('clone', '--quiet', '--no-checkout', values.from ?? `https://github.com/${repository}.git`, '.')
  git('checkout', '--quiet', version)
  const install = 'npm install --ignore-scripts --legacy-peer-deps --no-audit --no-fund --loglevel=error'
  for (const command of [
    ...(existsSync(join(folder, 'package.json')) ? [install] : []),
    ...prepare,
    'touch .prepared',
  ]) {
    execSync(command, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
  }
  return folder
}
