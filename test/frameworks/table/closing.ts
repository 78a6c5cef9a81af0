// The end of a server.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Exchange, get } from '../twins/exchange.js'
import { nameOf } from '../twins/log.js'

const handler = (req: IncomingMessage, res: ServerResponse) => res.end(req.url)

/** Answers when the test says so. */
let answerNow: (() => void) | undefined
const waiting: Exchange['handler'] = (req, res, log) => {
  log.note('asked')
  answerNow = () => res.end(req.url)
}

export const closing: Exchange[] = [
  {
    name: 'close with an idle connection',
    handler,
    client: async ({ client, server, log }) => {
      client.send(get('/1'))
      await client.answer()
      server.close(() => log.note('closed'))
      await client.ended()
      await log.when('closed')
    },
  },
  {
    name: 'close with a connection that never asked',
    handler,
    client: async ({ client, server, log, open }) => {
      const second = await open()
      second.send(get('/1'))
      await second.answer()
      server.close(() => log.note('closed'))
      await second.ended()
      await client.leave()
      await log.when('closed')
    },
  },
  {
    name: 'close with a request that is answered later',
    options: { keepAliveTimeout: 100 },
    handler: waiting,
    client: async ({ client, server, log }) => {
      client.send(get('/1'))
      await log.when('asked')
      server.close(() => log.note('closed'))
      setImmediate(() => answerNow?.())
      await client.answer()
      await client.ended()
      await log.when('closed')
    },
  },
  {
    name: 'close within a handler',
    options: { keepAliveTimeout: 100 },
    handler: (req, res, log) => {
      const { server } = req.socket as unknown as { server: import('node:http').Server }
      server.close((error) => log.note(`closed ${nameOf(error)}`))
      res.end('last')
    },
    client: async ({ client, log }) => {
      client.send(get('/1'))
      await client.answer()
      await client.ended()
      await log.when('closed')
    },
  },
  {
    name: 'closeIdleConnections',
    handler: waiting,
    client: async ({ client, server, log, open }) => {
      const busy = await open()
      client.send(get('/twin-probe'))
      await client.answer()
      busy.send(get('/busy'))
      await log.when('asked')
      server.closeIdleConnections()
      await client.ended()
      answerNow?.()
      await busy.answer()
    },
  },
  {
    name: 'closeAllConnections',
    handler: waiting,
    client: async ({ client, server, log }) => {
      client.send(get('/busy'))
      await log.when('asked')
      server.closeAllConnections()
      await client.ended()
    },
  },
  {
    name: 'close twice',
    handler,
    client: async ({ client, server, log }) => {
      server.close((error) => log.note(`first ${nameOf(error)}`))
      server.close((error) => log.note(`second ${nameOf(error)}`))
      await client.leave()
      await log.when('first')
      await log.when('second')
    },
  },
  {
    name: 'address and listening',
    handler,
    client: async ({ client, server, log }) => {
      const told = () =>
        log.note(`${server.listening} ${JSON.stringify(server.address())?.replace(/"port":\d+/, '"port":*')}`)
      told()
      await client.leave()
      server.close(() => log.note('closed'))
      told()
      await log.when('closed')
      told()
    },
  },
  {
    name: 'listening twice',
    handler,
    client: async ({ client, server, log }) => {
      log.attempt('listen', () => server.listen(0) === server)
      client.send(get('/1'))
      await client.answer()
    },
  },
  {
    name: 'a port that is taken',
    handler,
    prepare: (server, log) => {
      server.on('error', (error) => log.note(`error ${nameOf(error)}`))
    },
    client: async ({ client, server, log }) => {
      const { port } = server.address() as { port: number }
      const Twin = server.constructor as new () => typeof server
      const second = new Twin()
      second.on('error', (error: NodeJS.ErrnoException) => log.note(`second ${nameOf(error)} ${error.syscall}`))
      second.listen(port, '127.0.0.1')
      await log.when('second')
      client.send(get('/1'))
      await client.answer()
    },
  },
  {
    name: 'a new start after a close',
    handler,
    client: async ({ client, server, log, open }) => {
      client.send(get('/1'))
      await client.answer()
      server.close(() => log.note('closed'))
      await client.ended()
      await log.when('closed')
      server.listen(0, '127.0.0.1', () => log.note('listens'))
      await log.when('listens')
      const second = await open()
      second.send(get('/2'))
      await second.answer()
    },
  },
  {
    name: 'asyncDispose',
    handler,
    client: async ({ client, server, log }) => {
      client.send(get('/1'))
      await client.answer()
      await (server as unknown as Record<symbol, () => Promise<void>>)[
        (Symbol as unknown as { asyncDispose: symbol }).asyncDispose
      ]?.()
      log.note(`disposed ${server.listening}`)
    },
  },
]
