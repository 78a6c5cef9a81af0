// How far brink/node may differ from node:http, row by row, and why. Every other difference is a failure.

/**
 * `order`: the events of each object are the same, between objects their order is not. `events`: clients see the same.
 * `bytes`: they do not, but the exchange ends. `hangs`: it does not.
 */
export type Extent = (typeof EXTENTS)[number]
const EXTENTS = ['order', 'events', 'bytes', 'hangs'] as const

interface Difference {
  /** Chapter and name of the rows. */
  readonly rows: RegExp
  readonly extent: Extent
  readonly why: string
}

const DIFFERENCES: readonly Difference[] = [
  {
    rows: /^bodies: chunks read by a pipe/,
    extent: 'bytes',
    why: 'Chunks of a request that arrive together are one piece of its body: chunks carry no meaning (RFC 9112, 7.1).',
  },
  {
    rows: /^(connections: (a request behind one|an answer) that closes|destroying: a second request behind one)/,
    extent: 'events',
    why: 'The handler may not see a request behind the end of its connection: nothing could be sent (RFC 9112, 9.6).',
  },
  {
    rows: /^aborts: a client that crashes in the middle of a head/,
    extent: 'events',
    why: 'Node tells a reset within a head as an end. brink tells the reset.',
  },
  {
    rows: /^destroying: (a handler that throws$|an error of a listener of data)/,
    extent: 'events',
    why: "Node's parser stops where a listener throws, in the middle of a request. brink reads it to its end.",
  },
  {
    rows: /^destroying: socket.resetAndDestroy\(\) in the middle of an answer/,
    extent: 'bytes',
    why: 'brink resets at once, also within an answer.',
  },
  {
    rows: /^refusals: a bad request in the same segment as a good one/,
    extent: 'bytes',
    why: 'Node answers the first alone. brink answers each.',
  },
  {
    rows: /^refusals: too large a (head|target), which the app answers/,
    extent: 'events',
    why: 'rawPacket is what was read, which is bounded.',
  },
  {
    rows: /^upgrades: a request before an offer in one segment/,
    extent: 'order',
    why: "'upgrade' is told once the bytes behind the offer are known, up to two turns later.",
  },
  {
    rows: /^destroying: a handler that throws after its answer/,
    extent: 'bytes',
    why: 'Node leaves its parser in the middle of a request, and refuses the next one. brink answers it.',
  },
  {
    rows: /^refusals: (two hosts|no version)/,
    extent: 'bytes',
    why: 'brink refuses what two servers could read differently (RFC 9112, 3.2), and HTTP/0.9.',
  },
]

/** Before what is run next, in the output of a part. */
export const BEGINS = 'begins '

export function extentOf(row: string): Extent | undefined {
  return DIFFERENCES.find(({ rows }) => rows.test(row))?.extent
}

/** Whether a difference goes no further than is listed. */
export function isWithin(listed: Extent | undefined, found: Extent | undefined): boolean {
  const rank = (extent: Extent | undefined) => (extent === undefined ? -1 : EXTENTS.indexOf(extent))
  return rank(found) <= rank(listed)
}
