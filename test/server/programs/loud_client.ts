// Sends without end from a thread of its own, as fast as the server takes it. `workerData` has the port, and whether
// it has TLS.
import { parentPort, workerData } from 'node:worker_threads'
import { noteSecured } from '../../over_tls/places.js'
import { dial } from '../dialing.js'

const body = Buffer.alloc(1024 * 1024, 'x')
const request = Buffer.concat([
  Buffer.from(`POST /loud HTTP/1.1\r\nHost: brink\r\nContent-Length: ${body.length}\r\n\r\n`),
  body,
])
const { port, hasTls } = workerData as { port: number; hasTls: boolean }
if (hasTls) noteSecured({ port })
const { socket, connected } = dial({ port })
connected.then(() => parentPort?.postMessage('connected'))
socket.on('error', () => {})
socket.on('data', () => {})
const pour = (): void => {
  while (socket.writable && socket.write(request)) {}
}
socket.on('drain', pour)
parentPort?.once('message', pour)
