// `brink/target` in the tests of a client: one file of tests, run by Node's own runner, by vitest and by jest.
//
//   node dist/test/frameworks/test_runners.js

import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fileTree } from '../file_tree.js'
import { BEGINS } from './differences.js'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../..')
const PACKAGES = join(ROOT, 'test/frameworks/node_modules')
const EXAMPLE = join(ROOT, 'examples/target')
const LIMIT_MS = 100_000

const client = readFileSync(join(EXAMPLE, 'retrying.js'), 'utf8')
const tests = readFileSync(join(EXAMPLE, 'retrying.test.js'), 'utf8')
const NODES_IMPORT = "import { after, before, beforeEach, test } from 'node:test'"
const TESTS = 6

interface Runner {
  readonly name: string
  /** The line by which tests import the functions of the runner. */
  readonly imports: string
  readonly command: (folder: string) => string[]
  readonly env?: NodeJS.ProcessEnv
  /** What it says when all tests have passed. */
  readonly passed: RegExp
}

const RUNNERS: readonly Runner[] = [
  {
    name: 'node:test',
    imports: NODES_IMPORT,
    command: (folder) => ['--test', join(folder, 'retrying.test.js')],
    passed: new RegExp(`pass ${TESTS}$`, 'm'),
  },
  {
    name: 'vitest',
    imports: "import { afterAll as after, beforeAll as before, beforeEach, test } from 'vitest'",
    command: (folder) => [join(PACKAGES, 'vitest/vitest.mjs'), 'run', '--root', folder, '--no-color'],
    passed: new RegExp(`Tests +${TESTS} passed \\(${TESTS}\\)`),
  },
  {
    name: 'jest',
    imports: "import { afterAll as after, beforeAll as before, beforeEach, test } from '@jest/globals'",
    command: (folder) => [
      '--experimental-vm-modules',
      join(PACKAGES, 'jest/bin/jest.js'),
      `--rootDir=${folder}`,
      '--no-color',
    ],
    passed: new RegExp(`Tests: +${TESTS} passed, ${TESTS} total`),
  },
]

let passed = 0
let failed = 0
for (const { name, imports, command, env = {}, passed: expected } of RUNNERS) {
  console.log(BEGINS + name)
  if (!tests.includes(NODES_IMPORT)) throw new Error('The example imports something else.')
  const folder = fileTree({
    'package.json': JSON.stringify({ type: 'module', jest: { testEnvironment: 'node', transform: {} } }),
    'retrying.js': client,
    'retrying.test.js': tests.replace(NODES_IMPORT, imports),
  })
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(ROOT, join(folder, 'node_modules/brink'))
  for (const other of ['vitest', '@jest']) symlinkSync(join(PACKAGES, other), join(folder, 'node_modules', other))
  const said = spawnSync(process.execPath, ['--no-warnings', ...command(folder)], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ...env, NO_COLOR: '1', FORCE_COLOR: undefined },
    timeout: LIMIT_MS,
  })
  const output = said.stdout + said.stderr
  // A target that was not closed, or a leak, keeps a runner from ending, or makes it complain.
  if (said.status === 0 && expected.test(output) && !/did not exit|open handle/i.test(output)) passed += 1
  else {
    failed += 1
    console.log(`FAIL ${name}: ${said.status ?? said.signal}\n${output}`)
  }
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed > 0 ? 1 : 0)
