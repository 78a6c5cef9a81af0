// setHeader and its relatives, trailers, and answers of 1xx.

import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { type Exchange, get, rows } from '../twins/exchange.js'
import type { Log } from '../twins/log.js'
import { shown } from '../twins/log.js'

type Write = (res: ServerResponse, log: Log) => unknown

const FIELDS: Record<string, Write> = {
  'a string': (res) => res.setHeader('X-A', 'b'),
  'a number': (res) => res.setHeader('X-A', 1),
  'an array': (res) => res.setHeader('X-A', ['1', '2']),
  'an empty array': (res) => res.setHeader('X-A', []),
  'a name in another case': (res) => res.setHeader('x-A', '1').setHeader('X-a', '2'),
  cookies: (res) => res.setHeader('Set-Cookie', ['a=1', 'b=2']),
  'one cookie': (res) => res.setHeader('set-cookie', 'a=1'),
  'appended fields': (res) => res.appendHeader('X-A', '1').appendHeader('x-a', '2').appendHeader('X-A', ['3', '4']),
  'appended cookies': (res) => res.appendHeader('Set-Cookie', 'a=1').appendHeader('Set-Cookie', 'b=2'),
  'a Map': (res) =>
    res.setHeaders(
      new Map([
        ['X-A', '1'],
        ['X-B', '2'],
      ]),
    ),
  Headers: (res) => res.setHeaders(new Headers({ 'X-A': '1', 'Set-Cookie': 'a=1' })),
  'a field that is taken away': (res) => {
    res.setHeader('X-A', '1')
    res.removeHeader('x-a')
  },
  'a Content-Type': (res) => res.setHeader('Content-Type', 'text/plain; charset=utf-8'),
  'a Connection taken away': (res) => res.removeHeader('Connection'),
  'a Content-Length taken away': (res) => res.removeHeader('Content-Length'),
  'chunks taken away': (res) => res.removeHeader('Transfer-Encoding'),
  'both taken away': (res) => {
    res.removeHeader('Transfer-Encoding')
    res.removeHeader('Content-Length')
  },
  'a Date taken away': (res) => res.removeHeader('Date'),
  'an own Date': (res) => res.setHeader('Date', 'today'),
  'a length with zeros': (res) => res.setHeader('Content-Length', '0001'),
  'a Connection of more': (res) => res.setHeader('Connection', 'close, X-A'),
  'an Upgrade': (res) => res.setHeader('Upgrade', 'h2c').setHeader('Connection', 'upgrade'),
  'fields in order': (res) => ['X-C', 'X-A', 'X-B'].reduce((to, name) => to.setHeader(name, '1'), res),
}

const LOOKS: Record<string, Write> = {
  getHeader: (res, log) => {
    res.setHeader('X-A', 1).setHeader('X-B', ['2', '3'])
    log.note(shown([res.getHeader('x-a'), res.getHeader('X-B'), res.getHeader('none') ?? null]))
  },
  getHeaders: (res, log) => {
    res.setHeader('X-A', '1').setHeader('Set-Cookie', ['a', 'b'])
    const headers: OutgoingHttpHeaders = res.getHeaders()
    log.note(`${shown(headers)} ${Object.getPrototypeOf(headers) === null}`)
  },
  getHeaderNames: (res, log) => log.note(shown(res.setHeader('X-A', '1').setHeader('x-b', '2').getHeaderNames())),
  getRawHeaderNames: (res, log) => {
    log.note(
      shown(
        (
          res.setHeader('X-A', '1').setHeader('x-b', '2') as ServerResponse & { getRawHeaderNames(): string[] }
        ).getRawHeaderNames(),
      ),
    )
  },
  hasHeader: (res, log) => log.note(shown([res.setHeader('X-A', '1').hasHeader('x-a'), res.hasHeader('x-b')])),
  'names of fields that nobody set': (res, log) => log.note(shown([res.getHeaderNames(), res.getHeaders()])),
}

const THROWS: Record<string, Write> = {
  'a bad name': (res) => res.setHeader('X A', '1'),
  'an empty name': (res) => res.setHeader('', '1'),
  'no value': (res) => (res.setHeader as (name: string) => unknown)('X-A'),
  'a bad value': (res) => res.setHeader('X-A', 'a\nb'),
  'a value above latin1': (res) => res.setHeader('X-A', '€'),
  'a bad value to append': (res) => res.appendHeader('X-A', 'a\nb'),
  'a name that is no string': (res) => (res.getHeader as (name: unknown) => unknown)(1),
  'nothing to take away': (res) => (res.removeHeader as () => unknown)(),
  'setHeaders of an object': (res) => res.setHeaders({ 'X-A': '1' } as unknown as Headers),
  'a bad trailer': (res) => res.addTrailers({ 'X A': '1' }),
  'a bad value of a trailer': (res) => res.addTrailers({ 'X-A': 'a\nb' }),
  'early hints without a link': (res) => res.writeEarlyHints({} as { link: string }),
  'early hints that are no object': (res) => (res.writeEarlyHints as (hints: unknown) => unknown)('x'),
  'a bad link of early hints': (res) => res.writeEarlyHints({ link: 'a b c' }),
}

const LATE: Record<string, Write> = {
  setHeader: (res) => res.setHeader('X-A', '1'),
  appendHeader: (res) => res.appendHeader('X-A', '1'),
  removeHeader: (res) => res.removeHeader('X-A'),
  setHeaders: (res) => res.setHeaders(new Map([['X-A', '1']])),
  writeHead: (res) => res.writeHead(201),
  getHeaders: (res) => res.getHeaders(),
  flushHeaders: (res) => res.flushHeaders(),
  'a statusCode': (res) => {
    res.statusCode = 500
  },
}

const TRAILERS: Record<string, Write> = {
  'trailers behind chunks': (res) => {
    res.setHeader('Trailer', 'X-A, X-B')
    res.write('x')
    res.addTrailers({ 'X-A': '1', 'X-B': '2' })
    res.end()
  },
  'trailers as pairs': (res) => {
    res.write('x')
    res.addTrailers([
      ['X-A', '1'],
      ['X-A', '2'],
    ])
    res.end()
  },
  'trailers of many values': (res) => {
    res.write('x')
    ;(res.addTrailers as (of: unknown) => void)({ 'X-A': ['1', '2'] })
    res.end()
  },
  'trailers without chunks': (res) => {
    res.addTrailers({ 'X-A': '1' })
    res.end('x')
  },
  'trailers with a length': (res) => {
    res.setHeader('Content-Length', 1)
    res.addTrailers({ 'X-A': '1' })
    res.end('x')
  },
  'trailers twice': (res) => {
    res.write('x')
    res.addTrailers({ 'X-A': '1' })
    res.addTrailers({ 'X-B': '2' })
    res.end()
  },
}

const INTERIM: Record<string, Write> = {
  writeContinue: (res) => res.writeContinue(),
  writeProcessing: (res) => res.writeProcessing(),
  'writeProcessing with a callback': (res, log) =>
    (res.writeProcessing as (done: () => void) => void)(() => log.note('written')),
  'early hints': (res) => res.writeEarlyHints({ link: '</a.css>; rel=preload; as=style' }),
  'early hints of many links': (res) => {
    res.writeEarlyHints({ link: ['</a.css>; rel=preload', '</b.js>; rel=preload'], 'x-trace': '1' })
  },
  'early hints with a callback': (res, log) =>
    res.writeEarlyHints({ link: '</a>; rel=preload' }, () => log.note('written')),
  'many of them': (res) => {
    res.writeContinue()
    res.writeProcessing()
    res.writeEarlyHints({ link: '</a>; rel=preload' })
  },
}

export const responseFields: Exchange[] = [
  ...rows(FIELDS, (write) => ({
    handler: (_req, res, log) => {
      log.attempt('gives', () => write(res, log))
      res.end('x')
    },
    client: get(),
  })),
  ...rows(FIELDS, (write) => ({
    handler: (_req, res, log) => {
      write(res, log)
      res.write('a')
      res.end('b')
    },
    client: get(),
  })).map((row) => ({ ...row, name: `${row.name}, and writes` })),
  ...rows(LOOKS, (write) => ({
    handler: (_req, res, log) => {
      write(res, log)
      res.end('x')
    },
    client: get(),
  })),
  ...rows(THROWS, (write) => ({
    handler: (_req, res, log) => {
      log.attempt('gives', () => write(res, log))
      res.end('x')
    },
    client: get(),
  })),
  ...rows(LATE, (write) => ({
    handler: (_req, res, log) => {
      res.setHeader('X-B', '1')
      res.write('a')
      log.attempt('gives', () => write(res, log))
      res.end('b')
      log.attempt('gives', () => write(res, log))
    },
    client: get(),
  })).map((row) => ({ ...row, name: `${row.name} too late` })),
  ...rows(TRAILERS, (write) => ({ handler: (_req, res, log) => write(res, log), client: get() })),
  ...rows(INTERIM, (write) => ({
    handler: (_req, res, log) => {
      log.attempt('gives', () => write(res, log))
      setImmediate(() => res.end('x'))
    },
    client: get(),
  })),
  {
    name: 'early hints after the head',
    handler: (_req, res, log) => {
      res.write('a')
      log.attempt('gives', () => res.writeEarlyHints({ link: '</a>; rel=preload' }))
      log.attempt('gives', () => res.writeProcessing())
      res.end('b')
    },
    client: async ({ client }) => {
      client.send(get())
      await client.text('a\r\n')
      await client.leave()
    },
  },
  {
    name: 'fields of uniqueHeaders',
    options: { uniqueHeaders: ['x-a'] },
    handler: (_req, res) => res.setHeader('x-a', ['1', '2']).setHeader('x-b', ['3', '4']).end('x'),
    client: get(),
  },
]
