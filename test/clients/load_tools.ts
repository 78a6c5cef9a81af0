// Load tools, whose reports are held against what the target tells of itself: to the request, or the difference is what
// was under way when the tool stopped.
import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import autocannon from 'autocannon'
import { type StatisticsSnapshot, target } from 'brink/target'
import * as assert from 'uvu/assert'
import { within } from '../server/waiting.js'
import type { Suite } from './suite.js'

const run = promisify(execFile)
const FAULTS = 'status=503:5%; cut=body:4%; reset=before-head:2%'

/** What a tool reports, as far as it does. */
interface Report {
  readonly requests: number
  /** By class of status, such as `2xx`. */
  readonly statuses?: Readonly<Record<string, number>>
  readonly bytes?: number
  readonly connections?: number
  /** Requests without a whole answer. */
  readonly errors?: number
  /** How many may have been under way when it stopped, because it stopped by the clock. */
  readonly underWay?: number
  /** Its bytes are rounded. */
  readonly isRounded?: boolean
}

interface Case {
  readonly what: string
  readonly tool?: string
  ask(url: string, run: string): Promise<Report>
}

const CASES: readonly Case[] = [
  { what: 'ab -k', tool: 'ab', ask: (url, id) => ab(url, id, ['-k']) },
  { what: 'ab, a connection for each request', tool: 'ab', ask: (url, id) => ab(url, id, []) },
  { what: 'h2load --h1', tool: 'h2load', ask: h2load },
  { what: 'hey', tool: 'hey', ask: (url, id) => hey(url, id, []) },
  { what: 'hey -disable-keepalive', tool: 'hey', ask: (url, id) => hey(url, id, ['-disable-keepalive']) },
  { what: 'hey, of which 5 % get 503', tool: 'hey', ask: (url, id) => hey(url, id, ['-H', 'x-fault: status=503:5%']) },
  { what: 'wrk', tool: 'wrk', ask: (url, id) => wrk(url, id, []) },
  { what: 'wrk, Connection: close', tool: 'wrk', ask: (url, id) => wrk(url, id, ['-H', 'connection: close']) },
  { what: 'autocannon -a', ask: (url, id) => shoot(url, id, { amount: 400 }) },
  { what: 'autocannon -a -p 16', ask: (url, id) => shoot(url, id, { amount: 1600, pipelining: 16 }) },
  { what: 'autocannon -d', ask: (url, id) => shoot(url, id, { duration: 1 }) },
  { what: 'loops of node:http', ask: (url, id) => userLoops(url, id, undefined) },
  { what: 'loops of node:http, with 503s, cuts and resets', ask: (url, id) => userLoops(url, id, FAULTS) },
]

const CONNECTIONS = 4

export const loadTools: Suite = {
  name: 'load tools',
  run: async ({ name, backend, threads }, check, { full }) => {
    // What is counted is the same for all backends.
    if (!full && !name.startsWith('epoll ')) return
    const t = await target({ host: '127.0.0.1', backend, threads, seed: 1 })
    try {
      for (const [place, { what, tool, ask }] of CASES.entries()) {
        if (tool !== undefined && !isThere(tool)) {
          if (process.env.CI === 'true') await check(what, () => Promise.reject(new Error(`${tool} is not installed`)))
          continue
        }
        await check(what, async () => {
          const id = `run-${place}`
          t.reset()
          const report = await ask(`${t.url}/plaintext`, id)
          await within(settled(t.stats.bind(t)), 'the connections to end')
          const whole = t.stats()
          assert.is(whole.requests, t.stats(id).requests, 'all requests are those of the run')
          return reconciled(report, t.stats(id), whole)
        })
      }
    } finally {
      await t.close({ force: 0 })
    }
  },
}

/** When the target has heard that the tool is gone. */
async function settled(stats: () => StatisticsSnapshot): Promise<void> {
  for (let now = stats(); now.connections.open > 0 || now.inFlight > 0; now = stats()) await pause(20)
}

function reconciled(report: Report, ofRun: StatisticsSnapshot, whole: StatisticsSnapshot): string {
  const { underWay = 0 } = report
  const difference = ofRun.requests - report.requests
  assert.ok(
    difference >= 0 && difference <= underWay,
    `${report.requests} requests by the tool, ${ofRun.requests} by the target, of which ${underWay} may be under way`,
  )
  assert.is(sum(ofRun.answers) + sum(ofRun.brokenAnswers) + unanswered(ofRun), ofRun.requests, 'each has an end')
  for (const [name, count] of Object.entries(report.statuses ?? {})) {
    const counted = sum(ofRun.answers, name)
    assert.ok(
      counted >= count && counted - count <= underWay,
      `${name}: ${count} by the tool, ${counted} by the target`,
    )
  }
  if (report.errors !== undefined) {
    assert.is(ofRun.requests - sum(ofRun.answers), report.errors, 'errors of the tool')
  }
  if (report.bytes !== undefined && report.isRounded) {
    assert.ok(
      Math.abs(ofRun.bytesOut - report.bytes) <= 0.02 * ofRun.bytesOut,
      `${report.bytes} and ${ofRun.bytesOut} bytes`,
    )
  } else if (report.bytes !== undefined && difference === 0) {
    assert.is(ofRun.bytesOut, report.bytes, 'bytes')
  }
  // ab makes one at times that it does not use.
  const { accepted, withoutRequests } = whole.connections
  if (report.connections !== undefined) assert.is(accepted - withoutRequests, report.connections, 'connections')
  const bytes = report.bytes === undefined ? '' : `, ${report.bytes} and ${ofRun.bytesOut} bytes`
  const connections = report.connections === undefined ? '' : `, ${report.connections} connections`
  const errors = report.errors === undefined ? '' : `, ${report.errors} errors`
  const rest = difference === 0 ? '' : `, ${difference} under way at the end`
  return `${report.requests} and ${ofRun.requests} requests${bytes}${connections}${errors}${rest}`
}

/** Requests of which no status is known. */
function unanswered({ answers, brokenAnswers, requests }: StatisticsSnapshot): number {
  return requests - sum(answers) - sum(brokenAnswers)
}

function sum(counts: Readonly<Record<string, number>>, statusClass = ''): number {
  const wanted = Object.entries(counts).filter(([name]) => statusClass === '' || name[0] === statusClass[0])
  return wanted.reduce((total, [, count]) => total + count, 0)
}

function isThere(tool: string): boolean {
  return spawnSync(tool, ['--version'], { stdio: 'ignore' }).error === undefined
}

/** The number behind a label in what a tool prints. */
function numberAfter(text: string, label: RegExp): number {
  const found = new RegExp(`${label.source}\\s*([\\d.]+)`, 'm').exec(text)
  assert.ok(found, `${label} in: ${text}`)
  return Number(found[1])
}

async function ab(url: string, id: string, options: readonly string[]): Promise<Report> {
  const amount = 300
  const { stdout } = await run('ab', [
    '-q',
    '-n',
    `${amount}`,
    '-c',
    `${CONNECTIONS}`,
    '-H',
    `x-run-id: ${id}`,
    ...options,
    url,
  ])
  assert.is(numberAfter(stdout, /^Failed requests:/), 0)
  return {
    requests: numberAfter(stdout, /^Complete requests:/),
    statuses: { '2xx': amount },
    bytes: numberAfter(stdout, /^Total transferred:/),
    connections: options.includes('-k') ? CONNECTIONS : amount,
  }
}

async function h2load(url: string, id: string): Promise<Report> {
  const { stdout } = await run('h2load', ['--h1', '-n', '400', '-c', `${CONNECTIONS}`, '-H', `x-run-id: ${id}`, url])
  const statuses = /^status codes: (\d+) 2xx/m.exec(stdout)
  return {
    requests: Number(/, (\d+) done,/.exec(stdout)?.[1]),
    statuses: { '2xx': Number(statuses?.[1]) },
    bytes: Number(/^traffic: \S+ \((\d+)\) total/m.exec(stdout)?.[1]),
    connections: CONNECTIONS,
  }
}

async function hey(url: string, id: string, options: readonly string[]): Promise<Report> {
  const { stdout } = await run('hey', ['-n', '400', '-c', `${CONNECTIONS}`, '-H', `x-run-id: ${id}`, ...options, url])
  const statuses: Record<string, number> = {}
  for (const [, status = '', count] of stdout.matchAll(/^ {2}\[(\d+)\]\t(\d+) responses/gm)) {
    statuses[`${status[0]}xx`] = Number(count)
  }
  const requests = Object.values(statuses).reduce((total, count) => total + count, 0)
  // With keep-alive, Go may make more than it needs, and use them.
  const closes = options.includes('-disable-keepalive')
  return { requests, statuses, errors: 0, ...(closes ? { connections: requests } : {}) }
}

async function wrk(url: string, id: string, options: readonly string[]): Promise<Report> {
  const { stdout } = await run('wrk', ['-t1', `-c${CONNECTIONS}`, '-d1', '-H', `x-run-id: ${id}`, ...options, url])
  const [, requests, amount, unit = ''] = /(\d+) requests in \S+, ([\d.]+)([KM]?)B read/.exec(stdout) ?? []
  const scale = unit === 'M' ? 1024 ** 2 : unit === 'K' ? 1024 : 1
  return { requests: Number(requests), bytes: Number(amount) * scale, isRounded: true, underWay: CONNECTIONS }
}

async function shoot(url: string, id: string, options: Partial<autocannon.Options>): Promise<Report> {
  const { pipelining = 1 } = options
  const result = await autocannon({ url, connections: CONNECTIONS, headers: { 'x-run-id': id }, ...options })
  // With pipelining it stops before it has heard the last answers.
  const isCounted = options.amount !== undefined && pipelining === 1
  return {
    requests: result['2xx'] + result.non2xx,
    statuses: { '2xx': result['2xx'] },
    ...(isCounted ? { connections: CONNECTIONS } : {}),
    underWay: isCounted ? 0 : CONNECTIONS * pipelining,
  }
}

/** As k6 does: each of some users asks again and again, and counts what it gets. */
async function userLoops(url: string, id: string, faults: string | undefined): Promise<Report> {
  const each = 100
  const statuses: Record<string, number> = {}
  let errors = 0
  const connections = new Set<Socket>()
  let bytes = 0
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const headers = { 'x-run-id': id, ...(faults === undefined ? {} : { 'x-fault': faults }) }
  const ask = (): Promise<number> =>
    new Promise((resolve, reject) => {
      const request = get(url, { agent, headers }, (response) => {
        response.on('error', reject).on('end', () => resolve(response.statusCode as number))
        response.resume()
      })
      request.on('error', reject).on('socket', (socket) => {
        if (connections.has(socket)) return
        connections.add(socket)
        socket.on('close', () => {
          bytes += socket.bytesRead
        })
      })
    })
  const user = async (): Promise<void> => {
    for (let request = 0; request < each; request += 1) {
      try {
        const name = `${Math.floor((await ask()) / 100)}xx`
        statuses[name] = (statuses[name] ?? 0) + 1
      } catch {
        errors += 1
      }
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, user))
  const left = Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? [])
  const closed = left.map((socket) => once(socket, 'close'))
  agent.destroy()
  await Promise.all(closed)
  // What a reset has overtaken was sent, and has not come.
  const isExact = faults === undefined
  return { requests: CONNECTIONS * each, statuses, errors, connections: connections.size, ...(isExact ? { bytes } : {}) }
}
