// What an app sees of a request's head.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Exchange, get, request, rows } from '../twins/exchange.js'

/** Everything that a request says of itself. */
function tell(req: IncomingMessage, res: ServerResponse): void {
  const { method, url, httpVersion, httpVersionMajor, httpVersionMinor, rawHeaders, headers, headersDistinct } = req
  const { complete, aborted, statusCode, statusMessage, socket, trailers, rawTrailers } = req
  const ends = { remote: socket.remoteAddress, family: socket.remoteFamily, local: socket.localAddress }
  const versions = { httpVersion, httpVersionMajor, httpVersionMinor }
  const state = { complete, aborted, statusCode, statusMessage, trailers, rawTrailers, keepAlive: res.shouldKeepAlive }
  res.end(JSON.stringify({ method, url, versions, rawHeaders, headers, headersDistinct, state, ends }))
}

const METHODS = [
  ...['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'COPY', 'LOCK', 'MKCOL', 'MOVE', 'PURGE'],
  ...[
    'PROPFIND',
    'PROPPATCH',
    'SEARCH',
    'UNLOCK',
    'BIND',
    'REBIND',
    'UNBIND',
    'ACL',
    'REPORT',
    'MKACTIVITY',
    'CHECKOUT',
  ],
  ...['MERGE', 'M-SEARCH', 'NOTIFY', 'SUBSCRIBE', 'UNSUBSCRIBE', 'MKCALENDAR', 'LINK', 'UNLINK', 'SOURCE', 'QUERY'],
]

const TARGETS = {
  'the root': '/',
  'a path': '/a/b/c',
  'a trailing slash': '/a/',
  'empty segments': '//a//b',
  dots: '/a/./b/../c',
  'a query': '/?a=1&b=%20&a=2',
  'an empty query': '/?',
  'a query with question marks': '/a?b?c=/d',
  escapes: '/%41%2F%e2%82%ac',
  'a broken escape': '/%zz%',
  'an escaped zero': '/%00',
  'odd characters': '/~a!$&\'()*+,;=:@|^`{}"<>',
  'a backslash': '/a\\b',
  'an asterisk': '*',
  'the absolute form': 'http://x/a?b',
  'the absolute form of another host': 'http://other:81/a',
  'the absolute form with a user': 'http://me:secret@x/a',
  'the absolute form without a path': 'http://x',
  'the absolute form of another scheme': 'ftp://x/a',
  'a name without a slash': 'a/b',
  'a long path': `/${'x'.repeat(4000)}`,
  'a semicolon': '/a;b=c',
}

const FIELDS: Record<string, string[]> = {
  'no more fields': [],
  'names in many cases': ['X-Some-Name: 1', 'x-LOWER: 2', 'UPPER: 3'],
  'a repeated field': ['X-A: 1', 'X-A: 2', 'x-a: 3'],
  'repeated cookies': ['Cookie: a=1', 'Cookie: b=2'],
  'repeated set-cookies': ['Set-Cookie: a=1', 'Set-Cookie: b=2'],
  'a repeated field that counts once': [
    'Content-Type: text/a',
    'Content-Type: text/b',
    'User-Agent: a',
    'User-Agent: b',
  ],
  'the others that count once': [
    ...['Age: 1', 'Age: 2', 'Authorization: a', 'Authorization: b', 'ETag: 1', 'ETag: 2', 'Expires: 1', 'Expires: 2'],
    ...['From: 1', 'From: 2', 'If-Modified-Since: 1', 'If-Modified-Since: 2', 'Location: 1', 'Location: 2'],
    ...['Max-Forwards: 1', 'Max-Forwards: 2', 'Referer: 1', 'Referer: 2', 'Retry-After: 1', 'Retry-After: 2'],
  ],
  'repeated accepts': ['Accept: a', 'Accept: b', 'Accept-Encoding: gzip', 'Accept-Encoding: br', 'Via: 1', 'Via: 2'],
  'an empty value': ['X-A:', 'X-B: ', 'X-C:\t'],
  'white space around a value': ['X-A:  a  b\t ', 'X-B:\ta'],
  'bytes above ASCII': ['X-A: \xe4\xf6\xfc', 'X-B: \xe2\x82\xac'],
  'a name like a property': ['__proto__: 1', 'constructor: 2', 'toString: 3'],
  'odd names': ["!#$%&'*+-.^_`|~9a: 1"],
  'a colon in a value': ['X-A: a:b:c'],
  'a long value': [`X-A: ${'v'.repeat(8000)}`],
  'a hundred fields': Array.from({ length: 100 }, (_, index) => `X-${index}: ${index}`),
  'connection close': ['Connection: close'],
  'connection keep-alive': ['Connection: keep-alive'],
  'connection with more names': ['Connection: close, X-A', 'X-A: 1'],
  'connection twice': ['Connection: keep-alive', 'Connection: close'],
  'an offer to upgrade that nobody takes': ['Connection: upgrade', 'Upgrade: h2c'],
  'upgrade without connection': ['Upgrade: websocket'],
  'te and trailer': ['TE: trailers', 'Trailer: X-A', 'Connection: TE'],
  'a length of zero': ['Content-Length: 0'],
  'a date': ['Date: Thu, 01 Jan 1970 00:00:00 GMT'],
  'a host in another case': ['HOST2: a'],
}

const PLAIN = {
  'HTTP/1.0': 'GET / HTTP/1.0\r\n\r\n',
  'HTTP/1.0 with a host': 'GET / HTTP/1.0\r\nHost: x\r\n\r\n',
  'HTTP/1.0 that stays': 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
  'empty lines before the request': `\r\n\r\n${get('/')}`,
  'a host with a port': 'GET / HTTP/1.1\r\nHost: example.org:8080\r\n\r\n',
  'a host of IPv6': 'GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n',
  'an empty host': 'GET / HTTP/1.1\r\nHost:\r\n\r\n',
  'no space behind the colon': 'GET / HTTP/1.1\r\nHost:x\r\nX-A:b\r\n\r\n',
}

export const requestHeads: Exchange[] = [
  ...METHODS.map((method) => ({ name: `the method ${method}`, handler: tell, client: request(method, '/', '') })),
  ...rows(TARGETS, (target) => ({ handler: tell, client: get(target) })),
  ...rows(FIELDS, (fields) => ({ handler: tell, client: get('/', ...fields) })),
  ...rows(PLAIN, (text) => ({ handler: tell, client: text })),
  {
    name: 'repeated fields joined by joinDuplicateHeaders',
    options: { joinDuplicateHeaders: true },
    handler: tell,
    client: get('/', 'Authorization: a', 'Authorization: b', 'Cookie: a', 'Cookie: b', 'ETag: 1', 'ETag: 2'),
  },
  {
    name: 'no host where none is required',
    options: { requireHostHeader: false },
    handler: tell,
    client: 'GET / HTTP/1.1\r\nX-A: 1\r\n\r\n',
  },
  {
    name: 'fields above maxHeadersCount',
    prepare: (server) => {
      server.maxHeadersCount = 3
    },
    handler: tell,
    client: get('/', 'X-1: 1', 'X-2: 2', 'X-3: 3', 'X-4: 4'),
  },
  {
    name: 'a head in single bytes',
    handler: tell,
    client: async ({ client }) => {
      for (const byte of get('/a', 'X-A: b')) {
        client.send(byte)
        await new Promise((resolve) => setImmediate(resolve))
      }
      await client.answer()
    },
  },
  {
    name: 'fields that are changed by the app',
    handler: (req, res) => {
      req.headers['x-a'] = 'changed'
      req.headers['x-new'] = 'new'
      req.url = '/changed'
      req.method = 'PUT'
      res.end(JSON.stringify([req.headers, req.rawHeaders, req.headersDistinct, req.url, req.method]))
    },
    client: get('/', 'X-A: 1'),
  },
  {
    name: 'what the app puts on the request',
    handler: (req, res) => {
      const own = req as typeof req & { body?: unknown; params?: unknown }
      own.body = { a: 1 }
      own.params = [1]
      const names = Object.keys(own).filter((name) => !name.startsWith('_'))
      res.end(JSON.stringify([own.body, own.params, names.includes('body'), 'params' in own]))
    },
    client: get('/'),
  },
  {
    name: 'a response whose request is told',
    handler: (req, res) => {
      res.end(`${res.req === req} ${res.socket === req.socket} ${res.connection === req.connection}`)
    },
    client: get('/'),
  },
  {
    name: 'classes of the app',
    handler: (req, res) => {
      const names = [req, res].map((object) => Object.prototype.toString.call(object))
      res.end(`${names} ${req.constructor.name} ${res.constructor.name}`)
    },
    client: get('/'),
  },
]
