// Clients that leave, at each stage of an exchange.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream'
import { chunkOf, type Exchange, echo, get, post, request, type Script, type Wire } from '../twins/exchange.js'
import { type Log, nameOf } from '../twins/log.js'

/** Waits for the client to leave, then tries to answer all the same. */
function forsaken(req: IncomingMessage, res: ServerResponse, log: Log): void {
  log.note('asked')
  res.on('close', () => {
    log.note(`left: ${req.aborted} ${req.destroyed} ${res.destroyed} ${res.writableEnded} ${req.complete}`)
    log.attempt('end', () => res.end('nobody') === res)
    log.note('gone')
  })
}

function begun(req: IncomingMessage, res: ServerResponse, log: Log): void {
  res.write('begun')
  forsaken(req, res, log)
}

function reading(req: IncomingMessage, res: ServerResponse, log: Log): void {
  req.on('data', (data: Buffer) => log.note(`data ${data.length}`))
  req.on('end', () => log.note('end'))
  forsaken(req, res, log)
}

const partOfBody = `${request('POST', '/', '', 'Content-Length: 100')}abc`
const partOfChunks = `${request('POST', '/', '', 'Transfer-Encoding: chunked')}${chunkOf('abc')}`

/** Waits until the app has noted something of what was sent. */
function sent(bytes: string, noted: string): Script {
  return async ({ client, log }) => {
    client.send(bytes)
    await log.when(noted)
  }
}

const LEAVING = {
  leaves: (wire: Wire) => wire.client.leave(),
  crashes: (wire: Wire) => wire.client.crash(),
}

const STAGES: Record<string, Omit<Exchange, 'name' | 'client'> & { before: Script; gone?: string }> = {
  'before it asks': { handler: forsaken, before: ({ client }) => Promise.resolve(client) },
  'in the middle of a head': { handler: forsaken, before: async ({ client }) => client.send('GET / HTTP/1.1\r\nHo') },
  'while it waits': {
    handler: forsaken,
    before: sent(get(), 'asked'),
    gone: 'gone',
  },
  'while it waits with its body sent': {
    handler: forsaken,
    before: sent(post('hello'), 'asked'),
    gone: 'gone',
  },
  'while it waits with its body read': {
    handler: reading,
    before: sent(post('hello'), 'end'),
    gone: 'gone',
  },
  'in the middle of an answer': {
    handler: begun,
    before: async ({ client, log }) => {
      client.send(get())
      await client.text('begun')
      await log.when('asked')
    },
    gone: 'gone',
  },
  'in the middle of its body': {
    handler: reading,
    before: sent(partOfBody, 'data'),
    gone: 'gone',
  },
  'in the middle of its chunks': {
    handler: reading,
    before: sent(partOfChunks, 'data'),
    gone: 'gone',
  },
  'in the middle of a body that nobody reads': {
    handler: forsaken,
    before: sent(partOfBody, 'asked'),
    gone: 'gone',
  },
  'in the middle of a body that goes to a pipeline': {
    handler: (req, res, log) => {
      pipeline(req, res, (error) => log.note(`gone ${nameOf(error)}`))
    },
    before: async ({ client }) => {
      client.send(partOfBody)
      await client.text('abc')
    },
    gone: 'gone',
  },
  'in the middle of a body that is awaited': {
    handler: async (req, _res, log) => {
      try {
        for await (const piece of req) log.note(`data ${(piece as Buffer).length}`)
      } catch (error) {
        log.note(`gone ${nameOf(error)}`)
      }
    },
    before: sent(partOfBody, 'data'),
    gone: 'gone',
  },
  'after its answer': {
    handler: (_req, res) => res.end('x'),
    before: async ({ client }) => {
      client.send(get())
      await client.answer()
    },
  },
  'with requests behind the one that is answered': {
    handler: forsaken,
    interleaved: true,
    before: async ({ client, log }) => {
      client.send(get('/1'), get('/2'), get('/3'))
      await log.when('asked', 3)
    },
    gone: 'gone',
  },
  'with its errors heard': {
    handler: (req, res, log) => {
      req.on('error', (error) => log.note(`req error ${nameOf(error)} ${error.message}`))
      res.on('error', (error) => log.note(`res error ${nameOf(error)}`))
      req.socket.on('error', (error) => log.note(`socket error ${nameOf(error)}`))
      reading(req, res, log)
    },
    before: sent(partOfBody, 'data'),
    gone: 'gone',
  },
}

export const aborts: Exchange[] = [
  ...Object.entries(STAGES).flatMap(([stage, { before, gone, ...rest }]) =>
    Object.entries(LEAVING).map(
      ([how, leave]): Exchange => ({
        name: `a client that ${how} ${stage}`,
        ...rest,
        client: async (wire) => {
          await before(wire)
          await leave(wire)
          if (gone !== undefined) await wire.log.when(gone)
        },
      }),
    ),
  ),
  {
    name: 'a client that half-closes in the middle of its body',
    handler: reading,
    client: async ({ client, log }) => {
      client.send(partOfBody)
      await log.when('data')
      client.finish()
      await client.ended()
    },
  },
  {
    name: 'a client that half-closes in the middle of an answer',
    handler: (_req, res, log) => {
      res.write('begun')
      log.note('asked')
      res.socket?.on('end', () => setImmediate(() => res.end('whole')))
    },
    client: async ({ client, log }) => {
      client.send(get())
      await log.when('asked')
      client.finish()
      await client.answer()
      await client.ended()
    },
  },
  {
    name: 'what has arrived whole of a client that left',
    handler: (req, res, log) => {
      log.note('asked')
      res.on('close', () => {
        setImmediate(() => {
          req.on('data', (data: Buffer) => log.note(`data ${data}`))
          req.on('end', () => log.note('end'))
          setImmediate(() => setImmediate(() => log.note('looked')))
        })
      })
    },
    client: async ({ client, log }) => {
      client.send(post('hello'))
      await log.when('asked')
      await client.leave()
      await log.when('looked')
    },
  },
  {
    name: 'an echo after a client that left',
    handler: echo,
    client: async ({ client, open }) => {
      client.send(partOfBody)
      await client.leave()
      const second = await open()
      second.send(post('hello'))
      await second.answer()
    },
    interleaved: true,
  },
]
