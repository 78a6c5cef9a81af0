// Bodies of requests: how they come, how they are read, and Expect.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream'
import { chunked, chunkOf, type Exchange, echo, post, request, rows, type Script } from '../twins/exchange.js'
import { type Log, nameOf, shown } from '../twins/log.js'

type Read = (req: IncomingMessage, res: ServerResponse, log: Log) => unknown

const READS: Record<string, Read> = {
  'data and end': echo,
  'for await': async (req, res) => {
    let size = 0
    for await (const piece of req) size += (piece as Buffer).length
    res.end(`${size} bytes`)
  },
  'a pipe': (req, res) => req.pipe(res),
  'a pipeline': (req, res, log) => pipeline(req, res, (error) => log.note(`pipeline ends with ${nameOf(error)}`)),
  'readable and read': (req, res) => {
    let body = ''
    req.on('readable', () => {
      for (let piece = req.read(); piece !== null; piece = req.read()) body += piece
    })
    req.on('end', () => res.end(`${body.length}`))
  },
  'resume alone': (req, res) => {
    req.resume()
    req.on('end', () => res.end(`ended ${req.complete}`))
  },
  'a listener for resume': (req, res, log) => {
    req.on('resume', () => log.note('resumes'))
    req.on('end', () => res.end('ended'))
    req.resume()
  },
  nothing: (_req, res) => res.end('not read'),
  'nothing, and a late answer': (_req, res) => {
    setImmediate(() => res.end('not read'))
  },
  'an answer before it is read': (req, res) => {
    res.write('early ')
    req.on('data', () => {})
    req.on('end', () => res.end('late'))
  },
  'a reader that comes later': (req, res, log) => {
    setImmediate(() => setImmediate(() => echo(req, res, log)))
  },
  'a pause and a resume': (req, res, log) => {
    req.pause()
    log.note(`paused ${req.isPaused()}`)
    setImmediate(() => {
      echo(req, res, log)
      req.resume()
    })
  },
  'a listener that pauses at each piece': (req, res) => {
    let size = 0
    req.on('data', (piece: Buffer) => {
      size += piece.length
      req.pause()
      setImmediate(() => req.resume())
    })
    req.on('end', () => res.end(`${size}`))
  },
  'what the stream says': (req, res, log) => {
    log.note(
      shown([req.readable, req.readableEnded, req.readableFlowing, req.readableEncoding, req.readableObjectMode]),
    )
    req.on('end', () => log.note(shown([req.readable, req.readableEnded, req.complete, req.destroyed])))
    req.on('close', () => log.note(shown([req.readable, req.readableEnded, req.complete, req.destroyed])))
    echo(req, res, log)
  },
  toArray: async (req, res) => {
    const pieces = await req.toArray()
    res.end(`${Buffer.concat(pieces as Buffer[]).length}`)
  },
  'an encoding': (req, res) => {
    let body = ''
    req.setEncoding('utf8')
    req.on('data', (text: string) => {
      body += text
    })
    req.on('end', () => res.end(`${body.length}`))
  },
}

const BODIES: Record<string, string> = {
  'a length': post('hello'),
  'a length of zero': post('', 'Content-Length: 0'),
  chunks: chunked(['he', 'llo']),
  'no chunk': chunked([]),
  trailers: chunked(['abc'], ['X-T: 1', 'x-t: 2', 'X-U: 3'], 'Trailer: X-T'),
  'a large body': post('x'.repeat(200_000)),
  'large chunks': chunked(['x'.repeat(70_000), 'y'.repeat(70_000)]),
  'bytes above ASCII': post('\xe4\xf6\xfc\xe2\x82\xac'),
  'a body of GET': request('GET', '/', 'body'),
  'a body of DELETE': request('DELETE', '/', 'body'),
  'chunks with extensions': `${post('', 'Transfer-Encoding: chunked')}3;a=b\r\nabc\r\n0\r\n\r\n`,
  'chunks with zeros before their size': `${post('', 'Transfer-Encoding: chunked')}0003\r\nabc\r\n0\r\n\r\n`,
  'chunks of HTTP/1.0': 'POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc',
  'a coded body': post('\x1f\x8b\x08', 'Content-Encoding: gzip'),
}

/** In pieces, each of which the app has read before the next is sent. */
function inPieces(...pieces: string[]): Script {
  return async ({ client, log }) => {
    for (const [index, piece] of pieces.entries()) {
      client.send(piece)
      if (index < pieces.length - 1) await log.when('piece', index + 1)
    }
    await client.answer()
  }
}

const readPieces: Read = (req, res, log) => {
  log.note('piece: the head')
  req.on('data', (data: Buffer) => log.note(`piece ${data}`))
  req.on('end', () => res.end('read'))
}

const EXPECT = ['Expect: 100-continue', 'Content-Length: 5']
const expecting = request('POST', '/', '', ...EXPECT)
/** Sends the body when it is told to go on. */
const continuing: Script = async ({ client }) => {
  client.send(expecting)
  await client.interim()
  client.send('hello')
  await client.answer()
}

export const bodies: Exchange[] = [
  ...Object.entries(READS).flatMap(([reader, handler]) =>
    rows(
      Object.fromEntries(
        Object.entries(BODIES).filter(
          ([body]) => reader === 'data and end' || /^(a length|chunks|a large body)$/.test(body),
        ),
      ),
      (client) => ({ handler, client }),
    ).map((row) => ({ ...row, name: `${row.name} read by ${reader}` })),
  ),
  {
    name: 'a body in pieces',
    handler: readPieces,
    client: inPieces(request('POST', '/', '', 'Content-Length: 6'), 'ab', 'cd', 'ef'),
  },
  {
    name: 'chunks in pieces',
    handler: readPieces,
    client: inPieces(request('POST', '/', '', 'Transfer-Encoding: chunked'), chunkOf('ab'), chunkOf('cd'), chunkOf('')),
  },
  {
    name: 'an answer to a body that has not come',
    handler: (_req, res) => res.end('early'),
    client: async ({ client }) => {
      client.send(request('POST', '/', '', 'Content-Length: 5'))
      await client.answer()
      client.send('hello')
    },
  },
  {
    name: 'an answer that is taken while the body comes',
    handler: (req, res) => req.pipe(res),
    client: async ({ client }) => {
      client.send(request('POST', '/', '', 'Content-Length: 6'), 'ab')
      await client.text('ab')
      client.send('cd')
      await client.text('cd')
      client.send('ef')
      await client.text('0\r\n\r\n')
    },
  },
  {
    name: 'Expect: 100-continue',
    handler: echo,
    client: continuing,
  },
  {
    name: 'Expect: 100-continue with the body at hand',
    handler: echo,
    client: `${expecting}hello`,
  },
  {
    name: 'Expect: 100-continue in other letters',
    handler: echo,
    client: request('POST', '/', 'hello', 'Expect: 100-Continue'),
  },
  {
    name: 'checkContinue that goes on',
    prepare: (server, log) => {
      server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) => {
        log.note('checkContinue')
        res.writeContinue()
        echo(req, res, log)
      })
    },
    client: continuing,
  },
  {
    name: 'checkContinue that refuses',
    prepare: (server, log) => {
      server.on('checkContinue', (_req: IncomingMessage, res: ServerResponse) => {
        log.note('checkContinue')
        res.writeHead(417, { Connection: 'close' }).end('no')
      })
    },
    client: expecting,
  },
  {
    name: 'an expectation that nobody knows',
    handler: echo,
    client: request('POST', '/', 'hello', 'Expect: a-miracle'),
  },
  {
    name: 'checkExpectation',
    prepare: (server, log) => {
      server.on('checkExpectation', (req: IncomingMessage, res: ServerResponse) => {
        log.note('checkExpectation')
        echo(req, res, log)
      })
    },
    client: request('POST', '/', 'hello', 'Expect: a-miracle'),
  },
  {
    name: 'writeContinue that nobody waits for',
    handler: (req, res, log) => {
      res.writeContinue()
      echo(req, res, log)
    },
    client: post('hello'),
  },
  {
    name: 'a body that is read after the answer',
    handler: (req, res, log) => {
      res.end('answered')
      res.on('finish', () => {
        req.on('data', (data: Buffer) => log.note(`data ${data}`))
        req.on('end', () => log.note('end'))
      })
    },
    client: post('hello'),
  },
  {
    name: 'a body that is unshifted',
    handler: (req, res, log) => {
      req.once('data', (data: Buffer) => {
        req.pause()
        req.unshift(data)
        setImmediate(() => {
          echo(req, res, log)
          req.resume()
        })
      })
    },
    client: post('hello'),
  },
]
