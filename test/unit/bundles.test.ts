// Apps that are bundled together with brink.
import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync, type Format } from 'esbuild'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fileTree } from '../file_tree.js'

const packageRoot = fileURLToPath(new URL('../../../', import.meta.url))

// What is loaded late is asked for as well.
const APP = `
import { compress, events, file, files, parts, Router, serve } from 'brink'
const app = new Router()
  .use(compress())
  .get('/', () => 'hello '.repeat(1000))
  .get('/file', () => file(process.argv[1]))
async function main() {
  const server = await serve(app, { port: 0, host: '127.0.0.1' })
  const page = await (await fetch(server.url)).text()
  const { status } = await fetch(server.url + '/file')
  await server.close()
  console.log(page.length, status, [events, files, parts].every((each) => typeof each === 'function'))
}
main().catch((error) => {
  console.log(error.code, error.message)
})
`

/** Bundles the app in a folder, and gives the bundle's path. */
function bundled(folder: string, format: Format, minify: boolean): string {
  const outfile = join(folder, 'dist', format === 'esm' ? 'app.mjs' : 'app.cjs')
  buildSync({
    stdin: { contents: APP, resolveDir: packageRoot },
    outfile,
    format,
    minify,
    bundle: true,
    platform: 'node',
    logLevel: 'silent',
  })
  return outfile
}

function run(file: string): string {
  // Not in a folder from which the package could be found.
  const { stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8', cwd: '/' })
  // What ends it is shown behind its line, which is all of a bundle that was minified.
  return stdout.trim() + stderr.trim().slice(-2000)
}

for (const format of ['esm', 'cjs'] as const) {
  for (const minify of [false, true]) {
    const what = `bundled as ${format}${minify ? ', minified,' : ''}`

    test(`an app that was ${what} starts where the package is installed beside it`, () => {
      const folder = fileTree({ 'package.json': '{}' })
      mkdirSync(join(folder, 'node_modules'))
      symlinkSync(packageRoot, join(folder, 'node_modules', 'brink'), 'dir')
      assert.is(run(bundled(folder, format, minify)), '6000 200 true')
    })

    test(`an app that was ${what} says what to do where the package is not there`, () => {
      const said = run(bundled(fileTree({ 'package.json': '{}' }), format, minify))
      assert.match(said, /ERR_ADDON_MISSING/)
      assert.match(said, '--external:brink')
    })
  }
}

test.run()
