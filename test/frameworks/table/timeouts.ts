// Deadlines of a server and of one connection.

import type { ServerResponse } from 'node:http'
import { type Exchange, get, request, type Script } from '../twins/exchange.js'
import type { Log } from '../twins/log.js'

const handler = (req: { url?: string | undefined }, res: { end(text?: string): unknown }) => res.end(req.url)
const SHORT_MS = 150

function answersLate(res: ServerResponse, log: Log): () => void {
  return () => {
    log.note('timeout')
    res.end('late')
  }
}

const waitsForEnd: Script = async ({ client }) => {
  client.send(get())
  await client.ended()
}

export const timeouts: Exchange[] = [
  {
    name: 'keepAliveTimeout',
    options: { keepAliveTimeout: SHORT_MS },
    handler,
    client: async ({ client }) => {
      client.send(get('/1'))
      await client.answer()
      await client.ended()
    },
  },
  {
    name: 'keepAliveTimeout that is set while it runs',
    handler,
    client: async ({ client, server }) => {
      server.keepAliveTimeout = SHORT_MS
      client.send(get('/1'))
      await client.answer()
      await client.ended()
    },
  },
  {
    name: 'headersTimeout',
    options: { headersTimeout: SHORT_MS, connectionsCheckingInterval: 30 },
    handler,
    client: async ({ client }) => {
      client.send('GET / HTTP/1.1\r\nHost')
      await client.answer()
      await client.ended()
    },
  },
  {
    name: 'requestTimeout in a body',
    options: { requestTimeout: SHORT_MS, headersTimeout: SHORT_MS, connectionsCheckingInterval: 30 },
    handler: (req, _res, log) => {
      req.on('data', () => log.note('data'))
      req.on('aborted', () => log.note('aborted'))
    },
    client: async ({ client }) => {
      client.send(request('POST', '/', '', 'Content-Length: 5'), 'a')
      await client.answer()
      await client.ended()
    },
  },
  {
    name: 'server.setTimeout',
    prepare: (server, log) => {
      server.setTimeout(SHORT_MS, (socket: { destroy(): void }) => {
        log.note('timeout')
        socket.destroy()
      })
    },
    handler: (_req, _res, log) => log.note('asked'),
    client: waitsForEnd,
  },
  {
    name: 'server.setTimeout without a listener',
    prepare: (server) => {
      server.setTimeout(SHORT_MS)
    },
    handler: (_req, _res, log) => log.note('asked'),
    client: waitsForEnd,
  },
  {
    name: 'res.setTimeout',
    handler: (_req, res, log) => res.setTimeout(SHORT_MS, answersLate(res, log)),
    client: get(),
  },
  {
    name: 'req.setTimeout',
    handler: (req, res, log) => req.setTimeout(SHORT_MS, answersLate(res, log)),
    client: get(),
  },
  {
    name: 'socket.setTimeout',
    handler: (req, res, log) => {
      req.socket.setTimeout(SHORT_MS)
      req.socket.on('timeout', answersLate(res, log))
    },
    client: get(),
  },
  {
    name: 'a timeout that is taken back',
    handler: (_req, res, log) => {
      res.setTimeout(SHORT_MS / 3, () => log.note('timeout'))
      res.setTimeout(0)
      setTimeout(() => res.end('in time'), SHORT_MS)
    },
    client: get(),
  },
  {
    name: 'times by default',
    handler: (req, res) => {
      const { server } = req.socket as unknown as { server: import('node:http').Server }
      const { timeout, keepAliveTimeout, headersTimeout, requestTimeout, maxRequestsPerSocket, maxHeadersCount } =
        server
      res.end(
        JSON.stringify({
          timeout,
          keepAliveTimeout,
          headersTimeout,
          requestTimeout,
          maxRequestsPerSocket,
          maxHeadersCount,
        }),
      )
    },
    client: get(),
  },
]
