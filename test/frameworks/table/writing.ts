// write and end in all their forms, callbacks, and the life of a response.

import type { ServerResponse } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import { setLateField } from '../../late_field.js'
import { type Exchange, get, head, rows } from '../twins/exchange.js'
import { type Log, nameOf, shown } from '../twins/log.js'

type Write = (res: ServerResponse, log: Log) => unknown
const loose = <T>(of: T) => of as unknown as (...args: unknown[]) => unknown

const WRITES: Record<string, Write> = {
  'an end alone': (res) => res.end(),
  'a string': (res) => res.end('text'),
  'an empty string': (res) => res.end(''),
  'UTF-8': (res) => res.end('h€llo'),
  latin1: (res) => res.end('\xe4', 'latin1'),
  hex: (res) => res.end('616263', 'hex'),
  base64: (res) => res.end('YWJj', 'base64'),
  utf16le: (res) => res.end('ab', 'utf16le'),
  'a Buffer': (res) => res.end(Buffer.from('bytes')),
  'a Uint8Array': (res) => res.end(new Uint8Array([97, 98])),
  'an empty Buffer': (res) => res.end(Buffer.alloc(0)),
  'end with a callback': (res, log) => res.end('x', () => log.note('end called back')),
  'end with a callback alone': (res, log) => res.end(() => log.note('end called back')),
  'end with an encoding and a callback': (res, log) => res.end('YWJj', 'base64', () => log.note('end called back')),
  'writes with callbacks': (res, log) => {
    log.note(`${res.write('a', () => log.note('a is written'))}`)
    log.note(`${res.write('b', 'latin1', () => log.note('b is written'))}`)
    res.end('c', () => log.note('c is written'))
  },
  'writes of many kinds': (res) => {
    res.write('a')
    res.write(Buffer.from('b'))
    res.write(new Uint8Array([99]))
    res.write('64', 'hex')
    res.end('e')
  },
  'empty writes': (res, log) => {
    log.note(`${res.write('')} ${res.write(Buffer.alloc(0))}`)
    res.end('x')
  },
  'an empty write and an empty end': (res) => {
    res.write('')
    res.end('')
  },
  'a head and an empty end': (res) => {
    res.writeHead(200, { 'Transfer-Encoding': 'chunked' }).end('')
  },
  'a head without a length and an empty end': (res) => res.writeHead(404, { 'X-W': '1' }).end(''),
  'a head and an empty Buffer': (res) => res.writeHead(404, { 'X-W': '1' }).end(Buffer.alloc(0)),
  'a head and an empty end in another turn': (res) => {
    res.writeHead(404, { 'X-W': '1' })
    setImmediate(() => res.end(''))
  },
  'an empty write and an end alone': (res) => {
    res.write('')
    res.end()
  },
  'an empty write in another turn': (res) => {
    res.write('')
    setImmediate(() => res.end(''))
  },
  'an empty Buffer in another turn': (res) => {
    res.write(Buffer.alloc(0))
    setImmediate(() => res.end(Buffer.alloc(0)))
  },
  'a write and an end alone': (res) => {
    res.write('a')
    res.end()
  },
  'writes in later turns': (res) => {
    res.write('a')
    setImmediate(() => {
      res.write('b')
      setImmediate(() => res.end('c'))
    })
  },
  'an end in a microtask': (res) => {
    queueMicrotask(() => res.end('late'))
  },
  'an end in a timer': (res) => {
    setTimeout(() => res.end('later'), 5)
  },
  'flushed fields': (res, log) => {
    res.flushHeaders()
    log.note(`${res.headersSent}`)
    setImmediate(() => res.end('x'))
  },
  'flushed fields with a length': (res) => {
    res.setHeader('Content-Length', 1)
    res.flushHeaders()
    setImmediate(() => res.end('x'))
  },
  'a head and a flush': (res) => {
    res.writeHead(200, { 'X-A': '1' }).flushHeaders()
    setImmediate(() => res.end('x'))
  },
  'corked writes': (res, log) => {
    res.cork()
    res.write('a')
    res.write('b')
    log.note(`${res.writableCorked}`)
    res.uncork()
    log.note(`${res.writableCorked}`)
    res.end('c')
  },
  'corked to the end': (res) => {
    res.cork()
    res.write('a')
    res.end('b')
  },
  'corked and uncorked in another turn': (res) => {
    res.cork()
    res.write('a')
    res.write('b')
    setImmediate(() => {
      res.uncork()
      res.end()
    })
  },
  'what the buffer holds': (res, log) => {
    log.note(`${res.writableLength} ${res.writableHighWaterMark} ${res.writableObjectMode}`)
    res.write('abc')
    log.note(`${res.writableNeedDrain}`)
    res.end('d')
  },
  'end twice': (res, log) => {
    res.end('a')
    log.attempt('again', () => res.end())
    log.attempt('again with a callback', () =>
      res.end((error?: Error) => log.note(`called back with ${nameOf(error)}`)),
    )
  },
  'end twice with data': (res, log) => {
    res.end('a')
    log.attempt(
      'again',
      () => loose(res.end.bind(res))('b', (error?: Error) => log.note(`called back with ${nameOf(error)}`)) === res,
    )
  },
  'write after end': (res, log) => {
    res.on('error', (error) => log.note(`error ${nameOf(error)}`))
    res.end('a')
    log.attempt('write', () => res.write('b', (error) => log.note(`called back with ${nameOf(error)}`)))
  },
  'write after destroy': (res, log) => {
    res.on('error', (error) => log.note(`error ${nameOf(error)}`))
    res.destroy()
    log.attempt('write', () => res.write('b', (error) => log.note(`called back with ${nameOf(error)}`)))
  },
  'more than the length': (res, log) => {
    res.setHeader('Content-Length', 1)
    log.attempt('end', () => res.end('abc') === res)
  },
  null: (res, log) => {
    log.attempt('write', () => loose(res.write.bind(res))(null))
    res.end()
  },
  'a number': (res, log) => {
    log.attempt('write', () => loose(res.write.bind(res))(1))
    log.attempt('end', () => loose(res.end.bind(res))(1))
    if (!res.writableEnded) res.end('x')
  },
  'no body where one is written': (res, log) => {
    res.statusCode = 204
    log.attempt('write', () => res.write('a'))
    res.end()
  },
  'flags before, between and after': (res, log) => {
    const told = () =>
      log.note(
        shown([res.headersSent, res.writableEnded, res.writableFinished, res.finished, res.writable, res.closed]),
      )
    told()
    res.write('a')
    told()
    res.end('b', told)
    told()
  },
  'a large string': (res) => res.end('x'.repeat(100_000)),
  'a large Buffer': (res) => res.end(Buffer.alloc(300_000, 'y')),
  'a large string of UTF-8': (res) => res.end('€'.repeat(50_000)),
  'many large writes': (res) => {
    for (let piece = 0; piece < 10; piece++) res.write(Buffer.alloc(50_000, `${piece}`))
    res.end()
  },
  'a Buffer that is changed after its end': (res, log) => {
    const bytes = Buffer.from('before')
    res.end(bytes, () => log.note('called back'))
  },
  'a stream': (res) => Readable.from(['a', 'b', 'c']).pipe(res),
  'a pipeline': (res, log) => {
    pipeline(Readable.from(['a', 'b']), res, (error) => log.note(`pipeline ends with ${nameOf(error)}`))
  },
  'a stream that fails': (res, log) => {
    const source = new Readable({
      read() {
        this.push('a')
        this.destroy(new Error('broken'))
      },
    })
    pipeline(source, res, (error) => log.note(`pipeline ends with ${nameOf(error)}`))
  },
  'a stream piped with a length': (res) => {
    res.setHeader('Content-Length', 3)
    Readable.from([Buffer.from('a'), Buffer.from('bc')]).pipe(res)
  },
}

const STRICT: Record<string, Write> = {
  'the right length': (res) => {
    res.setHeader('Content-Length', 2)
    res.end('ab')
  },
  'too much': (res, log) => {
    res.setHeader('Content-Length', 1)
    log.attempt('end', () => res.end('ab') === res)
    res.destroy()
  },
  'too little': (res, log) => {
    res.setHeader('Content-Length', 3)
    log.attempt('end', () => res.end('ab') === res)
    res.destroy()
  },
  'too much in writes': (res, log) => {
    res.setHeader('Content-Length', 2)
    res.write('ab')
    log.attempt('write', () => res.write('c'))
    res.end()
  },
}

const LISTENERS: Record<string, Write> = {
  'a writeHead that the app put in its place': (res) => {
    setLateField(res)
    res.end('x')
  },
  'a write and an end that the app put in their place': (res, log) => {
    const { write, end } = res
    res.write = ((...args: unknown[]) => {
      log.note('write')
      return loose(write.bind(res))(...args)
    }) as typeof write
    res.end = ((...args: unknown[]) => {
      log.note('end')
      return loose(end.bind(res))(...args)
    }) as typeof end
    res.write('a')
    res.end('b')
  },
  'a setHeader that the app put in its place': (res, log) => {
    const { setHeader } = res
    res.setHeader = ((name: string, value: string) => {
      log.note(`setHeader ${name}`)
      return setHeader.call(res, name, value)
    }) as typeof setHeader
    res.writeHead(200, { 'X-A': '1' })
    res.end()
  },
  'finish and close': (res, log) => {
    for (const event of ['prefinish', 'finish', 'close'])
      res.on(event, () => log.note(`${event} ${res.writableFinished}`))
    res.end('x')
  },
  'a prototype that the app put in between': (res, log) => {
    const between = Object.create(Object.getPrototypeOf(res) as object) as ServerResponse & { send(text: string): void }
    between.send = function (this: ServerResponse, text: string) {
      this.setHeader('X-Sent', '1').end(text)
    }
    Object.setPrototypeOf(res, between)
    log.note(`${typeof res.write}`)
    ;(res as typeof between).send('sent')
  },
}

export const writing: Exchange[] = [
  ...rows(WRITES, (write) => ({ handler: (_req, res, log) => write(res, log), client: get() })),
  ...rows(LISTENERS, (write) => ({ handler: (_req, res, log) => write(res, log), client: get() })),
  ...rows(STRICT, (write) => ({
    handler: (_req, res, log) => {
      res.strictContentLength = true
      write(res, log)
    },
    client: get(),
  })).map((row) => ({ ...row, name: `strictContentLength and ${row.name}` })),
  {
    name: 'bodies that HEAD does not have',
    handler: (_req, res, log) => {
      log.attempt('write', () => res.write('abc'))
      res.end('d')
    },
    client: head(),
  },
  {
    name: 'rejectNonStandardBodyWrites',
    options: { rejectNonStandardBodyWrites: true },
    handler: (_req, res, log) => {
      log.attempt('write', () => res.write('abc'))
      res.end()
    },
    client: head(),
  },
  {
    name: 'less than the length',
    handler: (_req, res) => {
      res.setHeader('Content-Length', 5)
      res.end('abc')
    },
    client: async ({ client }) => {
      client.send(get())
      await client.text('abc')
      client.send(get())
      await client.text('HTTP')
      await client.leave()
    },
  },
]
