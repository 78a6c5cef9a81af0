// A process of one's own that does what it is told: the program says what it can do, whoever has started it orders it.
//
//   answerOrders({ start: async (port: number) => … })            in the program
//   const worker = startWorker<{ start(port: number): void }>('slow/crowd_program')
//   await worker.order('start', 8080)

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { within } from '../server/waiting.js'

type Orders = Record<string, (value: never) => unknown>

interface Order {
  readonly number: number
  readonly name: string
  readonly value: unknown
}

interface Report {
  readonly number: number
  readonly result?: unknown
  readonly error?: string
}

/** For the program: what it can be ordered. It ends with whoever has started it. */
export function answerOrders(orders: Orders): void {
  process.on('disconnect', () => process.exit())
  process.on('message', async ({ number, name, value }: Order) => {
    const report = (rest: Omit<Report, 'number'>) => process.send?.({ number, ...rest })
    try {
      report({ result: await orders[name]?.(value as never) })
    } catch (error) {
      report({ error: String((error as Error).stack) })
    }
  })
}

export interface Worker<Does extends Orders> {
  readonly pid: number
  order<Name extends keyof Does & string>(
    name: Name,
    ...value: Parameters<Does[Name]>
  ): Promise<Awaited<ReturnType<Does[Name]>>>
  /** Ends it, as `kill -9` does. */
  kill(): Promise<void>
}

const MOST_ORDER_MS = 180_000
/** glibc's malloc gives back what is freed, so that the memory of a process is what it holds; by default it keeps tens of MiB. */
const GIVING_BACK = { MALLOC_MMAP_THRESHOLD_: '32768', MALLOC_TRIM_THRESHOLD_: '131072' }

/** Runs a program of the tests, named by its path below `test/`. */
export function startWorker<Does extends Orders>(program: string): Worker<Does> {
  const file = fileURLToPath(new URL(`../${program}.js`, import.meta.url))
  const child = fork(file, [], {
    execArgv: ['--expose-gc'],
    env: { ...process.env, ...GIVING_BACK },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit')
  let orders = 0
  return {
    pid: child.pid as number,
    order: async (name, ...[value]) => {
      orders += 1
      const report = within(reportOf(child, orders), `a worker to ${name}`, MOST_ORDER_MS)
      child.send({ number: orders, name, value })
      return (await report) as never
    },
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

function reportOf(child: ChildProcess, number: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      child.off('message', look)
      child.off('exit', tellEnd)
    }
    const look = (report: Report) => {
      if (report.number !== number) return
      stop()
      if (report.error === undefined) resolve(report.result)
      else reject(new Error(report.error))
    }
    const tellEnd = (code: number | null, signal: string | null) => {
      stop()
      reject(new Error(`The worker has ended: ${signal ?? `exit code ${code}`}`))
    }
    child.on('message', look).on('exit', tellEnd)
  })
}
