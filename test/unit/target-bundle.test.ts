// An app that has a load target in its bundle.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fileTree } from '../file_tree.js'
import { nodeOutput } from '../node_output.js'
import { ROOT } from './papers.js'

const APP = `
import { target } from 'brink/target'
async function main() {
  const t = await target({ host: '127.0.0.1', limits: { maxDuration: 1 }, record: true })
  const ask = async (path) => {
    const answer = await fetch(t.url + path)
    return answer.status + ' ' + answer.headers.get('content-type')
  }
  for (const path of ['/get', '/bytes/3', '/status/418', '/delay/1', '/_brink/', '/_brink/plan/schema']) {
    console.log(path, await ask(path))
  }
  console.log(t.requests().length, t.stats().requests)
  await t.close()
}
main().catch(({ code }) => console.log(code))
`

const SAID = `/get 200 application/json; charset=utf-8
/bytes/3 200 application/octet-stream
/status/418 418 text/plain; charset=utf-8
/delay/1 400 application/json; charset=utf-8
/_brink/ 200 text/html; charset=utf-8
/_brink/plan/schema 200 application/schema+json
4 4`

function install(folder: string): void {
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(ROOT, join(folder, 'node_modules', 'brink'), 'dir')
}

function bundled(format: 'esm' | 'cjs'): string {
  const folder = fileTree({ 'package.json': '{"type":"module"}', 'app.js': APP })
  install(folder)
  const bundle = join(folder, format === 'esm' ? 'bundle.mjs' : 'bundle.cjs')
  const args = ['--bundle', '--platform=node', '--log-level=error', `--format=${format}`, `--outfile=${bundle}`]
  execFileSync(join(ROOT, 'node_modules/.bin/esbuild'), [join(folder, 'app.js'), ...args])
  return bundle
}

for (const format of ['esm', 'cjs'] as const) {
  test(`a target in a bundle as ${format} is that of the package beside it`, () => {
    assert.is(nodeOutput([bundled(format)], '/'), SAID)
  })

  test(`a target in a bundle as ${format} without the package says what is missing`, () => {
    const folder = fileTree({ 'package.json': '{}' })
    const alone = join(folder, format === 'esm' ? 'bundle.mjs' : 'bundle.cjs')
    cpSync(bundled(format), alone)
    assert.is(nodeOutput([alone], '/'), 'ERR_ADDON_MISSING')
  })
}

test.run()
