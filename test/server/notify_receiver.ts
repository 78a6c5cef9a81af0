// Who systemd would be: receives the datagrams that are sent to NOTIFY_SOCKET.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import { within } from './waiting.js'

const isIn = (command: string) => spawnSync(command, ['--version']).error === undefined

export const canReceive = process.platform === 'linux' && (isIn('python3') || process.env.CI === 'true')

/** Node has no such sockets. Prints each datagram as a line of JSON. */
const RECEIVER = `
import json, os, socket, sys
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1].replace('@', '\\0'))
print('"bound"', flush=True)
while True:
    print(json.dumps(receiver.recv(65536).decode()), flush=True)
`

export function jsonLines(stream: NodeJS.ReadableStream): () => Promise<unknown> {
  const lines = createInterface({ input: stream })[Symbol.asyncIterator]()
  return async () => {
    const { value, done } = await within(lines.next(), 'a line')
    if (done) throw new Error('there is no other line')
    return JSON.parse(value)
  }
}

export interface Receiver {
  readonly child: ChildProcess
  /** Waits for the next datagram. */
  told(): Promise<unknown>
  stop(): void
}

export async function receiving(address: string): Promise<Receiver> {
  const receiver = spawn('python3', ['-c', RECEIVER, address], { stdio: ['ignore', 'pipe', 'inherit'] })
  process.once('exit', () => receiver.kill('SIGKILL'))
  const told = jsonLines(receiver.stdout)
  await told()
  return { child: receiver, told, stop: () => receiver.kill('SIGKILL') }
}
