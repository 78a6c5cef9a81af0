// An app that is bundled together with brink, and deployed to another folder: the same cases for each bundler.
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as assert from 'uvu/assert'
import { fileTree } from './file_tree.js'
import { nodeOutput } from './node_output.js'

const packageRoot = fileURLToPath(new URL('../../', import.meta.url))

// What is loaded late is asked for as well.
const APP = `
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { compress, events, file, files, parts, Router, routesFrom, serve } from 'brink'
import { createServer } from 'brink/node'
async function main() {
  const app = new Router()
    .use(compress())
    .get('/', () => 'hello '.repeat(1000))
    .get('/file', () => file(process.argv[1]))
    .mount('/routes', await routesFrom(join(dirname(process.argv[1]), 'routes')))
  const server = await serve(app, { port: 0, host: '127.0.0.1' })
  const ask = async (path) => (await fetch(server.url + path)).text()
  const node = createServer((req, res) => res.end('node ' + req.url)).listen(0, '127.0.0.1')
  await once(node, 'listening')
  const onNode = await (await fetch('http://127.0.0.1:' + node.address().port + '/x')).text()
  node.close()
  const { status } = await fetch(server.url + '/file')
  console.log((await ask('')).length, status, await ask('/routes'), onNode)
  console.log([events, files, parts].every((each) => typeof each === 'function'))
  await server.close()
}
main().catch((error) => {
  console.log(error.code, error.message)
})
`
const STARTED = '6000 200 a route node /x\ntrue'

export type Format = 'esm' | 'cjs'

export interface Bundler {
  /** As the error names it. */
  readonly name: string
  /** What it is told beside that, for the names of the cases. */
  readonly how?: string
  /** Bundles a file into a folder, and gives the bundle's path. `line` is what the error says about leaving brink out. */
  bundle(app: string, folder: string, format: Format, line?: string): Promise<string> | string
}

export interface BundleCase {
  readonly name: string
  readonly run: () => Promise<void>
}

export function bundleCases({ name, how = '', bundle }: Bundler): BundleCase[] {
  return (['esm', 'cjs'] as const).flatMap((format) => {
    const what = `an app that was bundled by ${name} as ${format}${how}`
    const bundled = async (line?: string) => bundle(project(), fileTree({}), format, line)
    let withBrink: Promise<string> | undefined
    const whole = () => {
      withBrink ??= bundled()
      return withBrink
    }
    return [
      {
        name: `${what} starts where the package is installed beside it`,
        run: async () => assert.is(outputOf(deployed(await whole(), true)), STARTED),
      },
      {
        name: `${what} says what to do where the package is not there, and starts when that is done`,
        run: async () => {
          const said = outputOf(deployed(await whole(), false))
          assert.match(said, /^ERR_ADDON_MISSING/)
          const line = new RegExp(`\`([^\`]+)\` for ${name}`).exec(said)?.[1]
          assert.match(readFileSync(join(packageRoot, 'docs/platforms.md'), 'utf8'), `\`${line}\``)
          const without = await bundled(line)
          assert.not.match(readFileSync(without, 'utf8'), 'ERR_ADDON_MISSING')
          assert.is(outputOf(deployed(without, true)), STARTED)
          assert.match(outputOf(deployed(without, false)), /Cannot find (module|package) 'brink/)
        },
      },
    ]
  })
}

/** The app where it is built. */
function project(): string {
  const folder = fileTree({ 'package.json': '{"type":"module"}', 'app.js': APP })
  install(folder)
  return join(folder, 'app.js')
}

function install(folder: string): void {
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(packageRoot, join(folder, 'node_modules', 'brink'), 'dir')
}

/** Copies a bundle to a folder from which nothing can be found but what is installed there. */
function deployed(bundle: string, withPackage: boolean): string {
  const folder = fileTree({
    'package.json': '{}',
    'dist/routes/index.mjs': 'export const GET = () => "a route"',
  })
  if (withPackage) install(folder)
  cpSync(dirname(bundle), join(folder, 'dist'), { recursive: true })
  return join(folder, 'dist', basename(bundle))
}

function outputOf(file: string): string {
  return nodeOutput([file], '/')
}
