// Supervisors of a test's own app, and the signs by which the app is told what to do.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Supervisor, type WorkerEvent, type WorkersOptions, workers } from 'brink/workers'
import { get } from '../server/messages.js'
import { ask } from '../server/raw_client.js'
import { until } from '../server/waiting.js'

export const APP = new URL('./apps/app.js', import.meta.url)

export interface Signs {
  readonly folder: string
  give(name: string): void
  take(name: string): void
  has(name: string): boolean
  /** What the app has written to it. */
  text(name: string): string
}

const folders: string[] = []
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

export function signs(...given: string[]): Signs {
  const folder = mkdtempSync(join(tmpdir(), 'brink-workers-'))
  folders.push(folder)
  const made: Signs = {
    folder,
    give: (name) => writeFileSync(join(folder, name), ''),
    take: (name) => rmSync(join(folder, name)),
    has: (name) => existsSync(join(folder, name)),
    text: (name) => readFileSync(join(folder, name), 'utf8'),
  }
  for (const name of given) made.give(name)
  return made
}

export interface Supervised {
  readonly supervisor: Supervisor
  readonly signs: Signs
  readonly events: WorkerEvent[]
  exits(): Extract<WorkerEvent, { type: 'exit' }>[]
  /** The process of the worker that answers a new connection. */
  pid(): Promise<number>
  pids(): number[]
}

/** Runs a test with a supervisor, and closes it. */
export async function supervised(
  options: WorkersOptions,
  run: (it: Supervised) => Promise<void>,
  own = signs(),
): Promise<void> {
  const events: WorkerEvent[] = []
  const supervisor = await workers(APP, {
    port: 0,
    args: [own.folder],
    signals: false,
    onEvent: (event) => events.push(event),
    ...options,
  })
  const it: Supervised = {
    supervisor,
    signs: own,
    events,
    exits: () => events.filter((event) => event.type === 'exit'),
    pid: async () => Number((await ask(supervisor, get('/'))).text.split(' ')[0]),
    pids: () => supervisor.workers.map(({ pid }) => pid),
  }
  try {
    await run(it)
  } finally {
    await supervisor.close({ force: 0 })
  }
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Waits until a process has ended: its parent may be another one. */
export function gone(pid: number): Promise<void> {
  return until(() => !isAlive(pid), `process ${pid} has ended`)
}
