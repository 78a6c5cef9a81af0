// A row of the table: an app and what a client does to it.

import type { IncomingMessage, RequestListener, Server, ServerOptions, ServerResponse } from 'node:http'
import type { Client } from './client.js'
import type { Log } from './log.js'

export type CreateServer = (options: ServerOptions, listener?: RequestListener) => Server

export type Handler = (req: IncomingMessage, res: ServerResponse, log: Log) => unknown

export interface Wire {
  readonly client: Client
  readonly log: Log
  readonly server: Server
  /** Another connection. */
  open(): Promise<Client>
}

export type Script = (wire: Wire) => Promise<unknown>

export interface Exchange {
  readonly name: string
  readonly options?: ServerOptions
  /** Is called with the server before it listens. */
  readonly prepare?: (server: Server, log: Log) => unknown
  readonly handler?: Handler
  /** Requests are sent in one segment, and one answer is awaited for each. */
  readonly client: Script | string | readonly string[]
  /** The events of a request are compared by themselves: those of others may come between them. */
  readonly interleaved?: boolean
}

export const FIELDS = 'Host: x\r\n'

export function get(target = '/', ...fields: string[]): string {
  return request('GET', target, '', ...fields)
}

export function head(target = '/', ...fields: string[]): string {
  return request('HEAD', target, '', ...fields)
}

/** With a Content-Length where there is a body. */
export function request(method: string, target: string, body: string, ...fields: string[]): string {
  const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body, 'latin1')}`]
  return `${[`${method} ${target} HTTP/1.1`, 'Host: x', ...fields, ...length].join('\r\n')}\r\n\r\n${body}`
}

export function post(body: string, ...fields: string[]): string {
  return request('POST', '/', body, ...fields)
}

export function chunked(chunks: readonly string[], trailers: readonly string[] = [], ...fields: string[]): string {
  const head = request('POST', '/', '', ...fields, 'Transfer-Encoding: chunked')
  return head + [...chunks, ''].map((chunk) => chunkOf(chunk, trailers)).join('')
}

export function chunkOf(data: string, trailers: readonly string[] = []): string {
  if (data === '') return `0\r\n${trailers.map((line) => `${line}\r\n`).join('')}\r\n`
  return `${data.length.toString(16)}\r\n${data}\r\n`
}

/** Reads the body to its end, notes what it was, and answers. */
export function echo(req: IncomingMessage, res: ServerResponse, log: Log): void {
  let body = ''
  req.setEncoding('latin1')
  req.on('data', (text: string) => {
    body += text
  })
  req.on('end', () => {
    log.note(`read ${body.length} bytes, trailers ${JSON.stringify(req.rawTrailers)}`)
    res.end(body.length > 200 ? `${body.length} bytes` : body)
  })
}

/** One row for each entry of a list. */
export function rows<T>(
  of: Readonly<Record<string, T>>,
  make: (entry: T, name: string) => Omit<Exchange, 'name'>,
): Exchange[] {
  return Object.entries(of).map(([name, entry]) => ({ name, ...make(entry, name) }))
}
