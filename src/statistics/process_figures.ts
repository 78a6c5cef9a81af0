// What the process of a target takes of its machine: CPU time by thread, of the machine and its hypervisor, connections
// that found no room. What a system does not tell is left out.
import { isMainThread } from 'node:worker_threads'
import { overflowsIn } from '../metrics/accept_queue.js'
import { lateBuiltin } from '../runtime/late_builtin.js'
import { timers } from '../runtime/timers.js'

/** CPU times in seconds, since some time in the past. */
export interface ProcessFigures {
  /** Milliseconds of a monotonic clock. */
  readonly at: number
  readonly cpu: { readonly user: number; readonly system: number }
  /** The thread of JavaScript first, where it is known. Empty where the system does not tell. */
  readonly threads: readonly ThreadFigures[]
  /** Seconds in which the event loop of JavaScript has worked. */
  readonly active: number
  /** Of all processors together; undefined where the system does not tell. */
  readonly machine: MachineFigures | undefined
  /** Seconds that the process group has had to wait for its share of the processors. */
  readonly throttled: number
  /** Connections that found an accept queue of the network namespace full. */
  readonly overflows: number
}

export interface ThreadFigures {
  readonly id: number
  readonly name: string
  readonly cpu: number
}

export interface MachineFigures {
  readonly busy: number
  /** What the hypervisor gave to others. */
  readonly stolen: number
  readonly total: number
}

const MICRO = 1e-6
/** Linux tells CPU times of threads in these. */
const TICKS = 100

export function processFigures(): ProcessFigures {
  const { user, system } = process.cpuUsage()
  return {
    at: timers.now(),
    cpu: { user: user * MICRO, system: system * MICRO },
    threads: threadFigures(),
    active: (performance.eventLoopUtilization?.().active ?? 0) / 1000,
    machine: machineIn(textOf('/proc/stat')),
    throttled: throttledIn(textOf('/sys/fs/cgroup/cpu.stat')),
    overflows: overflowsIn(textOf('/proc/net/netstat')).overflows ?? 0,
  }
}

/** How many processors the process may use. */
export function processors(): number {
  const os = lateBuiltin('node:os')
  return os.availableParallelism?.() ?? os.cpus().length
}

function threadFigures(): ThreadFigures[] {
  if (process.platform !== 'linux') return []
  let ids: string[] = []
  try {
    ids = lateBuiltin('node:fs').readdirSync('/proc/self/task')
  } catch {
    // A sandbox without it.
  }
  return ids.flatMap((id) => threadIn(textOf(`/proc/self/task/${id}/stat`)) ?? [])
}

/** The main thread has the number of the process. In a worker nobody knows which one it is. */
export function isThreadOfJavaScript({ id }: ThreadFigures): boolean {
  return isMainThread && id === process.pid
}

/** A line of /proc/PID/task/TID/stat. The name is in brackets, and may have any in it. */
export function threadIn(stat: string): ThreadFigures | undefined {
  const opened = stat.indexOf('(')
  const closed = stat.lastIndexOf(')')
  if (opened === -1 || closed < opened) return undefined
  const fields = stat.slice(closed + 2).split(' ')
  const [user, system] = [fields[11], fields[12]].map(Number)
  const cpu = ((user as number) + (system as number)) / TICKS
  return Number.isFinite(cpu) ? { id: Number.parseInt(stat, 10), name: stat.slice(opened + 1, closed), cpu } : undefined
}

/** The first line of /proc/stat. */
export function machineIn(stat: string): MachineFigures | undefined {
  const times = /^cpu +([\d ]+)/.exec(stat)?.[1]?.split(' ').map(Number)
  if (times === undefined || times.length < 4) return undefined
  const [user = 0, nice = 0, system = 0, idle = 0, waiting = 0, interrupts = 0, softInterrupts = 0, stolen = 0] = times
  const busy = (user + nice + system + interrupts + softInterrupts) / TICKS
  return { busy, stolen: stolen / TICKS, total: busy + (idle + waiting + stolen) / TICKS }
}

export function throttledIn(stat: string): number {
  return Number(/^throttled_usec (\d+)/m.exec(stat)?.[1] ?? 0) * MICRO
}

/** Files of /proc are made when they are read, and take no disk. */
function textOf(path: string): string {
  if (process.platform !== 'linux') return ''
  try {
    return lateBuiltin('node:fs').readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
