// Many requests on one connection, and many connections.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { chunked, type Exchange, echo, get, head, post, type Wire } from '../twins/exchange.js'
import { type Log, shown } from '../twins/log.js'

const url = (req: IncomingMessage, res: ServerResponse) => res.end(req.url)

/** The later a request came the sooner it is answered. */
function backwards(req: IncomingMessage, res: ServerResponse): void {
  const late = /slow/.test(req.url ?? '')
  if (late) setTimeout(() => res.end(req.url), 20)
  else res.end(req.url)
}

async function oneByOne({ client }: Wire): Promise<void> {
  for (const target of ['/1', '/2', '/3']) {
    client.send(get(target))
    await client.answer()
  }
}

/** For connections that only a deadline ends. */
const SHORT = { keepAliveTimeout: 100 }

export const connections: Exchange[] = [
  { name: 'one request after the other', handler: url, client: oneByOne },
  { name: 'requests in one segment', handler: url, client: [get('/1'), get('/2'), get('/3')], interleaved: true },
  {
    name: 'many requests in one segment',
    interleaved: true,
    handler: url,
    client: Array.from({ length: 50 }, (_, index) => get(`/${index}`)),
  },
  {
    name: 'answers out of turn',
    handler: backwards,
    client: [get('/slow'), get('/2'), get('/slow3'), get('/4')],
    interleaved: true,
  },
  {
    name: 'requests of all kinds in one segment',
    interleaved: true,
    handler: echo,
    client: [post('a'), get(), chunked(['b', 'c']), head(), post('d')],
  },
  {
    name: 'a last request that closes',
    interleaved: true,
    handler: url,
    client: [get('/1'), get('/2', 'Connection: close')],
  },
  {
    name: 'a request behind one that closes',
    interleaved: true,
    handler: url,
    client: async ({ client }) => {
      client.send(get('/1', 'Connection: close'), get('/2'))
      await client.answer()
      await client.ended()
    },
  },
  {
    name: 'an answer that closes before others',
    interleaved: true,
    handler: (req, res) => {
      if (req.url === '/1') res.setHeader('Connection', 'close')
      res.end(req.url)
    },
    client: async ({ client }) => {
      client.send(get('/1'), get('/2'))
      await client.answer()
      await client.ended()
    },
  },
  {
    name: 'a half-closed client',
    handler: (req, res) => {
      setImmediate(() => res.end(req.url))
    },
    client: async ({ client }) => {
      client.send(get('/1')).finish()
      await client.answer()
      await client.ended()
    },
  },
  {
    name: 'a half-closed client with many requests',
    interleaved: true,
    handler: url,
    client: async ({ client }) => {
      client.send(get('/1'), get('/2')).finish()
      await client.answer()
      await client.answer()
      await client.ended()
    },
  },
  {
    name: 'a client that connects and says nothing',
    handler: url,
    client: async ({ client }) => client.leave(),
  },
  {
    name: 'a client that connects and ends',
    handler: url,
    client: async ({ client }) => {
      client.finish()
      await client.ended()
    },
  },
  {
    name: 'maxRequestsPerSocket',
    options: SHORT,
    prepare: (server) => {
      server.maxRequestsPerSocket = 2
    },
    handler: url,
    client: oneByOne,
  },
  {
    name: 'dropRequest',
    options: SHORT,
    prepare: (server, log) => {
      server.maxRequestsPerSocket = 1
      server.on('dropRequest', (req: IncomingMessage) => log.note(`dropRequest ${req.url}`))
    },
    handler: (req, res) => setImmediate(() => res.end(req.url)),
    client: [get('/1'), get('/2')],
  },
  {
    name: 'maxConnections',
    prepare: (server, log) => {
      server.maxConnections = 1
      server.on('drop', (data) => log.note(`drop ${data?.remoteFamily}`))
    },
    handler: url,
    client: async ({ client, open }) => {
      client.send(get('/1'))
      await client.answer()
      const second = await open()
      await second.ended()
    },
  },
  {
    name: 'getConnections',
    handler: (_req, res, log) => {
      const server = (res.socket as Socket & { server: import('node:http').Server }).server
      server.getConnections((error, count) => {
        log.note(`${error} ${count}`)
        res.end(`${count}`)
      })
    },
    client: async ({ client, open }) => {
      const second = await open()
      second.send(get())
      await second.answer()
      client.send(get())
      await client.answer()
    },
  },
  {
    name: 'keepAlive and noDelay',
    options: { keepAlive: true, noDelay: false },
    handler: url,
    client: get('/a'),
  },
  {
    name: 'no keep-alive timeout',
    options: { keepAliveTimeout: 0 },
    handler: url,
    client: oneByOne,
  },
  {
    name: 'a long keep-alive timeout',
    options: { keepAliveTimeout: 72_000 },
    handler: url,
    client: get('/a'),
  },
  {
    name: 'what a socket says',
    handler: (req, res, log) => {
      const { socket } = req
      log.note(
        shown([
          socket.remoteAddress,
          socket.remoteFamily,
          socket.localAddress,
          socket.localFamily,
          typeof socket.remotePort,
        ]),
      )
      log.note(
        shown([
          socket.writable,
          socket.readable,
          socket.destroyed,
          socket.connecting,
          socket.pending,
          socket.readyState,
        ]),
      )
      log.note(shown([socket.allowHalfOpen, 'encrypted' in socket, socket.timeout ?? null]))
      log.note(shown(Object.keys(socket.address()).sort()))
      log.note(
        `${socket.setNoDelay() === socket} ${socket.setKeepAlive(true, 1000) === socket} ${socket.ref() === socket}`,
      )
      log.note(`${req.socket === res.socket} ${res.socket?.listenerCount('close') !== undefined}`)
      res.end('x')
    },
    client: get(),
  },
  {
    name: 'one socket for all requests of a connection',
    handler: (req: IncomingMessage & { socket: Socket & { seen?: number } }, res: ServerResponse) => {
      req.socket.seen = (req.socket.seen ?? 0) + 1
      res.end(`${req.socket.seen}`)
    },
    client: oneByOne,
  },
  {
    name: 'bytes that a socket counts',
    handler: (req, res, log) => {
      log.note(`${req.socket.bytesRead}`)
      res.end('x', () => log.note(`${req.socket.bytesWritten > 0}`))
    },
    client: oneByOne,
  },
  {
    name: 'a socket that the app writes to',
    handler: (req, res) => {
      req.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nraw')
      res.detachSocket(req.socket)
    },
    client: async ({ client }) => {
      client.send(get())
      await client.text('raw')
      await client.leave()
    },
  },
  {
    name: 'a socket that the app ends',
    handler: (req) => {
      req.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nraw')
    },
    client: async ({ client }) => {
      client.send(get())
      await client.ended()
    },
  },
  {
    name: 'listeners of connections',
    prepare: (server, log: Log) => {
      server.on('connection', (socket: Socket) => {
        log.note(`connection ${socket.remoteFamily}`)
        socket.on('close', () => log.note('close'))
      })
    },
    handler: url,
    client: async ({ client, log }) => {
      await log.when('connection')
      client.send(get('/a'))
      await client.answer()
      await client.leave()
      await log.when('close')
    },
  },
  {
    name: 'listeners of requests that are added later',
    prepare: (server, log) => {
      server.prependListener('request', (req: IncomingMessage) => {
        if (!req.url?.startsWith('/twin')) log.note(`first ${req.url}`)
      })
      server.on('request', (req: IncomingMessage) => {
        if (!req.url?.startsWith('/twin')) log.note(`last ${req.url}`)
      })
    },
    handler: (req, res, log) => {
      log.note('handler')
      res.end(req.url)
    },
    client: get('/a'),
  },
]
