// Apps that esbuild bundles together with brink. Other bundlers: test/frameworks/bundlers.ts.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'uvu'
import { type Bundler, bundleCases } from '../bundles.js'
import { ROOT } from './papers.js'

function esbuild(...options: string[]): Bundler['bundle'] {
  return (app, folder, format, line) => {
    const bundle = join(folder, format === 'esm' ? 'app.mjs' : 'app.cjs')
    const usual = ['--bundle', '--platform=node', '--log-level=error', `--format=${format}`, `--outfile=${bundle}`]
    const args = [app, ...usual, ...options, ...(line === undefined ? [] : [line])]
    execFileSync(join(ROOT, 'node_modules/.bin/esbuild'), args)
    return bundle
  }
}

for (const { name, run } of [
  ...bundleCases({ name: 'esbuild', bundle: esbuild() }),
  ...bundleCases({ name: 'esbuild', how: ', minified,', bundle: esbuild('--minify') }),
]) {
  test(name, run)
}

test.run()
