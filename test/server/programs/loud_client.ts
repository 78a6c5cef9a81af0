// Sends without end from a thread of its own, as fast as the server takes it. `workerData.port` is where.
import { connect } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'

const body = Buffer.alloc(1024 * 1024, 'x')
const request = Buffer.concat([
  Buffer.from(`POST /loud HTTP/1.1\r\nHost: brink\r\nContent-Length: ${body.length}\r\n\r\n`),
  body,
])
const socket = connect(workerData.port, '127.0.0.1', () => parentPort?.postMessage('connected'))
socket.on('error', () => {})
socket.on('data', () => {})
const pour = (): void => {
  while (socket.writable && socket.write(request)) {}
}
socket.on('drain', pour)
parentPort?.once('message', pour)
