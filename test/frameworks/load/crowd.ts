// Many clients at once, some of which leave in the middle: each answer must be its own client's, and afterwards nothing
// may be left. And leaks: so many requests of each kind, with memory and descriptors looked at before and after.
//
//   node --expose-gc dist/test/frameworks/load/crowd.js SUBJECT REQUESTS

import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { Random } from '../../peers/random.js'
import { turn, until } from '../../server/waiting.js'
import { BEGINS } from '../differences.js'
import { subject } from '../subjects.js'

const AT_ONCE = 32
const PER_CONNECTION = 8
/** What caches and pools may take once, whatever the number of requests. */
const MOST_GROWTH = 8 * 1024 * 1024
const SETTLING_MS = 20_000

const [subjectName = 'brink', requests = '4000'] = process.argv.slice(2)
const count = Number(requests)
const createServer = await subject(subjectName)

interface Counts {
  requests: number
  closedRequests: number
  closedResponses: number
}

/** Bytes of one request with a number in it, and how its answer is known to be its own. */
interface Kind {
  readonly request: (number: number) => string
  /** How many of a hundred clients leave in the middle. */
  readonly leaving?: number
}

const field = (number: number) => `Host: x\r\nX-Number: ${number}`
const body = 'b'.repeat(3000)
const KINDS: Record<string, Kind> = {
  hello: { request: (number) => `GET /hello HTTP/1.1\r\n${field(number)}\r\n\r\n` },
  'an answer in pieces': { request: (number) => `GET /pieces HTTP/1.1\r\n${field(number)}\r\n\r\n` },
  'a late answer': { request: (number) => `GET /late HTTP/1.1\r\n${field(number)}\r\n\r\n` },
  'an echo': {
    request: (number) => `POST /echo HTTP/1.1\r\n${field(number)}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  },
  'an echo of chunks': {
    request: (number) =>
      `POST /echo HTTP/1.1\r\n${field(number)}\r\nTransfer-Encoding: chunked\r\n\r\nbb8\r\n${body}\r\n0\r\n\r\n`,
  },
  'a body that is not read': {
    request: (number) => `POST /hello HTTP/1.1\r\n${field(number)}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  },
  'a pipe': {
    request: (number) => `POST /pipe HTTP/1.1\r\n${field(number)}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  },
  'clients that leave': { request: (number) => `GET /late HTTP/1.1\r\n${field(number)}\r\n\r\n`, leaving: 60 },
  'uploads that end early': {
    request: (number) => `POST /echo HTTP/1.1\r\n${field(number)}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    leaving: 60,
  },
  'clients that are turned away': {
    request: (number) => `GET /destroy HTTP/1.1\r\n${field(number)}\r\n\r\n`,
    leaving: 100,
  },
}

function answer(req: IncomingMessage, res: ServerResponse): void {
  res.setHeader('X-Number', req.headers['x-number'] as string)
  switch (req.url) {
    case '/hello':
      res.end('hello')
      break
    case '/pieces':
      res.write('one')
      setImmediate(() => res.end('two'))
      break
    case '/late':
      setTimeout(() => res.end('late'), 1)
      break
    case '/pipe':
      req.pipe(res)
      break
    case '/destroy':
      setImmediate(() => res.destroy())
      break
    default: {
      const pieces: Buffer[] = []
      req.on('data', (piece: Buffer) => pieces.push(piece))
      req.on('end', () => res.end(Buffer.concat(pieces)))
    }
  }
}

let lastNumber = 0
let passed = 0
let failed = 0

for (const [name, kind] of Object.entries(KINDS)) {
  console.log(BEGINS + name)
  const complaints = await crowd(kind)
  if (complaints.length === 0) passed += 1
  else {
    failed += 1
    console.log(`FAIL ${name}: ${complaints.join('; ')}`)
  }
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed > 0 ? 1 : 0)

async function crowd(kind: Kind): Promise<string[]> {
  const counts: Counts = { requests: 0, closedRequests: 0, closedResponses: 0 }
  const server = createServer({}, (req, res) => {
    counts.requests += 1
    req.on('close', () => {
      counts.closedRequests += 1
    })
    res.on('close', () => {
      counts.closedResponses += 1
    })
    answer(req, res)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
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
  // Of clients that left, Node does not tell the responses whose turn had not come.
  const missing = kind.leaving === undefined ? counts.requests - counts.closedResponses : 0
  if (counts.closedRequests !== counts.requests || missing !== 0) {
    complaints.push(`${counts.requests} requests, 'close' of ${counts.closedRequests} and ${counts.closedResponses}`)
  }
  server.close()
  await once(server, 'close')
  return complaints
}

async function ask(server: Server, kind: Kind, many: number, seed: number, complaints: string[]): Promise<void> {
  const { port } = server.address() as AddressInfo
  const chance = new Random(seed)
  let left = many
  const work = async () => {
    while (left > 0) {
      left -= PER_CONNECTION
      const complaint = await converse(port, kind, chance)
      if (complaint !== undefined && complaints.length < 3) complaints.push(complaint)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  await until(() => idle(server), 'no connection is left')
}

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
  const found = () => [...text.matchAll(/^X-Number: (\d+)/gm)].map(([, number]) => number)
  socket.on('data', (data) => {
    text += data
  })
  await until(() => found().length >= many || socket.destroyed || socket.readableEnded, 'the answers')
  return found().join()
}

async function idle(server: Server): Promise<boolean> {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count === 0)))
}

async function resources(server: Server): Promise<{ memory: number; descriptors: number }> {
  await until(() => idle(server), 'no connection is left')
  for (let turns = 0; turns < 5; turns++) {
    globalThis.gc?.()
    await turn()
  }
  const { heapUsed, external } = process.memoryUsage()
  const descriptors = process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0
  return { memory: heapUsed + external, descriptors }
}
