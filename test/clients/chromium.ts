// A headless Chromium that opens one page, until it is closed.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gate } from '../server/waiting.js'
import type { Tool } from './suite.js'

export const chromiumTool: Tool = {
  isThere: () => spawnSync('chromium', ['--version']).error === undefined,
  missing: 'Chromium is not installed: apt-get install chromium',
}

export interface Browser {
  /** Rejects when it ends before it is closed. */
  readonly ended: Promise<never>
  /** The URL of its debugger, as soon as it has told it. */
  readonly debuggerUrl: Promise<string>
  close(): Promise<void>
}

/** `--no-sandbox`: it opens nothing but the page of this test, and may have to run as root. */
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run']

/** @param flags beside those of each page */
export function openPage(url: string, flags: readonly string[] = []): Browser {
  const profile = mkdtempSync(join(tmpdir(), 'brink-chromium-'))
  // A group of its own: it starts processes of its own, which have to end with it.
  const child = spawn(
    'chromium',
    [...FLAGS, ...flags, `--user-data-dir=${profile}`, '--remote-debugging-port=0', url],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    },
  )
  let complaints = ''
  const told = gate<string>()
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-2000)
    const url = /DevTools listening on (ws:\S+)\n/.exec(complaints)?.[1]
    if (url !== undefined) told.open(url)
  })
  const exit = once(child, 'exit')
  const killAll = () => {
    try {
      process.kill(-(child.pid as number), 'SIGKILL')
    } catch {
      // They have ended.
    }
  }
  process.once('exit', killAll)
  const ended = exit.then(([code]): never => {
    throw new Error(`Chromium ended with ${code}: ${complaints}`)
  })
  ended.catch(() => {})
  return {
    ended,
    debuggerUrl: told.opened,
    async close() {
      killAll()
      await exit
      process.off('exit', killAll)
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
