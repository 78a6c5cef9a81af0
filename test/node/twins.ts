// One app on Node's http server and on brink's: the same bytes are sent to both, and what comes back, and what the app
// saw, is compared.

import { once } from 'node:events'
import http, { type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { createServer } from 'brink/node'
import { within } from '../server/waiting.js'

/** What happens, in its order. */
export type Log = (what: string) => void

export interface Twin {
  /** What the client sends, piece by piece, each when the last has been answered by some byte or a turn has passed. */
  readonly sends: readonly string[]
  readonly handler?: (req: IncomingMessage, res: ServerResponse, log: Log) => void
  readonly options?: http.ServerOptions
  /** Before it listens. */
  readonly prepare?: (server: Server, log: Log) => void
  /** The client leaves instead of waiting for the end. */
  readonly leaves?: boolean
}

export interface Outcome {
  readonly received: string
  readonly log: readonly string[]
}

export type Make = (options: http.ServerOptions, listener?: http.RequestListener) => Server

export const makers: Readonly<Record<'node' | 'brink', Make>> = {
  node: (options, listener) => http.createServer(options, listener),
  brink: (options, listener) => createServer(options, listener),
}

export async function outcomeOf(make: Make, twin: Twin): Promise<Outcome> {
  const log: string[] = []
  const say: Log = (what) => log.push(what)
  const { handler } = twin
  const server = make(twin.options ?? {}, handler && ((req, res) => handler(req, res, say)))
  twin.prepare?.(server, say)
  server.listen(0, '127.0.0.1')
  await within(once(server, 'listening'), 'the server to listen')
  const { port } = server.address() as AddressInfo
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  let received = ''
  client.setEncoding('latin1').on('data', (text: string) => {
    received += text
  })
  client.on('error', () => {
    received += '[reset]'
  })
  const ended = new Promise<void>((resolve) => {
    client.on('end', resolve).on('close', resolve)
  })
  for (const bytes of twin.sends) {
    client.write(Buffer.from(bytes, 'latin1'))
    await new Promise((resolve) => setTimeout(resolve, 20))
    // A process that did not get the processor for as long has not looked at its sockets yet.
    await turns(5)
  }
  if (twin.leaves) client.destroy()
  await within(ended, 'the end of the connection')
  client.destroy()
  if (twin.leaves) await within(left(server), 'the server to see that its client has left')
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeAllConnections()
  await within(closed, 'the server to close')
  // Node tells the 'close' of its last sockets in the turn behind.
  await turns(3)
  return { received: received.replace(/^Date: .*\r$/gm, 'Date: X\r'), log }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate)
}

async function left(server: Server): Promise<void> {
  for (;;) {
    const connections = await new Promise((resolve) => server.getConnections((_error, count) => resolve(count)))
    if (connections === 0) return
    await new Promise(setImmediate)
  }
}

export function get(path: string, ...fields: string[]): string {
  return request('GET', path, '', fields)
}

/** The last one of its connection. */
export function last(path: string, ...fields: string[]): string {
  return get(path, 'Connection: close', ...fields)
}

export function request(method: string, path: string, body: string, fields: readonly string[] = []): string {
  const length = body === '' ? [] : [`Content-Length: ${body.length}`]
  return `${[`${method} ${path} HTTP/1.1`, 'Host: a', ...fields, ...length].join('\r\n')}\r\n\r\n${body}`
}
