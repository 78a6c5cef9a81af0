// Sends a case to a server, in the pieces that it comes in, and gathers whatever is answered until the connection ends.

import { once } from 'node:events'
import { connect } from 'node:net'
import { turn, within } from '../server/waiting.js'
import { type Answer, readAnswers } from './answers.js'

/** What is asked last on every connection: a server that has lost its place in the bytes does not answer it. */
export const LAST_REQUEST = 'GET /last HTTP/1.1\r\nHost: brink\r\nConnection: close\r\n\r\n'

const LIMIT_MS = 10_000

export async function askAll(port: number, pieces: readonly string[]): Promise<Answer[]> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
  const chunks: Buffer[] = []
  const closed = new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    // A server may refuse and close while it is still being sent to.
    socket.on('error', () => {})
    socket.on('end', resolve).on('close', () => resolve())
  })
  try {
    await within(once(socket, 'connect'), `a connection to port ${port}`, LIMIT_MS)
    for (const piece of pieces) {
      if (socket.writable) socket.write(piece, 'latin1')
      // Two turns: a server in this process has read the piece by then, and the next one comes in another read.
      await turn()
      await turn()
    }
    socket.end()
    await within(closed, 'the server to end the connection', LIMIT_MS)
  } finally {
    socket.destroy()
  }
  return readAnswers(Buffer.concat(chunks))
}
