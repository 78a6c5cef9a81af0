// Servers of node:https and of brink/node/https, and what clients do to them.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import https from 'node:https'
import net from 'node:net'
import tls, { type ConnectionOptions, type TLSSocket } from 'node:tls'
import { createServer, type ServerOptions } from 'brink/node/https'
import { certificate, signedBy } from '../server/certificates.js'
import { within } from '../server/waiting.js'

export const localhost = certificate('localhost', 'ec', ['DNS:localhost', 'IP:127.0.0.1'])
export const other = certificate('other.example')
export const authority = certificate('authority')
export const alice = signedBy(authority, 'alice')

export const certificateText = JSON.stringify(localhost)

export type AnyServer = https.Server
export type Make = (options: ServerOptions, listener?: RequestListener) => AnyServer

export const makers: Readonly<Record<'node' | 'brink', Make>> = {
  node: (options, listener) => https.createServer(options as https.ServerOptions, listener),
  brink: (options, listener) => createServer(options, listener) as unknown as AnyServer,
}

export interface Answer {
  readonly text: string
  readonly socket: TLSSocket
  readonly session: Buffer | undefined
}

/** A request on a connection of its own, which the server closes. */
export async function ask(port: number, options: ConnectionOptions = {}, target = '/'): Promise<Answer> {
  const socket = tls.connect({ port, host: '127.0.0.1', ca: localhost.cert, ...options })
  let session: Buffer | undefined
  let text = ''
  socket.on('session', (given) => {
    session = given
  })
  socket.setEncoding('latin1').on('data', (piece: string) => {
    text += piece
  })
  socket.write(`GET ${target} HTTP/1.1\r\nHost: ${options.servername ?? '127.0.0.1'}\r\nConnection: close\r\n\r\n`)
  await within(once(socket, 'close'), 'the end of the connection')
  return { text: text.slice(text.indexOf('\r\n\r\n') + 4), socket, session }
}

export function hello(_req: IncomingMessage, res: ServerResponse): void {
  res.end('hello')
}

export async function exitOf(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<number | null> {
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  })
  const [code] = (await within(once(child, 'close'), 'the process to end')) as [number | null]
  return code
}

export function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return (error as { code: string }).code
  }
  return 'none'
}

export function raw(port: number, bytes: string, then?: 'destroy' | 'end'): Promise<unknown> {
  const socket = net.connect({ port, host: '127.0.0.1' })
  const closed = endOf(socket.resume())
  socket.on('connect', () => {
    if (bytes !== '') socket.write(Buffer.from(bytes, 'latin1'))
    if (then === 'end') socket.end()
    else if (then === 'destroy') setImmediate(() => socket.destroy())
  })
  return closed
}

export function handshake(port: number, options: ConnectionOptions): Promise<unknown> {
  return endOf(tls.connect({ port, host: '127.0.0.1', ca: localhost.cert, ...options }).resume())
}

/** Of a connection that may fail. */
export function endOf(socket: net.Socket): Promise<unknown> {
  socket.on('error', () => {})
  return within(new Promise((resolve) => socket.once('close', resolve)), 'the end of the connection')
}
