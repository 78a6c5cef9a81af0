// Connections that each ask once for an answer that is late, and measure how late it is. It runs in a process of its own.
import { connect, type Socket } from 'node:net'

/** What one answer took beyond its delay, in milliseconds. */
export type Errors = number[]

const END = Buffer.from('\r\n\r\n')

/** Opens connections a hundred at a time: a queue of the system that is full would lose some for a second. */
async function open(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = []
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(100, count - sockets.length) }, () => opened(port))
    sockets.push(...(await Promise.all(some)))
  }
  return sockets
}

function opened(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    socket.once('error', reject)
    socket.once('connect', () => resolve(socket))
  })
}

/** Asks on a connection that is open. */
function late(socket: Socket, delay: number): Promise<number> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('The connection ended before its answer.')))
    socket.once('data', (answer: Buffer) => {
      const error = performance.now() - begun - delay
      if (answer.includes(END) && answer.includes(' 200 ')) resolve(error)
      else reject(new Error(answer.toString('latin1', 0, 200)))
    })
    const fault = delay === 0 ? 'none' : `delay=${Math.round(delay * 1000)}us`
    const begun = performance.now()
    socket.write(`GET /plaintext HTTP/1.1\r\nHost: a\r\nx-fault: ${fault}\r\n\r\n`)
  })
}

/** So many answers, with delays evenly between two times. */
export async function measure(port: number, count: number, least: number, most: number): Promise<Errors> {
  const sockets = await open(port, count)
  const asked: Promise<number>[] = []
  for (const [at, socket] of sockets.entries()) {
    asked.push(late(socket, least + ((most - least) * ((at * 7919) % count)) / count))
    // About five in a millisecond: in a burst, the last ones would wait for the others to be read.
    if (at % 5 === 4) await new Promise((resolve) => setTimeout(resolve, 1))
  }
  const errors = await Promise.all(asked)
  for (const socket of sockets) socket.removeAllListeners('close').destroy()
  return errors
}
