import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CloseOptions } from '../request/closing.js'
import { describe } from '../runtime/describe.js'
import { coded } from '../runtime/errors.js'
import { runtimeOfThreads } from '../runtime/js_runtime.js'
import { knownOptions, wholeNumber, wrongArgument, wrongType, wrongValue } from '../runtime/option_errors.js'
import { standardDeadline } from '../server/close_on_signals.js'
import { checkedCloseOptions, STANDARD_GRACE_MS } from '../server/close_schedule.js'
import { checkedPlaces, PLACE_OPTIONS, type Place, type PlaceOptions } from '../server/listen_options.js'
import { standardTicketKey } from '../server/ticket_key.js'

/** What happens to workers. */
export type WorkerEvent =
  /** A worker listens. */
  | { readonly type: 'ready'; readonly slot: number; readonly pid: number }
  /**
   * A worker has ended. `expected`: it was told to. `restartMs`: after how many milliseconds its successor starts;
   * undefined when none does. `error`: why, if it has told.
   */
  | {
      readonly type: 'exit'
      readonly slot: number
      readonly pid: number | undefined
      readonly code: number | null
      readonly signal: NodeJS.Signals | null
      readonly expected: boolean
      readonly restartMs: number | undefined
      readonly error: Error | undefined
    }
  /** A reload has replaced all workers, or has failed. */
  | { readonly type: 'reload'; readonly error: Error | undefined }

/**
 * Options of `workers()`: where it listens, as for `serve()`; how many workers there are; and how they close, with the
 * defaults of `closeOnSignals()`: `grace` is 5,000 and `deadline` 10,000 after `readinessDelay`. Times in milliseconds.
 */
export interface WorkersOptions extends PlaceOptions, Omit<CloseOptions, 'force'> {
  /** The number of worker processes, at most 512. `'max'`: as many as the process may use CPUs. Default: `'max'`. */
  count?: number | 'max' | undefined
  /** Arguments of the app, its `process.argv` from 2 on. Default: none. */
  args?: readonly string[] | undefined
  /**
   * Options of Node for the workers. Default: those of this process, without those of the inspector, of `--eval`, `--test`
   * and `--watch`.
   */
  execArgv?: readonly string[] | undefined
  /** Variables of the environment for the workers, beside those of this process. */
  env?: Readonly<Record<string, string | undefined>> | undefined
  /** How long a worker may take until it listens. After it, it is killed. Default: 60,000. */
  startTimeout?: number | undefined
  /**
   * Whether SIGTERM and SIGINT close the workers and end the process, a second one at once, SIGHUP reloads,
   * and SIGUSR1 makes the workers open their log files again.
   * Default: true.
   */
  signals?: boolean | undefined
  /** Called with what happens to workers, for logs. Default: none. */
  onEvent?: ((event: WorkerEvent) => void) | undefined
}

export interface CheckedWorkersOptions {
  readonly app: string
  readonly places: readonly Place[]
  readonly count: number
  readonly args: readonly string[]
  readonly execArgv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly startTimeout: number
  readonly signals: boolean
  readonly onEvent: (event: WorkerEvent) => void
  readonly closing: CloseOptions
  /** The key of session tickets, which all workers share. */
  readonly ticketKey: Uint8Array
}

const CLOSE_OPTIONS = ['readinessDelay', 'grace', 'deadline'] as const
const OPTIONS = ['count', 'args', 'execArgv', 'env', 'startTimeout', 'signals', 'onEvent'] as const
const MOST_WORKERS = 512
const ADVICE: Readonly<Record<string, string>> = {
  workers: 'it is "count"',
  instances: 'it is "count"',
  threads: 'give it to serve() in the app',
  trustProxy: 'give it to serve() in the app',
  proxyProtocol: 'give it to serve() in the app, or to a listener in "listen"',
  tls: 'give it to serve() in the app',
  timeout: 'it is "deadline" for closing, or "startTimeout"',
}

export function checkedWorkersOptions(app: unknown, given: WorkersOptions): CheckedWorkersOptions {
  if (process.platform === 'win32' || runtimeOfThreads() !== undefined) {
    const where = process.platform === 'win32' ? 'Windows' : (runtimeOfThreads() as string)
    const sentence = `workers() cannot hand sockets to processes on ${where}: start one process, or use the threads of serve().`
    throw coded(new Error(sentence), 'ERR_WORKERS_UNSUPPORTED')
  }
  const names = [...PLACE_OPTIONS, ...CLOSE_OPTIONS, ...OPTIONS] as const
  knownOptions(given, names, 'workers()', ADVICE)
  const { count = 'max', args = [], execArgv, env = {}, signals = true, onEvent = () => {} } = given
  const closing = { readinessDelay: given.readinessDelay, grace: given.grace, deadline: given.deadline }
  checkedCloseOptions(closing, 'workers()')
  checkedCloseOptions(withStandardTimes(closing), 'workers()')
  if (typeof count === 'string' && count !== 'max') throw wrongType('count', "a number or 'max'", count)
  for (const [name, list] of Object.entries({ args, execArgv: execArgv ?? [] })) {
    if (!Array.isArray(list) || !list.every((item) => typeof item === 'string')) {
      throw wrongType(name, 'a list of strings', list)
    }
    checkNoNul(name, list)
  }
  if (typeof env !== 'object' || env === null) throw wrongType('env', 'an object of strings', env)
  checkNoNul('env', Object.entries(env).flat())
  if (typeof signals !== 'boolean') throw wrongType('signals', 'a boolean', signals)
  if (typeof onEvent !== 'function') throw wrongType('onEvent', 'a function', onEvent)
  return {
    app: appFile(app),
    places: placesWithoutTls(given),
    count: wholeNumber('count', count === 'max' ? availableParallelism() : count, 1, 1, MOST_WORKERS),
    args,
    execArgv: execArgv ?? withoutOwn(process.execArgv),
    env,
    startTimeout: wholeNumber('startTimeout', given.startTimeout, 60_000, 1, 86_400_000),
    signals,
    onEvent,
    closing: withStandardTimes(closing),
    ticketKey: standardTicketKey(),
  }
}

/** Certificates are the workers' own: the supervisor only keeps the sockets. */
function placesWithoutTls(given: WorkersOptions): readonly Place[] {
  const places = checkedPlaces(Object.fromEntries(PLACE_OPTIONS.map((name) => [name, given[name]])))
  const secure = places.findIndex(({ tls }) => tls)
  if (secure < 0) return places
  throw wrongValue(`listen[${secure}].tls`, 'must be given to serve() in the app, not to workers()')
}

export function withStandardTimes(closing: CloseOptions): CloseOptions {
  const { readinessDelay = 0, grace = STANDARD_GRACE_MS, deadline = standardDeadline(readinessDelay) } = closing
  return { readinessDelay, grace, deadline }
}

/** The system takes no such text for a process. */
function checkNoNul(name: string, texts: readonly unknown[]): void {
  const wrong = texts.find((text) => typeof text === 'string' && text.includes('\0'))
  if (wrong !== undefined) throw wrongValue(name, `has text with a NUL character: ${describe(wrong)}`)
}

function appFile(app: unknown): string {
  const isUrl = app instanceof URL || (typeof app === 'string' && app.startsWith('file:'))
  if (!isUrl && typeof app !== 'string') {
    throw wrongArgument('workers(app)', "the app's file, as a path or a file: URL", app)
  }
  const path = isUrl ? fileURLToPath(app) : resolve(app as string)
  if (existsSync(path)) return path
  throw coded(new Error(`The app of workers() does not exist: ${describe(path)}.`), 'ERR_MODULE_NOT_FOUND')
}

const NOT_FOR_WORKERS = /^(?:-e|-p|-pe|--(?:eval|print)(?:=.*)?|--(?:inspect|debug-port|input-type|test|watch).*)$/s

/**
 * Without what only one process can have: the port of the inspector, and the program of `--eval`. What does not begin
 * with a dash is the value of the option before it.
 */
export function withoutOwn(execArgv: readonly string[]): string[] {
  let isKept = true
  return execArgv.filter((argument) => {
    if (argument.startsWith('-')) isKept = !NOT_FOR_WORKERS.test(argument.replaceAll('_', '-'))
    return isKept
  })
}
