// A client as they should be: asks on connections that it keeps, a little at a time, and notes how long each answer took.

import { setTimeout as pause } from 'node:timers/promises'
import { noteSecured } from '../over_tls/places.js'
import { get, noise, post } from '../server/messages.js'
import { connect, type RawClient } from '../server/raw_client.js'
import { answerOrders } from './orders.js'
import { percentile } from './percentile.js'

export interface HealthyPlan {
  readonly port: number
  readonly connections: number
  /** Between an answer and the next request. */
  readonly pauseMs: number
  /** Whether the server speaks TLS, with the certificate of the run. */
  readonly tls?: boolean
}

export interface HealthyReport {
  readonly requests: number
  readonly failures: number
  readonly firstFailure: string
  readonly p50Ms: number
  readonly p99Ms: number
  readonly longestMs: number
}

const posted = noise(2000)

let working: Promise<unknown> = Promise.resolve()
let stopped = false
let latencies: number[] = []
let failures: string[] = []

async function keepAsking({ port, pauseMs }: HealthyPlan): Promise<void> {
  while (!stopped) {
    try {
      const client = await connect({ port })
      while (!stopped) {
        await askBoth(client)
        await pause(pauseMs)
      }
      client.leave()
    } catch (error) {
      failures.push(String(error))
      await pause(100)
    }
  }
}

async function askBoth(client: RawClient): Promise<void> {
  const hello = await timed(() => client.send(get('/')).response())
  if (hello.status !== 200 || hello.text !== 'hello')
    throw new Error(`GET / was answered ${hello.status} ${hello.text}`)
  const echo = await timed(() => client.send(post('/', posted)).response())
  if (!echo.body.equals(posted)) throw new Error(`POST / was answered ${echo.status} and not as it was sent`)
}

async function timed<T>(what: () => Promise<T>): Promise<T> {
  const began = performance.now()
  const result = await what()
  latencies.push(performance.now() - began)
  return result
}

const orders = {
  start(plan: HealthyPlan): void {
    stopped = false
    if (plan.tls === true) noteSecured({ port: plan.port })
    working = Promise.all(Array.from({ length: plan.connections }, () => keepAsking(plan)))
  },
  /** What there was since the last report. */
  report(): HealthyReport {
    const times = latencies.sort((a, b) => a - b)
    const failed = failures
    latencies = []
    failures = []
    return {
      requests: times.length,
      failures: failed.length,
      firstFailure: failed[0] ?? '',
      p50Ms: percentile(times, 50),
      p99Ms: percentile(times, 99),
      longestMs: times.at(-1) ?? 0,
    }
  },
  async stop(): Promise<void> {
    stopped = true
    await working
  },
}

export type HealthyOrders = typeof orders

answerOrders(orders)
