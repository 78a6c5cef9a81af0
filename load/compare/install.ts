// The packages of the peers: installed into load/node_modules when they are wanted for the first time, and nowhere else.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'

const FOLDER = 'load'
const LOCK = `${FOLDER}/package-lock.json`
export const MODULES = `${FOLDER}/node_modules`
const STAMP = `${MODULES}/.brink-stamp`

/** A sentence about what went wrong, if something did. What is there already can be used all the same. */
export function installPeers(): string | undefined {
  const wanted = createHash('sha256').update(readFileSync(LOCK)).digest('hex')
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return undefined
  console.log('Installing the peers …')
  // Runtimes come as packages of their binary, so that no script has to run; one that is not for this system is left out.
  const { status, stdout, stderr } = npm(['ci', '--ignore-scripts', '--no-progress', '--loglevel=error'])
  if (status !== 0) return `npm could not install the peers:\n${`${stderr}\n${stdout}`.trim()}`
  writeFileSync(STAMP, wanted)
  return undefined
}

/** The npm that started this process if one did, so that its settings hold. */
function npm(args: string[]) {
  const started = process.env.npm_execpath
  const [command, ...first] =
    started !== undefined && basename(started) === 'npm-cli.js' ? [process.execPath, started] : ['npm']
  return spawnSync(command, [...first, ...args], { cwd: FOLDER, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** The version of an installed package. */
export function versionOf(name: string): string | undefined {
  const file = `${MODULES}/${name}/package.json`
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : undefined
}
