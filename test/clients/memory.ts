// Bodies that are larger than memory should be: what does a server need while they pass through it? The clients are
// curl, the server is a process of its own.

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, ftruncateSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import { fileTree } from '../file_tree.js'
import { startWorker, type Worker } from '../processes/orders.js'
import { type Certificate, certificate } from '../server/certificates.js'
import type { Variant } from '../variants.js'
import { curlTool } from './curl_program.js'
import { forgetPeak, mib, peakBytes } from './resident.js'
import type { StreamingOrders } from './streaming_program.js'
import type { Check, Plan, Suite } from './suite.js'

const MIB = 2 ** 20
/**
 * Above a new server that has served nothing yet, however long the body: what it holds of pieces, compiled code, and what
 * malloc keeps. Pieces that are garbage the server collects as it goes.
 */
const MOST_GROWTH_BYTES = 32 * MIB
/** What the server itself may hold for a client that does not take it. */
const MOST_HELD_BYTES = 4 * MIB
/** MiB a second. */
const SLOW_CLIENT = 25

/** What passes, in MiB, and how fast a consumer takes it, in MiB a second. */
interface Amounts {
  readonly size: number
  readonly pace: number
}

function amounts({ name }: Variant, { full }: Plan): Amounts {
  const isUsual = name === 'epoll inline' || name === 'epoll threads'
  if (full) return { size: 1024, pace: isUsual ? 10 : 50 }
  return { size: isUsual ? 192 : 64, pace: 50 }
}

export const memory: Suite = {
  name: 'memory',
  tool: curlTool,
  run: (variant, check, plan) => passThrough(variant, check, amounts(variant, plan)),
}

export const memoryOverTls: Suite = {
  name: 'memory over TLS',
  tool: curlTool,
  async run(variant, check, { full }) {
    // What is sealed waits in the same place for all backends.
    const isUsual = variant.name.startsWith('epoll ')
    if (!full && !isUsual) return
    await passThrough(variant, check, { size: full ? 1024 : 64, pace: 50 }, certificate('localhost'))
  },
}

async function passThrough(
  { backend, threads }: Variant,
  check: Check,
  { size, pace }: Amounts,
  tls?: Certificate,
): Promise<void> {
  const server = startWorker<StreamingOrders>('clients/streaming_program')
  try {
    const options = { path: sparseFile(size), backend, threads }
    const { url } = await server.order('start', tls === undefined ? options : { ...options, tls: { ...tls } })
    const upload = (to: string, mibs: number) => `head -c ${mibs * MIB} /dev/zero | curl -sSfk -T - ${url}${to}`
    const download = (path: string) => `curl -sSfk -o /dev/null -w '%{size_download}' ${url}${path}`
    const { memoryBytes } = await server.order('look')
    const passes = (what: string, command: string) =>
      check(`${what}, ${size} MiB`, () => watched({ server, memoryBytes }, size, () => shell(command)))
    await passes(`an upload to a consumer of ${pace} MiB/s`, upload(`/take/${pace}`, size))
    await passes('an upload to a fast consumer', upload('/take/1000000', size))
    await passes('a download of a generator', download(`/make/${size}`))
    await passes('a download of a file', download('/file'))
    await heldBack({ server, memoryBytes }, url, check)
    await server.order('close')
  } finally {
    await server.kill()
  }
}

function sparseFile(mibs: number): string {
  const path = join(fileTree({}), 'sparse')
  const file = openSync(path, 'w')
  ftruncateSync(file, mibs * MIB)
  closeSync(file)
  return path
}

/** A server, and what it needed when it was new. */
interface Watched {
  readonly server: Worker<StreamingOrders>
  readonly memoryBytes: number
}

async function watched({ server, memoryBytes }: Watched, mibs: number, run: () => Promise<string>): Promise<string> {
  await server.order('look') // which collects the garbage
  forgetPeak(server.pid)
  const began = performance.now()
  assert.is(Number(await run()), mibs * MIB)
  const seconds = (performance.now() - began) / 1000
  const grown = peakBytes(server.pid) - memoryBytes
  const measured = `${seconds.toFixed(1)} s, at the most ${mib(grown)} above ${mib(memoryBytes)}`
  assert.ok(grown <= MOST_GROWTH_BYTES, measured)
  return measured
}

/** A generator that could give all at once, and a client that takes its time. */
async function heldBack(of: Watched, url: string, check: Check): Promise<void> {
  // The system's buffers grow as they like, some to 32 MiB: those bytes are out of the server's hands.
  const mostBytes = MOST_HELD_BYTES + mostBufferedBytes()
  const size = Math.ceil((2 * mostBytes) / MIB)
  let most = 0
  await check(`a download by a client of ${SLOW_CLIENT} MiB/s`, () =>
    watched(of, size, async () => {
      const client = run('curl', ['-sSfkN', '--limit-rate', `${SLOW_CLIENT}M`, `${url}/make/${size}`])
      let taken = 0
      client.stdout.on('data', (piece: Buffer) => {
        taken += piece.length
      })
      const ended = once(client, 'close')
      while (client.exitCode === null) {
        const { given } = await of.server.order('counts')
        if (taken > 0) most = Math.max(most, given - taken)
        await Promise.race([pause(50), ended])
      }
      return `${taken}`
    }),
  )
  await check('the generator is held back', async () => {
    const measured = `at the most ${mib(most)} ahead of its client`
    assert.ok(most > 0 && most <= mostBytes, measured)
    return measured
  })
}

/** The most that the system keeps of one TCP connection, on both its sides: tcp(7). */
function mostBufferedBytes(): number {
  const most = (name: string) => Number(readFileSync(`/proc/sys/net/ipv4/${name}`, 'latin1').split(/\s+/)[2])
  return most('tcp_rmem') + most('tcp_wmem')
}

function run(command: string, args: readonly string[]): ChildProcessByStdio<null, Readable, null> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const kill = () => void child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('close', () => process.off('exit', kill))
  return child
}

/** What a command says, when it has ended well. */
async function shell(command: string): Promise<string> {
  const child = run('bash', ['-o', 'pipefail', '-c', command])
  let told = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    told += text
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${told}`)
  return told
}
