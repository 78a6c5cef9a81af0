// Connections that wait in the kernel to be accepted, and those that found no room there. Linux only.
import { lateBuiltin } from '../runtime/late_builtin.js'
import { counter, type Family, gauge } from './family.js'

/** The state of a listening socket in /proc/net/tcp. */
const LISTENS = '0A'
/** There may be millions of connections behind the listening sockets. */
const MOST_BYTES = 256 * 1024

/** @param ports those on which the process listens */
export async function acceptQueueFamilies(ports: readonly number[]): Promise<Family[]> {
  if (process.platform !== 'linux') return []
  const [tcp, tcp6, netstat] = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6', '/proc/net/netstat'].map((path) => headOf(path)),
  )
  const waiting = waitingIn([tcp ?? '', tcp6 ?? ''])
  const counts = overflowsIn(netstat ?? '')
  const queues = [...new Set(ports)].filter((port) => waiting.has(port))
  return [
    gauge(
      {
        name: 'brink_accept_queue_connections',
        help: 'Connections that wait to be accepted, by port.',
        of: 'host',
      },
      queues.map((port) => [{ port: `${port}` }, waiting.get(port) as number]),
    ),
    counter(
      {
        name: 'brink_listen_overflows',
        help: 'Connections that found an accept queue of the network namespace full (ListenOverflows).',
        of: 'host',
      },
      counts.overflows === undefined ? [] : [[{}, counts.overflows]],
    ),
    counter(
      {
        name: 'brink_listen_drops',
        help: 'Connections that the network namespace has dropped before they were accepted (ListenDrops).',
        of: 'host',
      },
      counts.drops === undefined ? [] : [[{}, counts.drops]],
    ),
  ]
}

/** Listening sockets come first. */
async function headOf(path: string): Promise<string> {
  const chunks: Buffer[] = []
  try {
    const file = await lateBuiltin('node:fs/promises').open(path)
    try {
      for (let size = 0; size < MOST_BYTES; ) {
        const { bytesRead, buffer } = await file.read(Buffer.alloc(16_384), 0, 16_384, null)
        if (bytesRead === 0) break
        chunks.push(buffer.subarray(0, bytesRead))
        size += bytesRead
      }
    } finally {
      await file.close()
    }
  } catch {
    // A system, or a sandbox, without it.
  }
  return Buffer.concat(chunks).toString('latin1')
}

/** By port; sockets that share one are added up. */
export function waitingIn(tables: readonly string[]): Map<number, number> {
  const waiting = new Map<number, number>()
  for (const line of tables.join('\n').split('\n')) {
    const found = /^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) \S+ ([0-9A-F]{2}) [0-9A-F]{8}:([0-9A-F]{8}) /.exec(line)
    const [, port = '', state, queue = ''] = found ?? []
    if (state !== LISTENS) continue
    const number = Number.parseInt(port, 16)
    waiting.set(number, (waiting.get(number) ?? 0) + Number.parseInt(queue, 16))
  }
  return waiting
}

/** A line of names is followed by one of values. */
export function overflowsIn(netstat: string): { readonly overflows?: number; readonly drops?: number } {
  const [names = '', values = ''] = netstat.split('\n').filter((line) => line.startsWith('TcpExt: '))
  const columns = values.split(' ')
  const countOf = (name: string): number | undefined => {
    const column = names.split(' ').indexOf(name)
    const value = column === -1 ? Number.NaN : Number(columns[column])
    return Number.isSafeInteger(value) ? value : undefined
  }
  const [overflows, drops] = [countOf('ListenOverflows'), countOf('ListenDrops')]
  return { ...(overflows === undefined ? {} : { overflows }), ...(drops === undefined ? {} : { drops }) }
}
