// Metrics of this process, and of its event loop. Those of the process have the names that they have everywhere.
import { DELAY_BOUNDS_MS, loopDelay } from '../runtime/loop_delay.js'
import { timers } from '../runtime/timers.js'
import { counter, type Family, gauge, histogram } from './family.js'

const MICRO = 1e-6
const startedAt = timers.date() / 1000 - process.uptime()

/** What is there once for all servers of the process. The delay is measured while a server is counted. */
export function processFamilies(): Family[] {
  return [...loopFamilies(), ...usageFamilies()]
}

function usageFamilies(): Family[] {
  const { user, system } = process.cpuUsage()
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage()
  const bytes = (name: string, help: string, value: number): Family =>
    gauge({ name, help, unit: 'bytes', of: 'worker' }, [[{}, value]])
  return [
    counter(
      { name: 'process_cpu_seconds', help: 'CPU time of the process, user and system.', unit: 'seconds', of: 'worker' },
      [[{}, (user + system) * MICRO]],
    ),
    gauge(
      {
        name: 'process_start_time_seconds',
        help: 'When the process has started, in seconds since 1970.',
        unit: 'seconds',
        of: 'worker',
        merge: 'max',
      },
      [[{}, startedAt]],
    ),
    bytes('process_resident_memory_bytes', 'Memory of the process that is resident.', rss),
    bytes('nodejs_heap_size_total_bytes', 'Size of the JavaScript heap.', heapTotal),
    bytes('nodejs_heap_size_used_bytes', 'What is used of the JavaScript heap.', heapUsed),
    bytes('nodejs_external_memory_bytes', 'Memory outside of the JavaScript heap that objects hold.', external),
  ]
}

function loopFamilies(): Family[] {
  const { idle = 0, active = 0 } = performance.eventLoopUtilization?.() ?? {}
  const seconds = (name: string, help: string, ms: number): Family =>
    counter({ name, help, unit: 'seconds', of: 'worker' }, [[{}, ms / 1000]])
  return [
    histogram(
      {
        name: 'brink_event_loop_delay_seconds',
        help: 'How late the event loop of JavaScript was, looked at 20 times a second.',
        unit: 'seconds',
        of: 'worker',
      },
      [
        {
          labels: {},
          bounds: DELAY_BOUNDS_MS.map((bound) => bound / 1000),
          counts: loopDelay.counts,
          sum: loopDelay.sumMs / 1000,
        },
      ],
    ),
    seconds('brink_event_loop_active_seconds', 'Time in which the event loop of JavaScript has worked.', active),
    seconds('brink_event_loop_idle_seconds', 'Time in which the event loop of JavaScript has waited.', idle),
  ]
}
