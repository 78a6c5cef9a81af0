// Where brink/node may differ from node:http, how far, and why. docs/frameworks.md tells users of those that they could see.

export interface Difference {
  /** Chapter and name of the rows. */
  readonly rows: RegExp
  /**
   * `order`: the events of each object are the same, between objects their order is not. `events`: clients see the
   * same. `bytes`: they do not, but the exchange ends.
   */
  readonly extent: 'order' | 'events' | 'bytes'
  readonly why: string
}

export const differences: readonly Difference[] = [
  {
    rows: /^bodies: chunks read by a pipe/,
    extent: 'bytes',
    why: 'Chunks of a request that arrive together are one piece of its body: chunks carry no meaning (RFC 9112, 7.1).',
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

export function differenceOf(row: string): Difference | undefined {
  return differences.find(({ rows }) => rows.test(row))
}
