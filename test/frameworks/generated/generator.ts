// Exchanges made by chance from a seed: apps that do what apps do, in all orders, and clients that send in all ways.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { Random } from '../../peers/random.js'
import { turn } from '../../server/waiting.js'
import { chunked, type Exchange, type Handler, request, type Script } from '../twins/exchange.js'
import type { Log } from '../twins/log.js'
import { nameOf } from '../twins/log.js'

type Step = (req: IncomingMessage, res: ServerResponse, log: Log) => unknown

const METHODS = ['GET', 'GET', 'GET', 'HEAD', 'POST', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']
const TARGETS = ['/', '/a', '/a/b?c=d', '/%20', '/?', '/x//y', `/${'l'.repeat(300)}`]
const FIELDS = [
  'X-A: 1',
  'x-a: 2',
  'Cookie: a=1',
  'Cookie: b=2',
  'Accept: */*',
  'X-Empty:',
  'X-L: \xe4',
  'User-Agent: twin',
]
const STATUSES = [200, 200, 200, 201, 204, 304, 404, 500, 299]
const NAMES = ['X-R', 'x-s', 'Content-Type', 'ETag', 'Set-Cookie', 'Cache-Control']
const VALUES = ['1', 'text/plain', ['a=1', 'b=2'], 3, '', '\xe4']

export function makeExchange(seed: number): Exchange {
  const chance = new Random(seed)
  const requests = Array.from({ length: chance.whole(1, 4) }, () => requestOf(chance))
  const programs = requests.map(() => programOf(chance))
  let next = 0
  const handler: Handler = (req, res, log) => {
    const own = programs[Number(/\bn=(\d+)/.exec(req.headers['x-number'] as string)?.[1] ?? next++)] ?? []
    return follow(own, req, res, log)
  }
  const bytes = requests.map((text, index) => text.replace('\r\n', `\r\nX-Number: n=${index}\r\n`))
  return { name: `seed ${seed}`, handler, client: scriptOf(chance, bytes), interleaved: true }
}

function requestOf(chance: Random): string {
  const method = chance.one(METHODS)
  const fields = FIELDS.filter(() => chance.chance(0.25))
  if (method !== 'POST' && method !== 'PUT' && method !== 'PATCH')
    return request(method, chance.one(TARGETS), '', ...fields)
  const body = 'b'.repeat(chance.one([0, 1, 10, 1000, 40_000]))
  if (chance.chance(0.6)) return request(method, chance.one(TARGETS), body, ...fields)
  const pieces =
    body === '' ? [] : [body.slice(0, body.length / 2), body.slice(body.length / 2)].filter((piece) => piece !== '')
  return chunked(pieces, chance.chance(0.3) ? ['X-T: 1'] : [], ...fields).replace(
    /^POST \//,
    `${method} ${chance.one(TARGETS)}`,
  )
}

/** In one segment, in pieces, or one after the other. */
function scriptOf(chance: Random, requests: readonly string[]): Script {
  const way = chance.one(['together', 'in pieces', 'one by one'] as const)
  const methods = requests.map((text) => /^\w+/.exec(text)?.[0] ?? 'GET')
  const all = requests.join('')
  const cuts = [chance.whole(1, all.length), chance.whole(1, all.length)].sort((one, other) => one - other)
  const end = chance.one(['probe', 'probe', 'leave', 'half-close', 'crash'] as const)
  return async ({ client }) => {
    if (way === 'together') client.send(all)
    if (way === 'in pieces') {
      for (const piece of [all.slice(0, cuts[0]), all.slice(cuts[0], cuts[1]), all.slice(cuts[1])]) {
        if (piece !== '') client.send(piece)
        await turn()
        await turn()
      }
    }
    for (const [index, method] of methods.entries()) {
      if (way === 'one by one') client.send(requests[index] as string)
      await client.answer(method)
    }
    if (end === 'leave') await client.leave()
    if (end === 'crash') await client.crash()
    if (end === 'half-close') await client.finish().ended()
  }
}

/** What the app does with one request: it reads or not, waits or not, and answers once. */
function programOf(chance: Random): Step[] {
  const steps: Step[] = []
  const reading = chance.one([readAll, readAwaiting, resume, ignore, ignore])
  if (chance.chance(0.7)) steps.push(reading)
  if (chance.chance(0.4)) steps.push(() => turn())
  for (let fields = chance.whole(0, 3); fields > 0; fields--) {
    const [name, value] = [chance.one(NAMES), chance.one(VALUES)]
    steps.push((_req, res, log) => log.attempt('setHeader', () => res.setHeader(name, value) === res))
  }
  const status = chance.one(STATUSES)
  if (chance.chance(0.3)) steps.push((_req, res) => Object.assign(res, { statusCode: status }))
  steps.push(...answerOf(chance, status))
  return steps
}

function answerOf(chance: Random, status: number): Step[] {
  const text = chance.one(['', 'x', 'h€llo', 't'.repeat(5000), 'z'.repeat(70_000)])
  const body = chance.chance(0.3) ? Buffer.from(text) : text
  const waits: Step[] = chance.chance(0.4) ? [() => turn()] : []
  const head: Step = (_req, res, log) => log.attempt('writeHead', () => res.writeHead(status, { 'X-W': '1' }) === res)
  const write: Step = (_req, res, log) => log.attempt('write', () => typeof res.write(body))
  const end: Step = (_req, res, log) => log.attempt('end', () => res.end(() => log.note('ended')) === res)
  const endWith: Step = (_req, res, log) => log.attempt('end', () => res.end(body) === res)
  const pipe: Step = (_req, res) => Readable.from([Buffer.from('p'), Buffer.from(text || 'q')]).pipe(res)
  const trailers: Step = (_req, res, log) => log.attempt('addTrailers', () => res.addTrailers({ 'X-T': '1' }))
  const flush: Step = (_req, res) => res.flushHeaders()
  return chance.one([
    [endWith],
    [endWith],
    [head, endWith],
    [head, ...waits, endWith],
    [write, ...waits, end],
    [write, ...waits, write, ...waits, endWith],
    [head, write, trailers, end],
    [flush, ...waits, endWith],
    [write, trailers, ...waits, end],
    [...waits, pipe],
    [end],
  ])
}

async function follow(steps: readonly Step[], req: IncomingMessage, res: ServerResponse, log: Log): Promise<void> {
  const name = `app${/n=(\d+)/.exec(String(req.headers['x-number']))?.[1]}`
  const own = {
    note: (line: string) => log.note(`${name} ${line}`),
    attempt: (what: string, run: () => unknown) => {
      try {
        own.note(`${what}: ${run()}`)
      } catch (error) {
        own.note(`${what} throws: ${nameOf(error)}`)
      }
    },
  } as Log
  for (const step of steps) await step(req, res, own)
}

async function readAll(req: IncomingMessage, _res: ServerResponse, log: Log): Promise<void> {
  let size = 0
  req.on('data', (data: Buffer) => {
    size += data.length
  })
  await new Promise((resolve) => req.on('end', resolve))
  log.note(`read ${size}, trailers ${req.rawTrailers}`)
}

async function readAwaiting(req: IncomingMessage, _res: ServerResponse, log: Log): Promise<void> {
  let size = 0
  for await (const piece of req) size += (piece as Buffer).length
  log.note(`awaited ${size}`)
}

function resume(req: IncomingMessage): void {
  req.resume()
}

function ignore(): void {}
