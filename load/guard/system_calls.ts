// How many system calls a request takes of a real server, counted by strace while a client asks a fixed number of times.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeOnCore } from '../pin.js'
import { bytesOf, get } from '../request.js'
import { type Server, startProgram } from '../server.js'

/** How often a loop is woken is for the scheduler to say; the others are the server's. */
export const isExact = (kind: string): boolean => kind !== 'wait'

/** What a request or a connection can cost; whatever else Node does now and then is not looked at. */
const KINDS: Readonly<Record<string, RegExp>> = {
  receive: /^recv(from|msg)$/,
  send: /^(send(to|msg)|writev)$/,
  wait: /^epoll_p?wait2?$/,
  watch: /^epoll_ctl$/,
  accept: /^accept4?$/,
  other: /^(close|shutdown|[gs]etsockopt|get(peer|sock)name|fcntl|ioctl)$/,
}

export type Calls = Record<string, number>

export interface Counted {
  name: string
  /** What the calls are counted for. */
  unit: string
  calls: Calls
}

interface Course {
  name: string
  /** What it counts calls for. */
  unit: string
  units: number
  run(url: string): Promise<void>
}

const TIMES = 500
const PIPELINED = 16
const CONNECTIONS = 200

const COURSES: readonly Course[] = [
  { name: 'alone', unit: 'request', units: TIMES, run: (url) => onOneConnection(url, TIMES, 1) },
  {
    name: 'pipelined',
    unit: 'request',
    units: TIMES * PIPELINED,
    run: (url) => onOneConnection(url, TIMES, PIPELINED),
  },
  {
    name: 'connection',
    unit: 'connection with one request',
    units: CONNECTIONS,
    async run(url) {
      for (let i = 0; i < CONNECTIONS; i++) await onOneConnection(url, 1, 1)
    },
  },
]

export function canTrace(): string | undefined {
  const { error } = spawnSync('strace', ['--version'])
  return error === undefined ? undefined : 'strace is not installed (apt-get install strace)'
}

/** An app, and a target, which answers the same and measures it. It looks at its process by the clock, which closes files. */
const SERVERS = [
  { prefix: '', command: ['dist/routes'], uncounted: '' },
  { prefix: 'target, ', command: ['target'], uncounted: 'other' },
] as const

/** By server and course, and by kind: calls for each of its units. */
export async function countCalls(): Promise<Counted[]> {
  const counts: Counted[] = []
  for (const { prefix, command, uncounted } of SERVERS) {
    const args = ['--port', '0', '--host', '127.0.0.1', '--backend', 'auto', '--threads', '0']
    const server = await startProgram(nodeOnCore(0, ['dist/cli.js', ...command, ...args]))
    try {
      await onOneConnection(server.url, 1, 1)
      for (const course of COURSES) {
        const { [uncounted]: _, ...calls } = await traced(server, course)
        counts.push({ name: prefix + course.name, unit: course.unit, calls })
      }
    } finally {
      await server.stop()
    }
  }
  return counts
}

async function traced({ pid, url }: Server, course: Course): Promise<Calls> {
  const folder = mkdtempSync(join(tmpdir(), 'brink-strace-'))
  const summary = join(folder, 'summary')
  const strace = spawn('strace', ['-f', '-c', '-o', summary, '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(strace, 'exit')
  try {
    await attached(strace)
    await course.run(url)
    strace.kill('SIGINT')
    await ended
    return callsIn(readFileSync(summary, 'utf8'), course.units)
  } finally {
    strace.kill('SIGKILL')
    rmSync(folder, { recursive: true })
  }
}

/** What it says later is read as well, and forgotten: with nobody to read it, strace would stop, or end. */
function attached(strace: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    strace.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (said.includes('attached')) resolve()
    })
    strace.on('close', () => reject(new Error(`strace could not attach: ${said.trim()}`)))
  })
}

function callsIn(summary: string, units: number): Calls {
  const calls: Calls = Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, 0]))
  // % time, seconds, usecs/call, calls, and perhaps errors, before the name.
  for (const [, count, name = ''] of summary.matchAll(/^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$/gm)) {
    const kind = Object.keys(KINDS).find((each) => KINDS[each]?.test(name))
    if (kind !== undefined) calls[kind] = (calls[kind] ?? 0) + Number(count) / units
  }
  return calls
}

/** Asks so many times, so much at once, and waits for the answers each time. */
async function onOneConnection(url: string, times: number, atOnce: number): Promise<void> {
  const { hostname, port, host } = new URL(url)
  const socket = connect(Number(port), hostname).setNoDelay()
  await once(socket, 'connect')
  const bytes = bytesOf(get('/plaintext'), host).repeat(atOnce)
  for (let i = 0; i < times; i++) {
    socket.write(bytes)
    await answers(socket, atOnce)
  }
  socket.end()
  await once(socket.resume(), 'close')
}

function answers(socket: Socket, wanted: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let seen = 0
    const onData = (bytes: Buffer) => {
      seen += bytes.toString('latin1').split('HTTP/1.1 200').length - 1
      if (seen < wanted) return
      socket.off('data', onData).off('close', onClose)
      resolve()
    }
    const onClose = () => reject(new Error('The server has hung up'))
    socket.on('data', onData).on('close', onClose)
  })
}
