// Clients of a crowd: each keeps a connection for some requests, or leaves in the middle; and what the process has before
// and after them.

import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { Random } from '../../peers/random.js'
import { turn, until } from '../../server/waiting.js'
import { BEGINS } from '../differences.js'

const AT_ONCE = 32
const PER_CONNECTION = 8
/** What caches and pools may take once, whatever the number of requests. */
const MOST_GROWTH = 8 * 1024 * 1024
const SETTLING_MS = 20_000

/** Bytes of one request with a number in it, and how its answer is known to be its own. */
export interface Kind {
  readonly request: (number: number) => string
  /** How many of a hundred clients leave in the middle. */
  readonly leaving?: number
}

/** A server that answers each request with its number in the field `X-Number`. */
export interface Crowded {
  readonly port: number
  /** Whether no connection is left. */
  isIdle(): boolean | Promise<boolean>
  /** What it has to complain of after all. */
  complaints(): string[]
  close(): Promise<unknown>
}

const BODY = 'b'.repeat(3000)

/** A request, with a body if its method has one. */
export function request(method: 'GET' | 'POST', path: string, isChunked = false): Kind['request'] {
  const sized = `Content-Length: ${BODY.length}\r\n\r\n${BODY}`
  const chunked = `Transfer-Encoding: chunked\r\n\r\nbb8\r\n${BODY}\r\n0\r\n\r\n`
  const rest = method === 'GET' ? '\r\n' : isChunked ? chunked : sized
  return (number) => `${method} ${path} HTTP/1.1\r\nHost: x\r\nX-Number: ${number}\r\n${rest}`
}

/** Sends a crowd of each kind to a server of its own, tells what was found, and ends the process. */
export async function runCrowds(
  kinds: Readonly<Record<string, Kind>>,
  count: number,
  open: (kind: Kind) => Promise<Crowded>,
): Promise<never> {
  let passed = 0
  let failed = 0
  for (const [name, kind] of Object.entries(kinds)) {
    console.log(BEGINS + name)
    const complaints = await crowd(kind, count, await open(kind))
    if (complaints.length === 0) passed += 1
    else {
      failed += 1
      console.log(`FAIL ${name}: ${complaints.join('; ')}`)
    }
  }
  console.log(`${passed} passed, ${failed} failed`)
  process.exit(failed > 0 ? 1 : 0)
}

async function crowd(kind: Kind, count: number, server: Crowded): Promise<string[]> {
  const complaints: string[] = []
  await ask(server, kind, count / 4, 1, complaints)
  const before = await resources(server)
  await ask(server, kind, count, 2, complaints)
  let after = await resources(server)
  // Timers of connections that ended may hold some for seconds. A leak stays.
  const end = performance.now() + SETTLING_MS
  while (after.memory - before.memory > MOST_GROWTH && performance.now() < end) after = await resources(server)
  const growth = after.memory - before.memory
  if (growth > MOST_GROWTH) complaints.push(`${Math.round(growth / 1024)} KiB more after ${count} requests`)
  if (after.descriptors > before.descriptors)
    complaints.push(`${after.descriptors - before.descriptors} descriptors more`)
  complaints.push(...server.complaints())
  await server.close()
  return complaints
}

async function ask(server: Crowded, kind: Kind, many: number, seed: number, complaints: string[]): Promise<void> {
  const chance = new Random(seed)
  let left = many
  const work = async () => {
    while (left > 0) {
      left -= PER_CONNECTION
      const complaint = await converse(server.port, kind, chance)
      if (complaint !== undefined && complaints.length < 3) complaints.push(complaint)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  await until(() => server.isIdle(), 'no connection is left')
}

let lastNumber = 0

/** A connection's requests in one segment; all answers are awaited, or it leaves before. */
async function converse(port: number, kind: Kind, chance: Random): Promise<string | undefined> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.setEncoding('latin1').on('error', () => {})
  await once(socket, 'connect')
  const numbers = Array.from({ length: PER_CONNECTION }, () => ++lastNumber)
  const bytes = numbers.map(kind.request).join('')
  if (chance.whole(1, 100) <= (kind.leaving ?? 0)) {
    socket.write(bytes.slice(0, chance.whole(1, bytes.length)))
    for (let turns = chance.whole(0, 6); turns > 0; turns--) await turn()
    if (chance.chance(0.5)) socket.resetAndDestroy()
    else socket.destroy()
    return undefined
  }
  socket.write(bytes)
  const answers = await answersOf(socket, numbers.length)
  socket.destroy()
  const wanted = numbers.join()
  return answers === wanted ? undefined : `asked ${wanted}, answered ${answers || 'nothing'}`
}

async function answersOf(socket: Socket, many: number): Promise<string> {
  let text = ''
  const found = () => [...text.matchAll(/^x-number: (\d+)/gim)].map(([, number]) => number)
  socket.on('data', (data) => {
    text += data
  })
  await until(() => found().length >= many || socket.destroyed || socket.readableEnded, 'the answers')
  return found().join()
}

async function resources(server: Crowded): Promise<{ memory: number; descriptors: number }> {
  await until(() => server.isIdle(), 'no connection is left')
  for (let turns = 0; turns < 5; turns++) {
    globalThis.gc?.()
    await turn()
  }
  const { heapUsed, external } = process.memoryUsage()
  const descriptors = process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0
  return { memory: heapUsed + external, descriptors }
}
