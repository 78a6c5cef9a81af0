// Apps that rollup and webpack bundle together with brink. esbuild: test/unit/bundles.test.ts.
//
//   node dist/test/frameworks/bundlers.js

import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Bundler, bundleCases, type Format } from '../bundles.js'
import { BEGINS } from './differences.js'

// They are installed beside the source, and only for this.
const require = createRequire(join(dirname(fileURLToPath(import.meta.url)), '../../../test/frameworks/package.json'))

interface Rollup {
  rollup(options: object): Promise<{ write(options: object): Promise<unknown> }>
}
interface NodeResolve {
  nodeResolve(): object
}
interface Stats {
  hasErrors(): boolean
  hasWarnings(): boolean
  toString(what: string): string
}
type Webpack = (options: object, done: (error: Error | null, stats: Stats) => void) => void

const nameOf = (format: Format) => (format === 'esm' ? 'app.mjs' : 'app.cjs')

/** The options that a line of JavaScript holds. */
const optionsOf = (line = '') => new Function(`return { ${line} }`)() as object

function onLog(_level: string, { message }: { message: string }): void {
  throw new Error(message)
}

const rollup: Bundler = {
  name: 'rollup',
  async bundle(input, folder, format, line) {
    const { rollup } = require('rollup') as Rollup
    const { nodeResolve } = require('@rollup/plugin-node-resolve') as NodeResolve
    const bundle = await rollup({ input, plugins: [nodeResolve()], onLog, ...optionsOf(line) })
    const name = nameOf(format)
    await bundle.write({ dir: folder, format, entryFileNames: name, chunkFileNames: `[name]-[hash].${name.slice(-3)}` })
    return join(folder, name)
  },
}

const webpack = (mode: string): Bundler => ({
  name: 'webpack',
  how: ` for ${mode}`,
  async bundle(entry, folder, format, line) {
    const webpack = require('webpack') as Webpack
    const filename = nameOf(format)
    const output = { path: folder, filename, module: format === 'esm' }
    const experiments = { outputModule: format === 'esm' }
    const options = { entry, mode, target: 'node', output, experiments, ...optionsOf(line) }
    const stats = await new Promise<Stats>((resolve, reject) => {
      webpack(options, (error, stats) => (error === null ? resolve(stats) : reject(error)))
    })
    if (stats.hasErrors() || stats.hasWarnings()) throw new Error(stats.toString('errors-warnings'))
    return join(folder, filename)
  },
})

let passed = 0
let failed = 0
for (const { name, run } of [rollup, webpack('production'), webpack('development')].flatMap(bundleCases)) {
  console.log(BEGINS + name)
  try {
    await run()
    passed += 1
  } catch (error) {
    failed += 1
    const { message, details = '' } = error as Error & { details?: string }
    console.log(`FAIL ${name}: ${message}\n${details}`)
  }
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed > 0 ? 1 : 0)
