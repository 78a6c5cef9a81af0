// Requests that cannot be understood, with and without an app that answers them.

import type { Server } from 'node:http'
import { type Exchange, get, rows, type Script } from '../twins/exchange.js'
import type { Log } from '../twins/log.js'
import { nameOf, shown } from '../twins/log.js'

const BAD: Record<string, string> = {
  'no HTTP at all': 'hello\r\n\r\n',
  'a method in small letters': 'get / HTTP/1.1\r\nHost: x\r\n\r\n',
  'an unknown method': 'BREW / HTTP/1.1\r\nHost: x\r\n\r\n',
  'no version': 'GET /\r\n\r\n',
  'another version': 'GET / HTTP/3.0\r\nHost: x\r\n\r\n',
  'a space in the target': 'GET /a b HTTP/1.1\r\nHost: x\r\n\r\n',
  'a control byte in the target': 'GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n',
  'no host': 'GET / HTTP/1.1\r\n\r\n',
  'two hosts': 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
  'a space before the colon': 'GET / HTTP/1.1\r\nHost: x\r\nX-A : 1\r\n\r\n',
  'a space in a name': 'GET / HTTP/1.1\r\nHost: x\r\nX A: 1\r\n\r\n',
  'a folded field': 'GET / HTTP/1.1\r\nHost: x\r\nX-A: 1\r\n 2\r\n\r\n',
  'a field without a colon': 'GET / HTTP/1.1\r\nHost: x\r\nX-A\r\n\r\n',
  'a control byte in a value': 'GET / HTTP/1.1\r\nHost: x\r\nX-A: \x01\r\n\r\n',
  'a zero in a value': 'GET / HTTP/1.1\r\nHost: x\r\nX-A: a\x00b\r\n\r\n',
  'a line that ends in LF alone': 'GET / HTTP/1.1\nHost: x\n\n',
  'a CR alone': 'GET / HTTP/1.1\r\nHost: x\r\nX-A: a\rb\r\n\r\n',
  'a length that is no number': 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: a\r\n\r\n',
  'a negative length': 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
  'two lengths': 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
  'a length and chunks':
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'chunks that are not last': 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n',
  TLS: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'too large a head': `GET / HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`,
  'too large a target': `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
}

function listening(answer: (log: Log) => string | undefined) {
  return (server: Server, log: Log) => {
    server.on('clientError', (error: Error & { rawPacket?: Buffer; bytesParsed?: number; reason?: string }, socket) => {
      log.note(`clientError ${nameOf(error)} ${shown(error.message)} ${error.rawPacket?.length}`)
      log.note(`socket writable ${socket.writable} destroyed ${socket.destroyed}`)
      const text = answer(log)
      if (text === undefined) socket.destroy()
      else socket.end(text)
    })
  }
}

const own = listening(() => 'HTTP/1.1 499 Mine\r\nConnection: close\r\nContent-Length: 4\r\n\r\nmine')
const handler = (_req: unknown, res: { end(text: string): unknown }) => res.end('answered')

const goodThenBad: Script = async ({ client }) => {
  client.send(get('/'))
  await client.answer()
  client.send('hello\r\n\r\n')
  await client.answer()
  await client.ended()
}

const endsInHead: Script = async ({ client }) => {
  client.send('GET / HTTP/1.1\r\nHost: x\r\n').finish()
  await client.ended()
}

export const refusals: Exchange[] = [
  ...rows(BAD, (text) => ({
    handler,
    client: async ({ client }) => {
      client.send(text)
      await client.answer()
    },
  })),
  ...Object.entries(BAD)
    .filter(([name]) => !/two hosts|no host$/.test(name))
    .map(
      ([name, text]) =>
        ({
          name: `${name}, which the app answers`,
          prepare: own,
          handler,
          client: async ({ client }) => {
            client.send(text)
            await client.answer()
            await client.ended()
          },
        }) satisfies Exchange,
    ),
  {
    name: 'a client that the app destroys',
    prepare: listening(() => undefined),
    handler,
    client: async ({ client }) => {
      client.send('hello\r\n\r\n')
      await client.ended()
    },
  },
  {
    name: 'a bad request behind a good one',
    handler,
    client: goodThenBad,
  },
  {
    name: 'a bad request behind a good one that the app answers',
    prepare: own,
    handler,
    client: goodThenBad,
  },
  {
    name: 'a bad request in the same segment as a good one',
    handler,
    client: async ({ client }) => {
      client.send(get('/'), 'hello\r\n\r\n')
      await client.ended()
    },
  },
  {
    name: 'a bad chunk',
    handler: (req, res, log) => {
      req.on('data', (data: Buffer) => log.note(`data ${data}`))
      req.on('end', () => res.end('whole'))
    },
    client: async ({ client, log }) => {
      client.send('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
      await log.when('data')
      client.send('zz\r\n')
      await client.ended()
    },
  },
  {
    name: 'a head that never ends',
    handler,
    client: endsInHead,
  },
  {
    name: 'a head that never ends, which the app answers',
    prepare: own,
    handler,
    client: endsInHead,
  },
  {
    name: 'a larger maxHeaderSize',
    options: { maxHeaderSize: 30_000 },
    handler,
    client: get('/', `X-A: ${'a'.repeat(20_000)}`),
  },
  {
    name: 'a smaller maxHeaderSize',
    options: { maxHeaderSize: 1000 },
    handler,
    client: async ({ client }) => {
      client.send(get('/', `X-A: ${'a'.repeat(2000)}`))
      await client.answer()
      await client.ended()
    },
  },
]
