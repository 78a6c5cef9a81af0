// curl, run once.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Tool } from './suite.js'

export const curlTool: Tool = {
  isThere: () => spawnSync('curl', ['--version']).error === undefined,
  missing: 'curl is not installed: apt-get install curl',
}

export interface CurlRun {
  /** Of the last answer; 0 when there was none. */
  readonly status: number
  /** All heads, and the trailers behind the last. */
  readonly heads: string
  readonly body: Buffer
  readonly text: string
  /** Bytes of bodies. */
  readonly sent: number
  readonly connections: number
  readonly seconds: number
  /** 0 when curl found nothing wrong. */
  readonly exitCode: number
}

export interface CurlInput {
  /** What is piped into it, in pieces. */
  readonly input?: Iterable<Uint8Array>
  /** The file that it writes to, where that has a say in what it does. */
  readonly output?: string
}

const MOST_SECONDS = 30

export async function runCurl(args: readonly string[], { input, output }: CurlInput = {}): Promise<CurlRun> {
  const folder = mkdtempSync(join(tmpdir(), 'brink-curl-'))
  try {
    const head = join(folder, 'head')
    const body = output ?? join(folder, 'body')
    const shared = ['-sS', '-m', `${MOST_SECONDS}`, '-D', head, '-o', body, '-w', '%{json}']
    const child = spawn('curl', [...shared, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
    let told = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      told += text
    })
    child.stderr.resume()
    // One that is answered early may not want the rest.
    child.stdin.on('error', () => {})
    Readable.from(input ?? []).pipe(child.stdin)
    const [exitCode] = await once(child, 'close')
    // It may have fetched several times, and tells of each.
    const reports = told
      .replaceAll('}{', '}\n{')
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, number>)
    const sum = (name: string) => reports.reduce((all, report) => all + (report[name] ?? 0), 0)
    const bytes = read(body)
    return {
      status: reports.at(-1)?.response_code ?? 0,
      heads: read(head).toString('latin1'),
      body: bytes,
      text: bytes.toString(),
      sent: sum('size_upload'),
      connections: sum('num_connects'),
      seconds: sum('time_total'),
      exitCode,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Of an answer without a body there is no file. */
function read(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch {
    return Buffer.alloc(0)
  }
}
