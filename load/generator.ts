// What a load generator is asked for, and what it tells. Each is a file of its own; generators.ts has the best one here.

import { get, type Request } from './request.js'

export interface Load {
  /** Where to; and what for, unless requests say so. */
  url: string
  connections: number
  /** Whole seconds. */
  seconds: number
  /** Requests that each connection has on the way at once; one at a time without it. */
  pipelining?: number
  /** Sent in turn. */
  requests?: readonly Request[]
  /** The configuration of OpenSSL, a file, where the URL has https. */
  openssl?: string
}

/** What the generator saw. */
export interface Outcome {
  requests: number
  requestsPerSecond: number
  p50Ms: number
  p99Ms: number
  /** Connections that failed, timeouts, and answers that are not 2xx. */
  errors: number
}

export interface Generator {
  name: string
  /** Whether it is quick enough for servers that are quick. */
  saturates: boolean
  generate(load: Load): Promise<Outcome>
}

export function requestsOf({ url, requests }: Load): readonly Request[] {
  const { pathname, search } = new URL(url)
  return requests ?? [get(pathname + search)]
}
