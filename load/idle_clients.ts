// A program: opens connections, has one request answered on each, and holds them until its standard input ends.
//
//   node idle_clients.js http://127.0.0.1:8080/plaintext 10000
//
// It writes how many it holds when it has them, and how many were left at the end. A server that is full answers 503;
// then no more are opened.

import { connect, type Socket } from 'node:net'

const ANSWER_WITHIN_MS = 10_000
const OPENED_AT_ONCE = 64
const CONNECTIONS_OF_AN_ADDRESS = 20_000

const [address = '', wanted = '0'] = process.argv.slice(2)
const url = new URL(address)
const held = new Set<Socket>()
let started = 0
let full = false

await Promise.all(Array.from({ length: OPENED_AT_ONCE }, openInTurn))
console.log(held.size)
process.stdin.resume().once('end', () => {
  console.log(held.size)
  // A reset leaves no TIME_WAIT behind, of which ten thousand would be in the way of the next measurement.
  for (const socket of held) socket.resetAndDestroy()
})

async function openInTurn(): Promise<void> {
  while (!full && started < Number(wanted)) {
    started += 1
    await openOne()
  }
}

/** Throws what ends this program: a connection that neither is served nor turned away makes the measurement void. */
async function openOne(): Promise<void> {
  const socket = connect({ port: Number(url.port), host: url.hostname, ...source(started) })
  socket.write(`GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`)
  const statusLine = await firstLine(socket)
  if (statusLine.startsWith('HTTP/1.1 503')) {
    full = true
    socket.destroy()
    return
  }
  if (!statusLine.startsWith('HTTP/1.1 200')) throw new Error(`The server answered ${statusLine}`)
  held.add(socket)
  socket.on('close', () => held.delete(socket))
}

/** An address has less than 2^16 ports: where one is not enough, the loopback has others. */
function source(index: number): { localAddress?: string } {
  const address = Math.floor(index / CONNECTIONS_OF_AN_ADDRESS)
  return url.hostname === '127.0.0.1' && address > 0 ? { localAddress: `127.0.0.${1 + address}` } : {}
}

function firstLine(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('The server has not answered in time')), ANSWER_WITHIN_MS)
    socket
      .on('error', reject)
      .on('close', () => reject(new Error('The server closed a connection without an answer')))
      .once('data', (bytes) => {
        clearTimeout(late)
        resolve(bytes.toString('latin1').split('\r\n', 1)[0] ?? '')
      })
  })
}
