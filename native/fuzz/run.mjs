// Fuzzes the core: builds each target, gives it its time, and tells what it found.
//
//   npm run fuzz -- [--target reactor|replies|parser|head|body] [--seconds 60] [--seed N] [--runs N] [--keep]
//
// As many targets run at a time as there are processors.
//
// Each begins with its seeds and the inputs in native/fuzz/corpus. A run is a function of them, of the seed and of the
// number of runs, and of nothing else; a run of so many seconds says how many runs it came to. --keep packs into the
// corpus what led to new places, and takes out what others cover, the seeds among them; --keep --runs 0 does only that.

import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { Failure, fetchLlhttp, filesUnder, generateLayout } from '../build.mjs'
import { execute, inTurn, NATIVE } from '../selftest/toolchain.mjs'
import { pack, unpack } from './corpus.mjs'
import { writeSeeds } from './seeds.mjs'
import { build, OUTPUT } from './toolchain.mjs'

const TARGETS = ['reactor', 'replies', 'parser', 'head', 'body']
const LONGEST_INPUT = 2000
// Of setTimeout.
const NO_LIMIT = 2 ** 31 - 1
const FINDINGS = join(OUTPUT, 'findings')

const total = { passed: 0, failed: 0 }

function readOptions() {
  const text = { type: 'string' }
  const { values } = parseArgs({
    options: { target: text, seconds: text, seed: text, runs: text, keep: { type: 'boolean' } },
  })
  const number = (name, usual) => {
    const value = Number(values[name] ?? usual)
    if (Number.isSafeInteger(value) && value >= 0) return value
    throw new Failure(`--${name} is a number, not ${values[name]}.`)
  }
  if (values.target && !TARGETS.includes(values.target)) {
    throw new Failure(`There is no target ${values.target}. There are: ${TARGETS.join(', ')}.`)
  }
  return {
    targets: values.target ? [values.target] : TARGETS,
    seconds: number('seconds', 60),
    seed: number('seed', 1 + Math.floor(Math.random() * 0x7fffffff)),
    runs: values.runs === undefined ? undefined : number('runs'),
    keep: values.keep === true,
  }
}

async function fuzz(target, program, options) {
  const found = mkdtempSync(join(tmpdir(), `brink-fuzz-${target}-`))
  try {
    const began = performance.now()
    const { code, output } = await execute(program, argumentsFor(target, found, options), { silentMs: NO_LIMIT })
    report(target, options, program, code, output, Math.round((performance.now() - began) / 1000))
    if (options.keep && code === 0) await keep(target, program, found)
  } finally {
    rmSync(found, { recursive: true, force: true })
  }
}

// Those on which depends what an input leads to.
const LOOKING = [
  `-max_len=${LONGEST_INPUT}`,
  // What is compared with what may be addresses, and those are others in each run.
  '-use_cmp=0',
]

function argumentsFor(target, found, { seconds, seed, runs }) {
  mkdirSync(FINDINGS, { recursive: true })
  return [
    found,
    `-seed_inputs=${listInputs(target)}`,
    runs === undefined ? `-max_total_time=${seconds}` : `-runs=${runs}`,
    `-seed=${seed}`,
    ...LOOKING,
    `-dict=${join(NATIVE, 'fuzz', 'http.dict')}`,
    artifactsOf(target),
    '-timeout=20',
    // Looking for what others have found depends on the time.
    '-reload=0',
    '-print_final_stats=1',
    // Weighing inputs by how rare their features are takes longer than running them.
    '-entropic=0',
  ]
}

/** Otherwise they are dropped where it was started: an input that takes long is one, too. */
function artifactsOf(target) {
  return `-artifact_prefix=${join(FINDINGS, `${target}-`)}`
}

/** By name, since the order in which a folder lists its files is its own. */
function listInputs(target) {
  const inputs = [unpackCorpus(target), putSeeds(target)].flatMap((folder) => filesUnder(folder, () => true).sort())
  const list = join(OUTPUT, `${target}.inputs`)
  writeFileSync(list, inputs.join(','))
  return `@${list}`
}

function putSeeds(target) {
  const folder = join(OUTPUT, 'seeds', target)
  writeSeeds(target, folder)
  return folder
}

function unpackCorpus(target) {
  const folder = join(OUTPUT, 'corpus', target)
  unpack(packedCorpusOf(target), folder)
  return folder
}

function packedCorpusOf(target) {
  return join(NATIVE, 'fuzz', 'corpus', `${target}.inputs`)
}

function report(target, { seed }, program, code, output, seconds) {
  const runs = Number(/number_of_executed_units:\s*(\d+)/.exec(output)?.[1] ?? 0)
  const [, places, features] = [...output.matchAll(/cov: (\d+) ft: (\d+)/g)].at(-1) ?? [undefined, 0, 0]
  const input = /Test unit written to (\S+)/.exec(output)?.[1]
  const ok = code === 0 && runs > 0
  ok ? total.passed++ : total.failed++
  console.log(
    `${ok ? 'ok  ' : 'FAIL'} ${target}  ${runs} executions in ${seconds} s, cov ${places}, ft ${features}, ` +
      `${ok ? 'no finding' : '1 finding'}  (--target ${target} --seed ${seed} --runs ${runs})`,
  )
  if (ok) return
  console.log(tellingLines(output).join('\n').replace(/^/gm, '     '))
  if (input) console.log(`     again: ${relative(process.cwd(), program)} ${relative(process.cwd(), input)}`)
}

/** What was violated and where; of what libFuzzer says of itself nothing. */
function tellingLines(output) {
  const telling = /INVARIANT|ERROR: |runtime error|SUMMARY|^\s+#\d+ .*\/native\/(?!build)/
  const lines = output.split('\n').filter((line) => telling.test(line) && !line.includes('NEW_FUNC'))
  return lines.length > 0 ? lines.slice(0, 30) : output.split('\n').slice(-20)
}

async function keep(target, program, found) {
  const seeds = putSeeds(target)
  const merged = mkdtempSync(join(tmpdir(), `brink-fuzz-merged-`))
  try {
    // What leads nowhere beyond the inputs in the first folder is not added to it.
    cpSync(seeds, merged, { recursive: true })
    const folders = [merged, unpackCorpus(target), found]
    const { code, output } = await execute(program, ['-merge=1', ...LOOKING, artifactsOf(target), ...folders], {
      silentMs: NO_LIMIT,
    })
    if (code !== 0) throw new Failure(`The corpus of ${target} cannot be merged.`, output)
    mkdirSync(dirname(packedCorpusOf(target)), { recursive: true })
    console.log(`     ${pack(merged, seeds, packedCorpusOf(target))} inputs are kept`)
  } finally {
    rmSync(merged, { recursive: true, force: true })
  }
}

try {
  const options = readOptions()
  fetchLlhttp()
  generateLayout()
  // They have most of their objects in common.
  const programs = []
  for (const target of options.targets) programs.push(await build(target))
  // Each has a processor to itself, so a run of so many seconds is comparable to the next.
  await Promise.all(options.targets.map((target, i) => inTurn(() => fuzz(target, programs[i], options))))
  console.log(`${total.passed} passed, ${total.failed} failed`)
  process.exitCode = total.failed > 0 ? 1 : 0
} catch (error) {
  if (!(error instanceof Failure)) throw error
  error.exit()
}
