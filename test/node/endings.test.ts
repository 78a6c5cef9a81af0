// What apps see at the end of messages and connections, on Node's http server and on brink's. What one object tells is
// compared in its order; between objects it depends on who listened first.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, type Log, last, makers, type Outcome, outcomeOf, request, type Twin } from './twins.js'

/** Logs all that a message, its response and its socket tell. */
function watch(req: IncomingMessage, res: ServerResponse, log: Log): void {
  const watched: [string, NodeJS.EventEmitter, string[]][] = [
    ['req', req, ['aborted', 'end', 'error', 'close']],
    ['res', res, ['finish', 'error', 'close']],
    ['socket', req.socket, ['end', 'error', 'close']],
  ]
  for (const [name, emitter, events] of watched) {
    for (const event of events) emitter.on(event, (cause: unknown) => log(`${name} ${event} ${nameOf(cause)}`))
  }
}

function nameOf(cause: unknown): string {
  return cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : ''
}

type Act = (req: IncomingMessage, res: ServerResponse, log: Log) => void

const acts: Readonly<Record<string, Act>> = {
  'req.destroy()': (req) => req.destroy(),
  'req.destroy(error)': (req) => req.destroy(new Error('enough')),
  'res.destroy()': (_req, res) => res.destroy(),
  'socket.destroy()': (req) => req.socket.destroy(),
  'socket.destroy(error)': (req) => req.socket.destroy(new Error('enough')),
  'socket.destroySoon()': (req) => req.socket.destroySoon(),
}

const twins: Record<string, Twin> = {
  'the end of a body, and of its answer': {
    sends: [request('POST', '/', 'abc', ['Connection: close'])],
    handler: (req, res, log) => {
      for (const event of ['end', 'close']) req.on(event, () => log(`in order: req ${event}`))
      for (const event of ['finish', 'close']) res.on(event, () => log(`in order: res ${event}`))
      req.resume().on('end', () => res.end('x'))
    },
  },
  'trailers, looked at when the body has ended': {
    sends: [
      'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n',
    ],
    handler: (req, res) =>
      req.on('data', () => {}).on('end', () => res.end(JSON.stringify([req.rawTrailers, req.trailers, req.complete]))),
  },
  'a body that is read behind its answer': {
    sends: [request('POST', '/', 'abc', ['Connection: close'])],
    handler: (req, res, log) => {
      res.on('finish', () => {
        req.on('data', (piece: Buffer) => log(`${piece}`)).on('end', () => log('end'))
      })
      res.end('x')
    },
  },
  'what the app writes to the socket, in place of an answer': {
    sends: [get('/')],
    handler: (req) => {
      req.socket.write('HTTP/1.1 200 By Hand\r\n\r\nraw')
      setImmediate(() => req.socket.destroySoon())
    },
  },
  'shouldKeepAlive of the last request': {
    sends: [get('/'), last('/')],
    handler: (_req, res, log) => {
      res.on('finish', () => log(`${res.shouldKeepAlive}`))
      res.end('x')
    },
  },
  'a client that leaves in the middle of a head': {
    sends: [get('/'), 'GET / HT'],
    leaves: true,
    handler: (_req, res) => void res.end('x'),
    prepare: (server, log) =>
      server.on('clientError', (error, socket) => {
        log(`${nameOf(error)} ${error.message} ${(error as { rawPacket?: Buffer }).rawPacket?.length}`)
        socket.destroy()
      }),
  },
  'a client that leaves in the middle of a body': {
    sends: [request('POST', '/', 'abc').slice(0, -1)],
    leaves: true,
    handler: (req, res, log) => {
      watch(req, res, log)
      req.resume()
    },
  },
  'a socket of which the app ends its side alone': {
    sends: [get('/')],
    leaves: true,
    handler: (req, res, log) => {
      watch(req, res, log)
      req.socket.end('HTTP/1.1 200 By Hand\r\n\r\nraw')
    },
  },
  'a client that leaves while it waits': { sends: [get('/')], leaves: true, handler: watch },
  'a broken chunk': {
    sends: ['POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n', 'zz\r\n'],
    handler: (req, res, log) => {
      watch(req, res, log)
      req.resume()
    },
  },
}
for (const [name, act] of Object.entries(acts)) {
  const handler: Act = (req, res, log) => {
    watch(req, res, log)
    act(req, res, log)
  }
  twins[`${name} at once`] = { sends: [get('/')], handler }
  twins[`${name} in another turn`] = {
    sends: [get('/')],
    handler: (req, res, log) => void setImmediate(handler, req, res, log),
  }
  twins[`${name} within an answer`] = {
    sends: [get('/')],
    handler: (req, res, log) => {
      res.write('begun')
      setImmediate(handler, req, res, log)
    },
  }
}

for (const [name, twin] of Object.entries(twins)) {
  test(`as on node:http: ${name}`, async () => {
    const [node, brink] = await Promise.all([outcomeOf(makers.node, twin), outcomeOf(makers.brink, twin)])
    assert.equal(byObject(brink), byObject(node))
  })
}

function byObject({ received, log }: Outcome): Outcome {
  const objects = ['req', 'res', 'socket']
  const rank = (line: string) => objects.indexOf(line.split(' ', 1)[0] ?? '')
  return { received, log: [...log].sort((one, other) => rank(one) - rank(other)) }
}

test.run()
