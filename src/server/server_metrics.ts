// The metrics of one server.
import { type NativeStats, native } from '../exchange/native.js'
import { counter, type Family, gauge, type Labels } from '../metrics/family.js'
import type { Overload } from './overload.js'
import { SHED, TIMEOUTS } from './stats.js'

export interface MeasuredServer {
  readonly backend: string
  readonly threads: number
  readonly ready: boolean
  /** Of each loop. */
  readonly loops: readonly NativeStats[]
  readonly overload: Overload | undefined
}

export function serverFamilies({ backend, threads, ready, loops, overload }: MeasuredServer): Family[] {
  const perLoop = (name: keyof NativeStats): [Labels, number][] =>
    loops.map((stats, place) => [{ loop: `${place}` }, stats[name] as number])
  return [
    gauge(
      { name: 'brink_server_info', help: 'The version of Node.js and the event loops.', of: 'worker', merge: 'max' },
      [[{ node: process.versions.node, backend, threads: `${threads}` }, 1]],
    ),
    gauge({ name: 'brink_server_ready', help: '1 until the server is told to close.', of: 'worker', merge: 'max' }, [
      [{}, ready ? 1 : 0],
    ]),
    counter(
      {
        name: 'brink_http_received_requests',
        help: 'Requests that were given to JavaScript or had a fixed answer.',
        of: 'worker',
      },
      perLoop('requests'),
    ),
    counter(
      { name: 'brink_http_refused_requests', help: 'Clients that were refused or cut off, by code.', of: 'app' },
      refusals(loops),
    ),
    ...shedFamilies(overload),
    gauge({ name: 'brink_connections_open', help: 'Connections that are open.', of: 'worker' }, perLoop('open')),
    counter({ name: 'brink_connections_accepted', help: 'Accepted connections.', of: 'worker' }, perLoop('accepted')),
    counter(
      { name: 'brink_connections_shed', help: 'Connections answered with 503 for lack of room.', of: 'worker' },
      perLoop('shed'),
    ),
    counter(
      {
        name: 'brink_connections_reset',
        help: 'Connections that failed, or that the client has broken.',
        of: 'worker',
      },
      perLoop('resets'),
    ),
    counter(
      { name: 'brink_connections_idle_closed', help: 'Connections closed after keepAliveTimeout.', of: 'worker' },
      perLoop('idleTimeouts'),
    ),
    counter({ name: 'brink_received_bytes', help: 'Bytes received.', unit: 'bytes', of: 'worker' }, perLoop('bytesIn')),
    counter({ name: 'brink_sent_bytes', help: 'Bytes sent.', unit: 'bytes', of: 'worker' }, perLoop('bytesOut')),
    counter(
      { name: 'brink_partial_writes', help: 'Writes that a socket did not take completely at once.', of: 'worker' },
      perLoop('partialWrites'),
    ),
    counter(
      { name: 'brink_batches', help: 'Calls into JavaScript that brought requests.', of: 'worker' },
      perLoop('batches'),
    ),
  ]
}

/** Every code, also those that have not occurred: a rate needs the zero before the first one. */
function refusals(loops: readonly NativeStats[]): [Labels, number][] {
  return native.refusals.flatMap(({ code }, number): [Labels, number][] => {
    // The first one is that nothing was refused.
    if (code === '') return []
    const kind = TIMEOUTS.has(code) ? 'timeout' : code === SHED ? 'shed' : 'refused'
    return [[{ code, kind }, loops.reduce((sum, { refusals }) => sum + (refusals[number] ?? 0), 0)]]
  })
}

function shedFamilies(overload: Overload | undefined): Family[] {
  if (overload === undefined) return []
  return [
    counter(
      {
        name: 'brink_http_shed_requests',
        help: 'Requests answered with 503 by maxInFlight or shedWhen.',
        of: 'worker',
      },
      Object.entries(overload.shed).map(([reason, count]) => [{ reason }, count]),
    ),
    gauge({ name: 'brink_http_requests_in_flight', help: 'Requests that wait for the app.', of: 'worker' }, [
      [{}, overload.pending],
    ]),
  ]
}
