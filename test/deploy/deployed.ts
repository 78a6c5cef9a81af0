// The app of examples/deploy, started as it is in production, and clients with an address of their own.

import { existsSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Program, runNode } from '../server/programs.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
export const FOLDER = join(ROOT, 'examples/deploy')

export const fileOf = (name: string): string => readFileSync(join(FOLDER, name), 'utf8')

/** The text with another in place of one that occurs in it. */
export function replaced(text: string, ...changes: readonly (readonly [old: string, fresh: string])[]): string {
  return changes.reduce((changed, [old, fresh]) => {
    if (!changed.includes(old)) throw new Error(`the file does not have ${old}`)
    return changed.replaceAll(old, fresh)
  }, text)
}

export interface Deployed {
  readonly program: Program
  readonly port: number
}

export async function deploy(env: NodeJS.ProcessEnv, file = 'app.js'): Promise<Deployed> {
  const program = runNode([join(FOLDER, file)], { PORT: '0', ...env })
  const [, port] = await program.says(/^Listening on http:\S+:(\d+)$/m)
  return { program, port: Number(port) }
}

export interface Heard {
  readonly status: number
  readonly text: string
}

/** Asks from an address that is no proxy's. */
export function askFrom(localAddress: string, port: number, path: string, headers = {}): Promise<Heard> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, localAddress, headers, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      response.on('error', reject)
    })
    sent.on('error', reject).end()
  })
}

export const isFound = (command: string): boolean => {
  const folders = (process.env.PATH ?? '').split(':')
  return folders.some((folder) => existsSync(join(folder, command)))
}

/** The processes that a process has started. */
export function childrenOf(pid: number | undefined): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map(Number)
}
