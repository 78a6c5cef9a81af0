// Makes the binaries that the package carries, and checks each.
//
//   npm run prebuild [-- TARGET …]    all, or those named; `own` is the one for this machine
//
// With --package, as `npm pack` runs it, those that BRINK_TARGETS names (all when it is not set), and it removes others.

import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Failure, fetchLlhttp, filesUnder, generateLayout } from '../build.mjs'
import { NATIVE } from '../selftest/toolchain.mjs'
import { problemsOf } from './check.mjs'
import { compileTarget } from './compile.mjs'
import { stripMachO } from './strip.mjs'
import { chosenTargets } from './targets.mjs'
import { fetchZig } from './zig.mjs'

const PREBUILDS = join(NATIVE, 'prebuilds')

/** What was left by an earlier run would be packed as well, however old it is. */
function removeOthers(targets) {
  const wanted = new Set(targets.map(({ file }) => join(NATIVE, file)))
  for (const file of filesUnder(PREBUILDS, (name) => name.endsWith('.node'))) {
    if (!wanted.has(file)) rmSync(file)
  }
  for (const folder of existsSync(PREBUILDS) ? readdirSync(PREBUILDS) : []) {
    if (readdirSync(join(PREBUILDS, folder)).length === 0) rmdirSync(join(PREBUILDS, folder))
  }
}

/** An app that runs from here keeps the one that it has loaded. */
function put(file, place) {
  mkdirSync(dirname(place), { recursive: true })
  copyFileSync(file, `${place}.${process.pid}`)
  renameSync(`${place}.${process.pid}`, place)
}

try {
  const names = process.argv.slice(2)
  const isPackage = names[0] === '--package'
  const { BRINK_TARGETS = '' } = process.env
  const targets = chosenTargets(isPackage ? BRINK_TARGETS.split(/[\s,]+/).filter(Boolean) : names)
  if (isPackage) removeOthers(targets)
  fetchLlhttp()
  generateLayout()
  const zig = fetchZig()
  for (const target of targets) {
    const linked = await compileTarget(zig, target)
    const file = target.platform === 'darwin' ? stripMachO(linked) : linked
    const { size, problems } = problemsOf(target, file)
    if (problems.length > 0) throw new Failure(`native/${target.file} cannot be shipped:`, problems.join('\n'))
    put(file, join(NATIVE, target.file))
    console.log(`native/${target.file}  ${Math.round(size / 1000)} kB`)
  }
} catch (error) {
  if (!(error instanceof Failure)) throw error
  error.exit()
}
