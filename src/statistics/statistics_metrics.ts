// The statistics of a target as metrics. They have only grown since the start, as Prometheus wants it.
import { METRICS_BATCH_SIZES } from '../exchange/layout.js'
import type { NativeStats } from '../exchange/native.js'
import { counter, type Family, gauge, histogram, type Labels } from '../metrics/family.js'
import { processFamilies } from '../metrics/process_metrics.js'
import { bucketed } from './hdr_counts.js'
import type { RunCounts } from './measured_counts.js'
import { endsOf } from './statistics_parts.js'

export interface TargetMetrics {
  readonly requests: number
  readonly counts: RunCounts
  readonly faults: Readonly<Record<string, number>>
  readonly loops: readonly NativeStats[]
  readonly batches: Float64Array
  readonly isBottleneck: boolean
}

const MICRO = 1e-6
const BOUNDS_US: readonly number[] = [1, 2, 3, 4, 5, 6].flatMap((power) =>
  [1, 2, 5].map((digit) => digit * 10 ** power),
)
const BATCH_BOUNDS = Array.from({ length: METRICS_BATCH_SIZES - 1 }, (_, power) => 2 ** power)
const CAUSES = ['client', 'reset', 'timeout', 'server']

export function targetFamilies({ requests, counts, faults, loops, batches, isBottleneck }: TargetMetrics): Family[] {
  const perLoop = (name: Exclude<keyof NativeStats, 'refusals' | 'drained'>): [Labels, number][] =>
    loops.map((stats, loop) => [{ loop: `${loop}` }, stats[name]])
  const answers = [
    ...[...counts.whole].map(([status, count]): [Labels, number] => [{ status: `${status}`, complete: 'true' }, count]),
    ...[...counts.broken].map(([status, count]): [Labels, number] => [
      { status: `${status}`, complete: 'false' },
      count,
    ]),
  ]
  return [
    counter({ name: 'brink_target_requests', help: 'Requests that have begun.', of: 'app' }, [[{}, requests]]),
    counter(
      { name: 'brink_target_request_ends', help: 'Requests that have ended, by what has ended them.', of: 'app' },
      Object.entries(endsOf(counts.ends)).map(([end, count]) => [{ end }, count]),
    ),
    counter({ name: 'brink_target_answers', help: 'Answers that have begun, by status.', of: 'app' }, answers),
    counter(
      { name: 'brink_target_faults', help: 'Faults that were drawn, by kind.', of: 'app' },
      Object.entries(faults).map(([kind, count]) => [{ kind }, count]),
    ),
    times('brink_target_service_time', 'From the last byte of a request to the last of its answer.', {
      counts: counts.serviceTimes,
      sumUs: counts.serviceSum,
    }),
    times('brink_target_client_wait', 'How much of it answers have waited for their clients.', {
      counts: counts.clientWaits,
      sumUs: counts.waitSum,
    }),
    counter({ name: 'brink_target_received_bytes', help: 'Bytes of requests.', unit: 'bytes', of: 'app' }, [
      [{}, counts.bytesIn],
    ]),
    counter({ name: 'brink_target_sent_bytes', help: 'Bytes of answers.', unit: 'bytes', of: 'app' }, [
      [{}, counts.bytesOut],
    ]),
    counter(
      { name: 'brink_target_closed_connections', help: 'Connections with requests that have ended.', of: 'app' },
      CAUSES.map((by, cause) => [{ by }, counts.closes[cause] ?? 0]),
    ),
    histogram(
      { name: 'brink_target_batch_requests', help: 'Requests that a call into JavaScript has brought.', of: 'app' },
      [
        {
          labels: {},
          bounds: BATCH_BOUNDS,
          counts: [...batches.subarray(0, METRICS_BATCH_SIZES)],
          sum: batches[METRICS_BATCH_SIZES] ?? 0,
        },
      ],
    ),
    counter({ name: 'brink_connections_accepted', help: 'Accepted connections.', of: 'worker' }, perLoop('accepted')),
    gauge({ name: 'brink_connections_open', help: 'Connections that are open.', of: 'worker' }, perLoop('open')),
    counter({ name: 'brink_receive_calls', help: 'Calls of recv.', of: 'worker' }, perLoop('receives')),
    counter(
      { name: 'brink_empty_receive_calls', help: 'Calls of recv that found nothing.', of: 'worker' },
      perLoop('emptyReceives'),
    ),
    counter({ name: 'brink_send_calls', help: 'Calls of sendmsg and sendfile.', of: 'worker' }, perLoop('sends')),
    counter(
      { name: 'brink_full_send_calls', help: 'Those of them that found no room.', of: 'worker' },
      perLoop('fullSends'),
    ),
    gauge(
      { name: 'brink_target_bottleneck', help: '1 when the target was the bottleneck since its reset.', of: 'app' },
      [[{}, isBottleneck ? 1 : 0]],
    ),
    ...processFamilies(),
  ]
}

function times(name: string, help: string, { counts, sumUs }: { counts: Float64Array; sumUs: number }): Family {
  const distribution = {
    labels: {},
    bounds: BOUNDS_US.map((bound) => bound / 1e6),
    counts: bucketed(counts, BOUNDS_US),
    sum: sumUs * MICRO,
  }
  return histogram({ name: `${name}_seconds`, help, unit: 'seconds', of: 'app' }, [distribution])
}
