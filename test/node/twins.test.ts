// What apps on Node's http server see and send, on brink's: byte for byte, event for event.
import type { ServerResponse } from 'node:http'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { setLateField } from '../late_field.js'
import { get, type Log, last, makers, outcomeOf, request, type Twin } from './twins.js'

/** Answers when the body is there. */
function echo(req: import('node:http').IncomingMessage, res: ServerResponse): void {
  let text = ''
  req.setEncoding('utf8').on('data', (piece: string) => {
    text += piece
  })
  req.on('end', () => res.end(`${text.length} ${JSON.stringify(req.trailers)}`))
}

function tell(log: Log, what: string, emitter: NodeJS.EventEmitter, events: readonly string[]): void {
  for (const event of events) emitter.on(event, () => log(`${what} ${event}`))
}

const twins: Readonly<Record<string, Twin>> = {
  'text with a length': { sends: [get('/'), last('/b')], handler: (req, res) => res.end(`hello ${req.url}`) },
  'no body at all': { sends: [get('/'), last('/')], handler: (_req, res) => res.end() },
  bytes: { sends: [last('/')], handler: (_req, res) => res.end(Buffer.from([0, 255, 10])) },
  'text beyond latin1': { sends: [last('/')], handler: (_req, res) => res.end('žluťoučký 漢字') },
  'text in another encoding': { sends: [last('/')], handler: (_req, res) => res.end('ff00', 'hex') },
  'an end with a callback': {
    sends: [last('/')],
    handler: (_req, res, log) => res.end('x', () => log('ended')),
  },
  'fields in their order and case': {
    sends: [last('/')],
    handler: (_req, res) => {
      res.setHeader('x-LOWER', '1').setHeader('Set-Cookie', ['a=1', 'b=2']).setHeader('X-Number', 5)
      res.setHeader('X-LOWER', 'again')
      res.end('x')
    },
  },
  'a field that was removed': {
    sends: [last('/')],
    handler: (_req, res) => {
      res.setHeader('a', '1').setHeader('b', '2')
      res.removeHeader('A')
      res.removeHeader('Date')
      res.end(JSON.stringify([res.getHeaderNames(), res.getHeader('b'), res.hasHeader('a')]))
    },
  },
  'fields beyond ASCII': {
    sends: [last('/')],
    handler: (_req, res) => {
      res.setHeader('X-Name', 'caf\u00e9')
      res.end(Buffer.from('x'))
    },
  },
  'writeHead with fields': {
    sends: [get('/'), last('/')],
    handler: (_req, res) => res.writeHead(201, 'As Told', { 'X-A': '1', 'Content-Length': 2 }).end('ok'),
  },
  'writeHead without a length': {
    sends: [get('/'), last('/')],
    handler: (_req, res) => res.writeHead(200, { 'Content-Type': 'text/plain' }).end('in a chunk'),
  },
  'writeHead without a length, and nothing behind it': {
    sends: [get('/bytes'), get('/text'), request('HEAD', '/bytes', ''), last('/none')],
    handler: (req, res) => {
      res.writeHead(200, { 'Content-Type': 'text/plain' })
      if (req.url === '/bytes') res.end(Buffer.alloc(0))
      else if (req.url === '/text') res.end('')
      else res.end()
    },
  },
  'no content, with bytes for it': {
    sends: [get('/204'), get('/304'), last('/304')],
    handler: (req, res) => res.writeHead(Number(req.url?.slice(1)), { 'X-A': '1' }).end(Buffer.alloc(0)),
  },
  'writeHead over fields that were set': {
    sends: [last('/')],
    handler: (_req, res) => {
      res.setHeader('X-A', '1').setHeader('X-B', '2')
      res.writeHead(404, { 'x-a': '3' })
      res.end('x')
    },
  },
  'writeHead with a name in two cases': {
    sends: [last('/')],
    handler: (_req, res) =>
      res.writeHead(200, { 'Set-Cookie': 'a=1', 'set-cookie': 'b=2', 'X-A': ['1', '2'] }).end('x'),
  },
  'writeHead with a connection field, and names that were not set': {
    sends: [get('/')],
    handler: (_req, res) => {
      res.writeHead(200, { Connection: 'close', 'X-A': '1' })
      res.end(JSON.stringify([res.getHeaderNames(), res.headersSent]))
    },
  },
  'writeHead with a list': {
    sends: [last('/')],
    handler: (_req, res) => res.writeHead(200, ['X-A', '1', 'X-A', '2']).end('x'),
  },
  'writeHead, then write': {
    sends: [last('/')],
    handler: (_req, res) => {
      res.writeHead(200, { 'X-A': '1' })
      res.write('one')
      res.end('two')
    },
  },
  'a status without content': {
    sends: [get('/'), last('/')],
    handler: (_req, res) => {
      res.statusCode = 204
      res.setHeader('X-A', '1')
      res.end('left out')
    },
  },
  "a status that is not Node's, with a reason": {
    sends: [last('/')],
    handler: (_req, res) => {
      res.statusCode = 799
      res.statusMessage = 'Of My Own'
      res.end('x')
    },
  },
  HEAD: {
    sends: [request('HEAD', '/', ''), request('HEAD', '/', '', ['Connection: close'])],
    handler: (_req, res) => {
      res.setHeader('X-A', '1')
      res.end('left out')
    },
  },
  'HEAD with a length': {
    sends: [request('HEAD', '/', '', ['Connection: close'])],
    handler: (_req, res) => res.writeHead(200, { 'Content-Length': 5 }).end('hello'),
  },
  pieces: {
    sends: [get('/'), last('/')],
    handler: (_req, res) => {
      res.write('one')
      setImmediate(() => {
        res.write(Buffer.from('two'))
        res.end('three')
      })
    },
  },
  'pieces with a length': {
    sends: [get('/'), last('/')],
    handler: (_req, res) => {
      res.setHeader('Content-Length', '00006')
      res.write('one')
      res.end('two')
    },
  },
  'trailers of a response': {
    sends: [last('/')],
    handler: (_req, res) => {
      res.setHeader('Trailer', 'x-sum')
      res.write('a')
      res.addTrailers({ 'x-sum': '1' })
      res.end()
    },
  },
  flushHeaders: {
    sends: [last('/')],
    handler: (_req, res) => {
      res.flushHeaders()
      setImmediate(() => res.end('later'))
    },
  },
  'an answer before another one': {
    sends: [get('/1') + get('/2') + last('/3')],
    handler: (req, res) => {
      if (req.url === '/1') setTimeout(() => res.end('first'), 30)
      else res.end(`then ${req.url}`)
    },
  },
  'a connection that the app ends': {
    sends: [get('/')],
    handler: (_req, res) => {
      res.setHeader('Connection', 'close')
      res.end('bye')
    },
  },
  'a connection that the app keeps by name': {
    sends: [get('/'), last('/')],
    options: { keepAliveTimeout: 1 },
    handler: (_req, res) => {
      res.setHeader('connection', 'Keep-Alive')
      res.end('x')
    },
  },
  "a date of the app's own": {
    sends: [last('/')],
    handler: (_req, res) => {
      res.setHeader('Date', 'today')
      res.end('x')
    },
  },
  'HTTP/1.0': {
    sends: ['GET / HTTP/1.0\r\n\r\n'],
    handler: (req, res) => res.end(`${req.httpVersion} ${req.headers.host}`),
  },
  'HTTP/1.0 that keeps its connection': {
    sends: ['GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n', 'GET / HTTP/1.0\r\n\r\n'],
    handler: (_req, res) => res.end('x'),
  },
  'requests without Host': { sends: ['GET / HTTP/1.1\r\n\r\n'], handler: (_req, res) => res.end('x') },
  'requests without Host, where none is required': {
    sends: ['GET / HTTP/1.1\r\nConnection: close\r\n\r\n'],
    options: { requireHostHeader: false },
    handler: (_req, res) => res.end('x'),
  },
  'odd targets': {
    sends: [get('//a//b/../c?%zz'), get('http://other/x'), request('OPTIONS', '*', '', ['Connection: close'])],
    handler: (req, res) => res.end(req.url),
  },
  methods: {
    sends: [request('PURGE', '/', ''), request('DELETE', '/', '', ['Connection: close'])],
    handler: (req, res) => res.end(req.method),
  },
  'fields as they came': {
    sends: [last('/', 'X-Ab: 1', 'x-aB: 2', 'Cookie: a', 'cookie: b', 'Age: 1', 'Age: 2', 'Set-Cookie: x')],
    handler: (req, res) =>
      res.end(JSON.stringify([req.rawHeaders, req.headers, req.headersDistinct, req.httpVersion, req.complete])),
  },
  'the same head again': {
    sends: [get('/', 'X-A: 1'), get('/', 'X-A: 1'), last('/')],
    handler: (req, res) => {
      const { headers } = req
      const before = JSON.stringify(headers)
      headers['x-a'] = 'changed'
      req.rawHeaders.length = 0
      res.end(before)
    },
  },
  'a body with a length': {
    sends: [request('POST', '/', 'x'.repeat(3000)), request('POST', '/', 'abc', ['Connection: close'])],
    handler: echo,
  },
  'a body in chunks, with trailers': {
    sends: [
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n',
      '2\r\nde\r\n0\r\nX-Sum: 5\r\nX-Sum: 6\r\n\r\n',
    ],
    handler: echo,
  },
  'a body that comes in pieces': {
    sends: [request('POST', '/', 'x'.repeat(10), ['Connection: close']).slice(0, -5), 'xxxxx'],
    handler: echo,
  },
  'a body that nobody reads': {
    sends: [request('POST', '/', 'abc'), last('/')],
    handler: (_req, res) => res.end('unread'),
  },
  'a body that is read behind its answer': {
    sends: [request('POST', '/', 'abcdef').slice(0, -3), 'def', last('/')],
    handler: (req, res, log) => {
      let text = ''
      req.on('data', (piece: Buffer) => {
        text += piece
      })
      req.on('end', () => log(`read ${text}`))
      res.end('early')
    },
  },
  'a body as an async iterator': {
    sends: [request('POST', '/', 'abc', ['Connection: close'])],
    handler: async (req, res) => {
      let text = ''
      for await (const piece of req) text += piece
      res.end(text)
    },
  },
  'events of a request and its response': {
    sends: [get('/'), last('/')],
    handler: (req, res, log) => {
      tell(log, 'req', req, ['end', 'close', 'aborted', 'error'])
      tell(log, 'res', res, ['prefinish', 'finish', 'close', 'pipe'])
      req.resume()
      setImmediate(() => res.end('x'))
    },
  },
  'states of a response': {
    sends: [last('/')],
    handler: (_req, res, log) => {
      const state = () =>
        log(
          [
            res.headersSent,
            res.writableEnded,
            res.writableFinished,
            res.finished,
            res.destroyed,
            res.writable,
            res.socket === null,
          ].join(),
        )
      state()
      res.on('finish', state)
      res.on('close', state)
      res.end('x')
      state()
    },
  },
  'what objects are': {
    sends: [last('/')],
    handler: (req, res) => res.end([req, res, req.socket].map(({ constructor: { name } }) => name).join()),
  },
  'a second end, and a write behind it': {
    sends: [last('/')],
    handler: (_req, res, log) => {
      res.on('error', (error: NodeJS.ErrnoException) => log(`${error.code}`))
      res.end('x')
      res.end()
      log(String(res.write('y')))
    },
  },
  'a head that is changed too late': {
    sends: [last('/')],
    handler: (_req, res, log) => {
      res.end('x')
      for (const change of [() => res.setHeader('a', '1'), () => res.writeHead(500), () => res.removeHeader('a')]) {
        try {
          change()
        } catch (error) {
          log(`${(error as NodeJS.ErrnoException).code}: ${(error as Error).message}`)
        }
      }
    },
  },
  'fields that cannot be': {
    sends: [last('/')],
    handler: (_req, res, log) => {
      const wrong: [string, unknown][] = [
        ['a b', '1'],
        ['a', 'x\ny'],
        ['a', undefined],
        ['', '1'],
      ]
      for (const [name, value] of wrong) {
        try {
          res.setHeader(name, value as string)
        } catch (error) {
          log(`${(error as NodeJS.ErrnoException).code}: ${(error as Error).message}`)
        }
      }
      for (const status of [99, 1000, Number.NaN]) {
        try {
          res.writeHead(status)
        } catch (error) {
          log(`${(error as NodeJS.ErrnoException).code}: ${(error as Error).message}`)
        }
      }
      res.end()
    },
  },
  'writeHead that others have replaced': {
    sends: [last('/')],
    handler: (_req, res) => {
      setLateField(res)
      res.end('x')
    },
  },
  'early hints and processing': {
    sends: [last('/')],
    handler: (_req, res) => {
      res.writeProcessing()
      res.writeEarlyHints({ link: '</a.css>; rel=preload' })
      res.end('x')
    },
  },
  'an expectation': {
    sends: [request('POST', '/', 'abc', ['Expect: 100-continue', 'Connection: close'])],
    handler: echo,
  },
  'an expectation that the app judges': {
    sends: [request('POST', '/', 'abc', ['Expect: 100-continue']).slice(0, -3)],
    prepare: (server, log) =>
      server.on('checkContinue', (_req, res: ServerResponse) => {
        log('asked')
        res.writeHead(413, { 'Content-Length': 0 }).end()
      }),
  },
  'an expectation that nobody knows': {
    sends: [get('/', 'Expect: wonders', 'Connection: close')],
    handler: (_req, res) => res.end('x'),
  },
  'no requests beyond a number': {
    sends: [get('/1'), get('/2'), get('/3')],
    options: { keepAliveTimeout: 1 },
    prepare: (server, log) => {
      server.maxRequestsPerSocket = 2
      server.on('dropRequest', () => log('dropped'))
    },
    handler: (_req, res) => res.end('x'),
  },
  'an upgrade': {
    sends: [get('/', 'Upgrade: echo', 'Connection: upgrade'), 'over there'],
    prepare: (server, log) =>
      server.on('upgrade', (req, socket, head: Buffer) => {
        log(`${req.headers.upgrade} ${head.length} ${socket === req.socket}`)
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n')
        socket.once('data', (bytes: Buffer) => socket.end(`back: ${bytes}`))
      }),
  },
  'an upgrade that nobody takes': {
    sends: [get('/', 'Upgrade: echo', 'Connection: upgrade, close')],
    handler: (req, res) => res.end(`plain ${(req as unknown as { upgrade: boolean }).upgrade}`),
  },
  CONNECT: {
    sends: ['CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n', 'through'],
    prepare: (server) =>
      server.on('connect', (req, socket) => {
        socket.write(`HTTP/1.1 200 ${req.url}\r\n\r\n`)
        socket.once('data', (bytes: Buffer) => socket.end(`back: ${bytes}`))
      }),
  },
  'CONNECT that nobody takes': { sends: ['CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n'] },
  'a target that is no path': { sends: ['GET a/b HTTP/1.1\r\nHost: a\r\n\r\n'] },
  'targets that are no paths': {
    sends: ['OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', last('http://a/b')],
    handler: (req, res) => res.end(req.url),
  },
  'an empty reason': {
    sends: [last('/')],
    handler: (_req, res) => res.writeHead(200, '').end(`${res.statusMessage}.`),
  },
  'what is no request': { sends: ['NO REQUEST\r\n\r\n'] },
  'a head that is too long': { sends: [get('/', `X: ${'x'.repeat(20_000)}`)] },
  'what is no request, where the app answers': {
    sends: ['GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n'],
    prepare: (server, log) =>
      server.on('clientError', (error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket) => {
        log(`${error.code} ${error.message} ${error.rawPacket?.length}`)
        socket.end('HTTP/1.1 400 As I Say\r\n\r\n')
      }),
  },
  'a socket that is destroyed in place of an answer': {
    sends: [get('/')],
    handler: (req, res, log) => {
      tell(log, 'res', res, ['close', 'finish'])
      tell(log, 'req', req, ['close', 'aborted'])
      res.destroy()
    },
  },
  'raw bytes on the socket': {
    sends: [get('/')],
    handler: (_req, res) => {
      const { socket } = res
      res.detachSocket(socket as import('node:net').Socket)
      socket?.end('HTTP/1.1 200 By Hand\r\n\r\nraw')
    },
  },
  'a client that leaves': {
    sends: [get('/')],
    leaves: true,
    handler: (req, res, log) => {
      tell(log, 'req', req, ['close', 'aborted'])
      tell(log, 'res', res, ['close', 'finish'])
    },
  },
  'a client that leaves within its body': {
    sends: [request('POST', '/', 'abc').slice(0, -1)],
    leaves: true,
    handler: (req, res, log) => {
      req.on('error', (error: NodeJS.ErrnoException) => log(`${error.code} ${error.message}`))
      tell(log, 'req', req, ['close', 'aborted', 'end'])
      tell(log, 'res', res, ['close', 'finish'])
      req.resume()
    },
  },
  'timeouts of a request, a response and the server': {
    sends: [get('/')],
    prepare: (server, log) => {
      server.setTimeout(30, (socket) => {
        log('server')
        socket.destroy()
      })
    },
    handler: (req, res, log) => {
      req.on('timeout', () => log('request'))
      res.on('timeout', () => log('response'))
    },
  },
  'a timeout of a request whose body is coming': {
    sends: [request('POST', '/', 'abc').slice(0, -1)],
    handler: (req, _res, log) => {
      req.setTimeout(30, (socket?: import('node:net').Socket) => {
        log('request')
        socket?.destroy()
      })
    },
  },
  'the events of connections': {
    sends: [get('/'), last('/')],
    prepare: (server, log) => {
      server.on('connection', (socket) => {
        log(`connection ${socket.remoteAddress} ${socket.readyState}`)
        socket.on('close', (hadError: boolean) => log(`close ${hadError}`))
      })
    },
    handler: (req, res, log) => {
      log(`request ${req.socket === res.socket} ${req.socket.listenerCount('close') > 0}`)
      res.end('x')
    },
  },
  'a listener that removes nothing of a subclass': {
    sends: [last('/')],
    options: {
      IncomingMessage: class extends (await import('node:http')).IncomingMessage {
        get shout(): string {
          return String(this.url).toUpperCase()
        }
      },
    },
    handler: (req, res) => res.end((req as unknown as { shout: string }).shout),
  },
}

for (const [name, twin] of Object.entries(twins)) {
  test(`as on node:http: ${name}`, async () => {
    const [node, brink] = await Promise.all([outcomeOf(makers.node, twin), outcomeOf(makers.brink, twin)])
    assert.equal(brink, node)
  })
}

test.run()
