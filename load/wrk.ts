// wrk, one thread of it. It has no output for machines, so what it tells people is read.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Generator, type Load, requestsOf } from './generator.js'
import { onCore } from './pin.js'
import { outputOf } from './program_output.js'
import { bytesOf } from './request.js'

const SCRIPT = 'load/requests.lua'
/** Without one, wrk takes what comes after two seconds for a failure, and that is the machine's mood. */
const TIMEOUT = '30s'
const MS_PER_UNIT: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1_000, m: 60_000 }

export const wrk: Generator = {
  name: 'wrk',
  saturates: true,
  async generate(load) {
    const folder = mkdtempSync(join(tmpdir(), 'brink-wrk-'))
    try {
      const file = join(folder, 'requests')
      writeFileSync(file, pieces(load).join('\0'), 'latin1')
      const settings = ['--latency', '--timeout', TIMEOUT, '-t1', `-c${load.connections}`, `-d${load.seconds}s`]
      const args = [...settings, '--script', SCRIPT, load.url, file]
      return outcome(await outputOf(onCore(1, 'wrk', args), 'wrk', environmentOf(load)))
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
}

function environmentOf({ openssl }: Load): NodeJS.ProcessEnv {
  return openssl === undefined ? process.env : { ...process.env, OPENSSL_CONF: openssl }
}

/** What is written at once: one request, or as many as are pipelined. */
function pieces(load: Load): string[] {
  const { host } = new URL(load.url)
  return requestsOf(load).map((request) => bytesOf(request, host).repeat(load.pipelining ?? 1))
}

function outcome(output: string) {
  return {
    requests: Number(found(output, /(\d+) requests in/)[0]),
    requestsPerSecond: Number(found(output, /Requests\/sec:\s+([\d.]+)/)[0]),
    p50Ms: percentileMs(output, 50),
    p99Ms: percentileMs(output, 99),
    errors: errorsIn(output),
  }
}

function percentileMs(output: string, percent: number): number {
  const [value, unit = ''] = found(output, new RegExp(`\\s${percent}%\\s+([\\d.]+)(us|ms|s|m)\\s`))
  return Number(value) * (MS_PER_UNIT[unit] ?? Number.NaN)
}

/** Both lines are missing when there was nothing to count. */
function errorsIn(output: string): number {
  const [, refused = '0'] = /Non-2xx or 3xx responses: (\d+)/.exec(output) ?? []
  const [, ...failed] = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output) ?? []
  return [refused, ...failed].reduce((sum, count) => sum + Number(count), 0)
}

function found(output: string, pattern: RegExp): string[] {
  const match = pattern.exec(output)
  if (match === null) throw new Error(`wrk was expected to write ${pattern}, but wrote:\n${output}`)
  return match.slice(1)
}
