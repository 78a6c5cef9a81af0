// Clients that do not read, and apps that wait for them.

import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { type Exchange, get } from '../twins/exchange.js'

const MANY = 24 * 1024 * 1024
const PIECE = Buffer.alloc(256 * 1024, 'x')

/** Writes until it is told to wait, and notes when it may go on. */
function writeAll(res: ServerResponse, told: (line: string) => void, pieces = MANY / PIECE.length): void {
  let waited = 0
  let left = pieces
  const write = () => {
    while (left > 0) {
      left -= 1
      if (!res.write(PIECE) && left > 0) {
        waited += 1
        if (waited === 1) told('waits')
        res.once('drain', write)
        return
      }
    }
    told(`waited ${waited > 0}`)
    res.end()
  }
  write()
}

export const slowReaders: Exchange[] = [
  {
    name: 'a client that reads late',
    handler: (_req, res, log) => {
      res.setHeader('Content-Length', MANY)
      writeAll(res, (line) => log.note(line))
    },
    client: async ({ client, log }) => {
      client.pause().send(get())
      await log.when('waits')
      client.resume()
      await log.when('waited')
      await client.size(MANY)
      await client.leave()
    },
    interleaved: true,
  },
  {
    name: 'a client that reads a stream late',
    handler: (_req, res, log) => {
      res.setHeader('Content-Length', MANY)
      const source = Readable.from(Array.from({ length: MANY / PIECE.length }, () => PIECE))
      source.pipe(res)
      setTimeout(() => log.note(`waits ${source.readableFlowing}`), 100)
      res.on('finish', () => log.note('finished'))
    },
    client: async ({ client, log }) => {
      client.pause().send(get())
      await log.when('waits')
      client.resume()
      await client.size(MANY)
      await log.when('finished')
      await client.leave()
    },
    interleaved: true,
  },
  {
    name: 'a client that leaves instead of reading',
    handler: (_req, res, log) => {
      res.on('close', () => log.note(`closed ${res.writableEnded} ${res.writableFinished}`))
      log.note(`waits ${res.write(Buffer.alloc(MANY))}`)
    },
    client: async ({ client, log }) => {
      client.pause().send(get())
      await log.when('waits')
      await client.crash()
      await log.when('closed')
    },
  },
  {
    name: 'an app that leaves a client that does not read',
    handler: (_req, res, log) => {
      res.on('close', () => log.note(`closed ${res.writableFinished}`))
      log.note(`waits ${res.write(Buffer.alloc(MANY))}`)
      setImmediate(() => res.destroy())
    },
    client: async ({ client, log }) => {
      client.pause().send(get())
      await log.when('closed')
      await client.leave()
    },
  },
  {
    name: 'a large answer in one piece to a client that reads late',
    handler: (_req, res, log) => {
      res.end(Buffer.alloc(MANY, 'y'), () => log.note('finished'))
      log.note(`ended ${res.writableFinished} ${res.writableLength > 0}`)
    },
    client: async ({ client, log }) => {
      client.pause().send(get())
      await log.when('ended')
      client.resume()
      await client.size(MANY)
      await log.when('finished')
      await client.leave()
    },
  },
  {
    name: 'what write says about a full buffer',
    handler: (_req, res, log) => {
      res.on('drain', () => log.note('drain'))
      log.note(`${res.write('a')} ${res.write(Buffer.alloc(MANY))} ${res.writableNeedDrain}`)
      log.note('written')
      res.once('drain', () => res.end())
    },
    client: async ({ client, log }) => {
      client.pause().send(get())
      await log.when('written')
      client.resume()
      await log.when('drain')
      await client.size(MANY)
      await client.leave()
    },
    interleaved: true,
  },
]
