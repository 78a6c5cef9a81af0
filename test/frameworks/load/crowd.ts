// Many clients at once, some of which leave in the middle: each answer must be its own client's, and afterwards nothing
// may be left. And leaks: so many requests of each kind, with memory and descriptors looked at before and after.
//
//   node --expose-gc dist/test/frameworks/load/crowd.js SUBJECT REQUESTS

import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { subject } from '../subjects.js'
import { type Crowded, type Kind, request, runCrowds } from './crowd_clients.js'

const [subjectName = 'brink', requests = '4000'] = process.argv.slice(2)
const createServer = await subject(subjectName)

const KINDS: Record<string, Kind> = {
  hello: { request: request('GET', '/hello') },
  'an answer in pieces': { request: request('GET', '/pieces') },
  'a late answer': { request: request('GET', '/late') },
  'an echo': { request: request('POST', '/echo') },
  'an echo of chunks': { request: request('POST', '/echo', true) },
  'a body that is not read': { request: request('POST', '/hello') },
  'a pipe': { request: request('POST', '/pipe') },
  'clients that leave': { request: request('GET', '/late'), leaving: 60 },
  'uploads that end early': { request: request('POST', '/echo'), leaving: 60 },
  'clients that are turned away': { request: request('GET', '/destroy'), leaving: 100 },
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

async function open(kind: Kind): Promise<Crowded> {
  const counts = { requests: 0, closedRequests: 0, closedResponses: 0 }
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
  return {
    port: (server.address() as AddressInfo).port,
    isIdle: () => new Promise((resolve) => server.getConnections((_error, count) => resolve(count === 0))),
    complaints: () => {
      // Of clients that left, Node does not tell the responses whose turn had not come.
      const missing = kind.leaving === undefined ? counts.requests - counts.closedResponses : 0
      if (counts.closedRequests === counts.requests && missing === 0) return []
      return [`${counts.requests} requests, 'close' of ${counts.closedRequests} and ${counts.closedResponses}`]
    },
    close: () => {
      server.close()
      return once(server, 'close')
    },
  }
}

await runCrowds(KINDS, Number(requests), open)
