// What the servers are asked for, and what they must answer. Each is work that apps do; what a server answers without
// doing it would be another table.

import { get, type Request } from '../request.js'

export interface Expected {
  type: string
  body: string
  fields?: readonly (readonly [name: string, value: string])[]
}

export interface Workload {
  name: string
  title: string
  /** What a server must have for it, beyond handlers. */
  needs?: 'files' | 'fixed' | 'tls'
  /** Sent in turn. */
  requests: readonly Request[]
  answerTo(request: Request): Expected
  connections?: number
  pipelining?: number
  /** Each request comes on a connection of its own. */
  closes?: boolean
  /** The same, with a handshake of TLS. */
  shakesHands?: boolean
  /** The peer that is brink here, unless it is `brink`. */
  ours?: string
}

const GREETING: Expected = { type: 'text/plain', body: 'Hello, World!' }
const PIPELINED = 16

const AGENT = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36'
const LANGUAGE = 'en-GB,en;q=0.9,de;q=0.8'

/** What a browser sends besides Host: thirteen fields. */
const BROWSER: Request['fields'] = [
  ['Connection', 'keep-alive'],
  ['sec-ch-ua', '"Chromium";v="131", "Not_A Brand";v="24"'],
  ['sec-ch-ua-mobile', '?0'],
  ['sec-ch-ua-platform', '"Linux"'],
  ['Upgrade-Insecure-Requests', '1'],
  ['User-Agent', AGENT],
  ['Accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'],
  ['Sec-Fetch-Site', 'none'],
  ['Sec-Fetch-Mode', 'navigate'],
  ['Sec-Fetch-Dest', 'document'],
  ['Accept-Encoding', 'gzip, deflate, br, zstd'],
  ['Accept-Language', LANGUAGE],
  ['Cookie', 'theme=dark; session=0f8fad5b-d9cb-469f-a165-70867728950e'],
]

/** Users come in turn, so that nobody answers from what was last asked for. */
const users = Array.from({ length: 256 }, (_, index) => get(`/users/${1000 + index * 37}?x=1`, BROWSER))

/** 1 KiB of JSON, as compact as it is made again. */
const ORDER = (() => {
  const items = Array.from({ length: 11 }, (_, index) => ({
    id: 1000 + index,
    name: `Item number ${index}`,
    price: 9.5 + index,
    tags: ['new', 'a "quoted" one'],
  }))
  const text = (note: string) => JSON.stringify({ customer: 'Ada Lovelace', express: true, note, items })
  return text('x'.repeat(Math.max(0, 1024 - text('').length)))
})()

const FILES = { '10KiB.txt': 10 * 1024, '1MiB.txt': 1024 * 1024 }

/** The files below /files/, by name. */
export const fileContents = new Map(
  Object.entries(FILES).map(([name, size]) => [name, 'A line of a file, as others.\n'.repeat(size).slice(0, size)]),
)

function file(name: keyof typeof FILES, title: string): Workload {
  return {
    name: name.startsWith('10') ? 'file-10k' : 'file-1m',
    title,
    needs: 'files',
    requests: [get(`/files/${name}`)],
    answerTo: () => ({ type: 'text/plain', body: fileContents.get(name) ?? '' }),
  }
}

/** Of handlers that have all of it in memory. */
const LARGE: Expected = { type: 'text/plain', body: fileContents.get('1MiB.txt') ?? '' }
/** Node 24 has the OpenSSL of all newer ones. */
const SECURE = { needs: 'tls', ours: 'brink-24' } as const

const greeted = (name: string, title: string, request: Request, more: Partial<Workload> = {}): Workload => ({
  name,
  title,
  requests: [request],
  answerTo: () => GREETING,
  ...more,
})

export const WORKLOADS: readonly Workload[] = [
  greeted('plaintext', 'GET /plaintext', get('/plaintext')),
  greeted('pipelined', 'GET /plaintext, pipelined ×16', get('/plaintext'), { pipelining: PIPELINED }),
  {
    name: 'json',
    title: 'GET /json, serialised for each request',
    requests: [get('/json')],
    answerTo: () => ({ type: 'application/json', body: '{"message":"Hello, World!"}' }),
  },
  {
    name: 'user',
    title: 'GET /users/:id?x=1, a browser’s 14 fields, two read',
    requests: users,
    answerTo: ({ target }) => {
      const id = /\d+/.exec(target)?.[0]
      return { type: 'text/plain', body: `${id} 1 ${AGENT} ${LANGUAGE}` }
    },
  },
  {
    name: 'echo',
    title: 'POST /echo of 1 KiB JSON, parsed and serialised',
    requests: [{ method: 'POST', target: '/echo', fields: [['Content-Type', 'application/json']], body: ORDER }],
    answerTo: () => ({ type: 'application/json', body: ORDER }),
  },
  greeted('async', 'an async handler that awaits a resolved promise', get('/async')),
  greeted('timer', 'an async handler that awaits a timer of 1 ms', get('/timer')),
  {
    name: 'middleware',
    title: 'three middlewares, 50 routes',
    requests: [get('/api/orders/42', [['X-Api-Key', 'open-sesame']])],
    answerTo: () => ({ type: 'text/plain', body: 'GET orders 42 ada acme', fields: [['x-served-by', 'compare']] }),
  },
  file('10KiB.txt', 'a file of 10 KiB'),
  file('1MiB.txt', 'a file of 1 MiB'),
  greeted('close', 'a connection for each request', get('/close', [['Connection', 'close']]), { closes: true }),
  greeted('fixed', 'a fixed response', get('/fixed'), { needs: 'fixed' }),
  greeted('fixed-pipelined', 'a fixed response, pipelined ×16', get('/fixed'), {
    needs: 'fixed',
    pipelining: PIPELINED,
  }),
  greeted('crowd', 'GET /plaintext on 1,000 connections', get('/plaintext'), { connections: 1000 }),
  greeted('tls', 'GET /plaintext over TLS', get('/plaintext'), SECURE),
  greeted('tls-pipelined', 'GET /plaintext over TLS, pipelined ×16', get('/plaintext'), {
    ...SECURE,
    pipelining: PIPELINED,
  }),
  greeted('tls-handshakes', 'a full handshake for each request', get('/plaintext'), {
    ...SECURE,
    connections: 200,
    shakesHands: true,
  }),
  { name: 'tls-1m', title: '1 MiB of memory over TLS', requests: [get('/large')], answerTo: () => LARGE, ...SECURE },
]
