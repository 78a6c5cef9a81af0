// The target, and go-httpbin, each on the first core.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { nodeOnCore, onCore, withManyDescriptors } from '../pin.js'
import { type Server, startProgram, stop } from '../server.js'

const PATIENCE_MS = 10_000

export function startTarget(): Promise<Server> {
  return startProgram(nodeOnCore(0, ['dist/cli.js', 'target', '--port', '0', '--host', '127.0.0.1']))
}

/** It is told its port, and asked until it answers: what it says where differs by version. Its log goes nowhere. */
export async function startGoHttpbin(program: string): Promise<Server> {
  const port = await freePort()
  const [command, args] = withManyDescriptors(onCore(0, program, ['-host', '127.0.0.1', '-port', String(port)]))
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  child.stdout.resume()
  if (child.pid === undefined) throw new Error(`${program} cannot be started`)
  const url = `http://127.0.0.1:${port}`
  const end = performance.now() + PATIENCE_MS
  while (!(await isOpen(port))) {
    if (child.exitCode !== null) throw new Error(`${program} ends with exit code ${child.exitCode}`)
    if (performance.now() > end) throw new Error(`${program} does not listen at ${url}`)
  }
  return { pid: child.pid, url, banner: url, output: child.stdout, stop: () => stop(child) }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => setTimeout(resolve, 50, false))
  })
}
