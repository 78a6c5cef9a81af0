// Connects and asks from a thread of its own, while the server's thread waits. `workerData` has the port, how many
// clients, and a word that says when all have sent.
import { connect, type Socket } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'

const { port, clients, sent } = workerData as { port: number; clients: number; sent: Int32Array }
const answers: string[] = []
let waiting = clients

function ask(): void {
  let answer = ''
  const socket: Socket = connect(port, '127.0.0.1', () => {
    socket.write('GET / HTTP/1.1\r\nHost: brink\r\n\r\n', () => {
      Atomics.add(sent, 0, 1)
      Atomics.notify(sent, 0)
    })
  })
  socket.setEncoding('latin1').on('data', (text: string) => {
    answer += text
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    answer += error.code
  })
  socket.on('close', () => {
    answers.push(answer)
    waiting -= 1
    if (waiting === 0) parentPort?.postMessage(answers)
  })
}

for (let client = 0; client < clients; client += 1) ask()
