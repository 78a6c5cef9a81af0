// Programs from npm that are no dependencies: unpacked once into the user's cache, after a check of their hash.

import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Failure, run, withTarball } from '../build.mjs'

/** The folder of an npm package, `name@version`, fetched when it is not there. No script of it runs. */
export function fetchIntoCache({ package: name, integrity }, otherwise, say = console.log) {
  // As npm names the tarball: scope and name, without what has a meaning in paths.
  const plain = name.replace(/^@/, '').replace(/[/@]/g, '-')
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'brink', plain)
  if (existsSync(folder)) return folder

  say(`Fetching ${name} …`)
  withTarball({ package: name, tarball: `${plain}.tgz`, integrity }, name, otherwise, (tarball) => {
    const unfinished = `${folder}.${process.pid}`
    mkdirSync(unfinished, { recursive: true })
    const unpacked = run('tar', ['-xzf', tarball, '-C', unfinished, '--strip-components=1'])
    if (!unpacked.ok) throw new Failure(`${name} could not be unpacked into ${unfinished}`, unpacked.output)
    rmSync(folder, { recursive: true, force: true })
    renameSync(unfinished, folder)
  })
  return folder
}
