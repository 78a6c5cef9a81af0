// A server of brink/node in a worker thread, that leaves some of its requests open. Says its port.
import type { AddressInfo, Socket } from 'node:net'
import { parentPort } from 'node:worker_threads'
import { createServer } from 'brink/node'

const server = createServer((req, res) => {
  if (req.url === '/large') res.end(Buffer.alloc(12 * 1024 * 1024))
  else if (req.url === '/stream') setInterval(() => res.write('x'.repeat(50_000)), 1)
  else if (req.url !== '/hang') res.end('answered')
})
server.on('upgrade', (_req, socket: Socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'))
server.listen(0, '127.0.0.1', () => parentPort?.postMessage((server.address() as AddressInfo).port))
