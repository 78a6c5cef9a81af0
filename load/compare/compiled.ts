// The small C programs beside this file, compiled when they are wanted for the first time.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

const FOLDER = 'load/build'

export const programOf = (name: string): string => `${FOLDER}/${name}`

/** A sentence that says why there is none, if there is none. */
export function compile(source: string, name: string): string | undefined {
  if (process.platform !== 'linux') return 'it waits with epoll, which Linux alone has'
  const program = programOf(name)
  if (existsSync(program) && statSync(program).mtimeMs > statSync(source).mtimeMs) return undefined
  mkdirSync(dirname(program), { recursive: true })
  const { status, stderr, error } = spawnSync('cc', ['-O2', source, '-o', program], { encoding: 'utf8' })
  return status === 0 ? undefined : `it does not compile: ${error?.message ?? stderr}`
}
