// writeHead in all its forms, statuses, and what Node adds by itself.

import type { ServerResponse } from 'node:http'
import { type Exchange, get, head, rows } from '../twins/exchange.js'

type Write = (res: ServerResponse) => unknown
/** Tests give what types would not let them. */
type Loose = (...args: unknown[]) => ServerResponse
const loose = (res: ServerResponse) => res.writeHead.bind(res) as unknown as Loose

const WRITE_HEAD: Record<string, Write> = {
  'a status alone': (res) => res.writeHead(200).end('x'),
  'a status and a reason': (res) => res.writeHead(200, 'Fine').end('x'),
  'an empty reason': (res) => res.writeHead(200, '').end('x'),
  'an object': (res) => res.writeHead(201, { 'X-A': '1', 'x-b': 2, 'X-C': ['3', '4'] }).end('x'),
  'a reason and an object': (res) => res.writeHead(404, 'Gone fishing', { 'X-A': '1' }).end('x'),
  'a flat array': (res) => res.writeHead(200, ['X-A', '1', 'X-B', '2', 'X-A', '3']).end('x'),
  'an array of pairs': (res) =>
    loose(res)(200, [
      ['X-A', '1'],
      ['X-B', '2'],
      ['X-A', '3'],
    ]).end('x'),
  'a reason and an array': (res) => res.writeHead(200, 'Fine', ['X-A', '1']).end('x'),
  'undefined fields': (res) => loose(res)(200, undefined).end('x'),
  'null fields': (res) => loose(res)(200, null).end('x'),
  'fields over those set before': (res) => {
    res.setHeader('X-A', 'old')
    res.setHeader('X-B', 'kept')
    res.writeHead(200, { 'x-a': 'new' }).end('x')
  },
  'an array over fields set before': (res) => {
    res.setHeader('X-A', 'old')
    res.setHeader('X-B', 'kept')
    res.writeHead(200, ['x-a', 'new', 'x-c', 'more']).end('x')
  },
  'a repeated name in an array over fields set before': (res) => {
    res.setHeader('X-B', 'kept')
    res.writeHead(200, ['X-A', '1', 'X-A', '2']).end('x')
  },
  'a length': (res) => res.writeHead(200, { 'Content-Length': 1 }).end('x'),
  'a length in small letters': (res) => res.writeHead(200, { 'content-length': '1' }).end('x'),
  'a length and writes': (res) => {
    res.writeHead(200, { 'Content-Length': 2 })
    res.write('a')
    res.end('b')
  },
  'chunks asked for': (res) => res.writeHead(200, { 'Transfer-Encoding': 'chunked' }).end('x'),
  'connection close': (res) => res.writeHead(200, { Connection: 'close' }).end('x'),
  'connection keep-alive': (res) => res.writeHead(200, { Connection: 'keep-alive' }).end('x'),
  'an own Keep-Alive': (res) => res.writeHead(200, { 'Keep-Alive': 'timeout=9, max=3' }).end('x'),
  'an own Date': (res) => res.writeHead(200, { Date: 'never' }).end('x'),
  'set-cookies': (res) => res.writeHead(200, { 'Set-Cookie': ['a=1', 'b=2'] }).end('x'),
  'an empty value': (res) => res.writeHead(200, { 'X-A': '' }).end('x'),
  'latin1 in a value': (res) => res.writeHead(200, { 'X-A': '\xe4\xf6' }).end('x'),
  'latin1 in a value and UTF-8 in the body': (res) => res.writeHead(200, { 'X-A': '\xe4' }).end('\xe4€'),
  'a reason in latin1': (res) => res.writeHead(200, 'Sch\xf6n').end('x'),
  'a status as a string': (res) => loose(res)('201').end('x'),
  'a status with a fraction': (res) => loose(res)(200.9).end('x'),
  'a body after the head alone': (res) => {
    res.writeHead(200)
    setImmediate(() => res.end('x'))
  },
  'no body': (res) => res.writeHead(200).end(),
  'a Trailer': (res) => {
    res.writeHead(200, { Trailer: 'X-T' })
    res.write('x')
    res.addTrailers({ 'X-T': '1' })
    res.end()
  },
}

const THROWS: Record<string, unknown[]> = {
  'a status of 99': [99],
  'a status of 1000': [1000],
  'a status that is no number': ['abc'],
  'a status of NaN': [Number.NaN],
  'no status': [],
  'a reason with a line end': [200, 'a\r\nb'],
  'a bad name': [200, { 'X A': '1' }],
  'an empty name': [200, { '': '1' }],
  'a bad value': [200, { 'X-A': 'a\r\nb' }],
  'a value above latin1': [200, { 'X-A': '€' }],
  'an undefined value': [200, { 'X-A': undefined }],
  'an odd array': [200, ['X-A', '1', 'X-B']],
}

const STATUSES = [
  ...[200, 201, 202, 203, 204, 205, 206, 207, 226, 299, 300, 301, 302, 303, 304, 305, 307, 308, 400, 401, 402, 403],
  ...[404, 405, 409, 410, 413, 418, 422, 429, 431, 451, 499, 500, 501, 502, 503, 504, 511, 599, 600, 700, 999],
]

const STATUS_FORMS: Record<string, Write> = {
  'a statusCode': (res) => {
    res.statusCode = 404
    res.end('x')
  },
  'a statusCode and a statusMessage': (res) => {
    res.statusCode = 299
    res.statusMessage = 'Odd enough'
    res.end('x')
  },
  'a statusMessage alone': (res) => {
    res.statusMessage = 'Splendid'
    res.end('x')
  },
  'no Date': (res) => {
    res.sendDate = false
    res.end('x')
  },
  'no Date and no more': (res) => {
    res.sendDate = false
    res.removeHeader('Connection')
    res.writeHead(200).end()
  },
  'shouldKeepAlive taken back': (res) => {
    res.shouldKeepAlive = false
    res.end('x')
  },
  'chunks by default': (res) => {
    res.write('a')
    res.end('b')
  },
  'chunks turned off': (res) => {
    res.useChunkedEncodingByDefault = false
    res.write('a')
    res.end('b')
  },
}

const BODILESS = [204, 205, 304]

export const responseHeads: Exchange[] = [
  ...rows(WRITE_HEAD, (write) => ({ handler: (_req, res) => write(res), client: get() })),
  ...rows(THROWS, (args) => ({
    handler: (_req, res, log) => {
      log.attempt('writeHead', () => loose(res)(...args))
      if (!res.headersSent) Object.assign(res, { statusCode: 200, statusMessage: 'OK' })
      res.end('x')
    },
    client: get(),
  })),
  ...STATUSES.map((status) => ({
    name: `a body with ${status}`,
    handler: (_req: unknown, res: ServerResponse) => res.writeHead(status).end('body'),
    client: get(),
  })),
  ...BODILESS.flatMap((status): Exchange[] => [
    { name: `${status} with an end alone`, handler: (_req, res) => res.writeHead(status).end(), client: get() },
    {
      name: `${status} with a length`,
      handler: (_req, res) => res.writeHead(status, { 'Content-Length': 4 }).end(),
      client:
        status === 205
          ? ({ client }) =>
              Promise.resolve(client.send(get()))
                .then(() => client.text('\r\n\r\n'))
                .then(() => client.leave())
          : get(),
    },
    {
      name: `${status} with chunks`,
      handler: (_req, res) => {
        res.statusCode = status
        res.write('a')
        res.end('b')
      },
      client: get(),
    },
  ]),
  ...rows(STATUS_FORMS, (write) => ({ handler: (_req, res) => write(res), client: get() })),
  ...rows(
    {
      'HEAD with a body': (res: ServerResponse) => res.end('body'),
      'HEAD with a length': (res: ServerResponse) => res.writeHead(200, { 'Content-Length': 4 }).end('body'),
      'HEAD with writes': (res: ServerResponse) => {
        res.write('a')
        res.end('b')
      },
      'HEAD with an end alone': (res: ServerResponse) => res.end(),
      'HEAD with chunks asked for': (res: ServerResponse) =>
        res.writeHead(200, { 'Transfer-Encoding': 'chunked' }).end(),
    },
    (write) => ({ handler: (_req, res) => write(res), client: head() }),
  ),
  {
    name: 'another transfer coding',
    handler: (_req, res) => res.writeHead(200, { 'Transfer-Encoding': 'gzip' }).end('<coded>'),
    client: async ({ client }) => {
      client.send(get())
      await client.text('<coded>')
      await client.leave()
    },
  },
  {
    name: 'writeHead twice',
    handler: (_req, res, log) => {
      res.writeHead(200)
      log.attempt('again', () => res.writeHead(201))
      res.end('x')
    },
    client: get(),
  },
  {
    name: 'a head for HTTP/1.0',
    handler: (_req, res) => {
      res.write('a')
      res.end('b')
    },
    client: 'GET / HTTP/1.0\r\n\r\n',
  },
  {
    name: 'a head for HTTP/1.0 that stays',
    handler: (_req, res) => res.end('ab'),
    client: 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
  },
]
