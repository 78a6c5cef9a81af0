// Apps that give up, at each stage of an exchange.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { PassThrough, pipeline } from 'node:stream'
import { type Exchange, get, request } from '../twins/exchange.js'
import { type Log, nameOf } from '../twins/log.js'

type Act = (req: IncomingMessage, res: ServerResponse, log: Log) => unknown

const WAYS: Record<string, Act> = {
  'res.destroy()': (_req, res) => res.destroy(),
  'res.destroy(error)': (_req, res, log) => {
    res.on('error', (error) => log.note(`res error ${nameOf(error)}`))
    res.destroy(new Error('enough'))
  },
  'req.destroy()': (req) => req.destroy(),
  'req.destroy(error)': (req, _res, log) => {
    req.on('error', (error) => log.note(`req error ${nameOf(error)}`))
    req.destroy(new Error('enough'))
  },
  'socket.destroy()': (req) => req.socket.destroy(),
  'socket.destroy(error)': (req, _res, log) => {
    req.socket.on('error', (error) => log.note(`socket error ${nameOf(error)}`))
    req.socket.destroy(new Error('enough'))
  },
  'socket.end()': (req) => req.socket.end(),
  'socket.resetAndDestroy()': (req) => req.socket.resetAndDestroy(),
  'socket.destroySoon()': (req) => req.socket.destroySoon(),
}

const STAGES: Record<string, (act: Act) => Act> = {
  'at once': (act) => act,
  'in another turn': (act) => (req, res, log) => {
    setImmediate(() => act(req, res, log))
  },
  'behind a head': (act) => (req, res, log) => {
    res.writeHead(200)
    act(req, res, log)
  },
  'in the middle of an answer': (act) => (req, res, log) => {
    res.write('begun', () => setImmediate(() => act(req, res, log)))
  },
  'behind an answer': (act) => (req, res, log) => {
    res.end('whole', () => act(req, res, log))
  },
}

export const destroying: Exchange[] = [
  ...Object.entries(WAYS).flatMap(([way, act]) =>
    Object.entries(STAGES).map(
      ([stage, at]): Exchange => ({
        name: `${way} ${stage}`,
        options: { keepAliveTimeout: 100 },
        handler: at(act),
        client: async ({ client }) => {
          client.send(get())
          await client.ended()
        },
      }),
    ),
  ),
  ...['req.destroy()', 'res.destroy()', 'socket.destroy()'].map(
    (way): Exchange => ({
      name: `${way} in the middle of a body`,
      handler: (req, res, log) => {
        req.on('data', () => WAYS[way]?.(req, res, log))
        req.on('end', () => log.note('end'))
      },
      client: async ({ client }) => {
        client.send(request('POST', '/', '', 'Content-Length: 10'), 'abc')
        await client.ended()
      },
    }),
  ),
  {
    name: 'an answer after res.destroy()',
    handler: (_req, res, log) => {
      res.destroy()
      log.attempt('setHeader', () => res.setHeader('X-A', '1') === res)
      log.attempt('end', () => res.end('late') === res)
    },
    client: async ({ client }) => {
      client.send(get())
      await client.ended()
    },
  },
  {
    name: 'a handler that throws',
    handler: () => {
      throw new Error('thrown')
    },
    client: async ({ client, log }) => {
      client.send(get())
      await log.when('uncaught')
      await client.leave()
    },
  },
  {
    name: 'a handler that throws after its answer',
    handler: (_req, res) => {
      res.end('whole')
      throw new Error('thrown')
    },
    client: get(),
  },
  {
    name: 'a handler that rejects',
    handler: async () => {
      throw new Error('rejected')
    },
    client: async ({ client, log }) => {
      client.send(get())
      await log.when('unhandled')
      await client.leave()
    },
  },
  {
    name: 'captureRejections',
    prepare: (server) => {
      server.removeAllListeners('request')
      Object.defineProperty(server, Symbol.for('nodejs.rejection'), {
        value: (error: Error, _event: string, _req: IncomingMessage, res: ServerResponse) => {
          res.statusCode = 500
          res.end(error.message)
        },
      })
      const events = server as unknown as Record<symbol, boolean>
      for (const symbol of Object.getOwnPropertySymbols(server)) {
        if (symbol.description === 'kCapture') events[symbol] = true
      }
      server.on('request', async (req: IncomingMessage, res: ServerResponse) => {
        if (req.url !== '/') return res.end('alive')
        throw new Error('rejected')
      })
    },
    client: get(),
  },
  {
    name: 'an error of a listener of data',
    handler: (req) => {
      req.on('data', () => {
        throw new Error('thrown')
      })
    },
    client: async ({ client, log }) => {
      client.send(request('POST', '/', 'hello'))
      await log.when('uncaught')
      await client.leave()
    },
  },
  {
    name: 'a source that is destroyed in the middle of a pipeline',
    handler: (_req, res, log) => {
      const source = new PassThrough()
      pipeline(source, res, (error) => log.note(`pipeline ends with ${nameOf(error)}`))
      source.write('begun', () => setImmediate(() => source.destroy(new Error('broken'))))
    },
    client: async ({ client }) => {
      client.send(get())
      await client.ended()
    },
  },
  {
    name: 'a second request behind one that is destroyed',
    handler: (req, res) => {
      if (req.url === '/1') res.destroy()
      else res.end('second')
    },
    client: async ({ client, open }) => {
      client.send(get('/1'), get('/2'))
      await client.ended()
      const second = await open()
      second.send(get('/3'))
      await second.answer()
    },
    interleaved: true,
  },
]
