// The Windows variant under Wine: its own cases, and `serve` asked from outside, by Node's own client and by bytes.

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onPath } from '../build.mjs'

// Not in the checkout: Wine's folder has links to the root of the file system, and whoever walks the checkout would
// follow them.
const PREFIX = join(tmpdir(), `brink-wine-${userInfo().uid}`)
export const WINE_ENV = { WINEDEBUG: '-all', WINEPREFIX: PREFIX }
const PATIENCE_MS = 300_000

/** Debian keeps it off the PATH. */
export function findWine() {
  return onPath('wine64', 'wine') ?? ['/usr/lib/wine/wine64'].find((path) => existsSync(path))
}

/** One result a backend and host: its name, and what is wrong, if anything is. */
export async function askFromOutside(wine, program) {
  const results = []
  for (const backend of ['poll', 'select']) {
    for (const threads of ['0', '1']) {
      const name = `serves ${backend}${threads === '0' ? '' : ' on a thread'} to clients from outside`
      results.push({ name, failure: await ask(wine, program, ['--backend', backend, '--threads', threads]) })
    }
  }
  return results
}

async function ask(wine, program, options) {
  const server = spawn(wine, [program, 'serve', ...options], {
    env: { ...process.env, ...WINE_ENV },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = new Promise((resolve) => server.once('close', (code, signal) => resolve(code ?? signal)))
  const limit = setTimeout(() => server.kill('SIGKILL'), PATIENCE_MS)
  try {
    const port = await portOf(server)
    if (port === undefined) return `it ended with ${await ended} before it said where it listens`
    const wrong = (await keepAliveAnswers(port)) || (await pipelinedAnswers(port)) || (await refusal(port))
    server.stdin.end()
    const code = await ended
    return wrong || (code === 0 ? '' : `it ended with ${code}`)
  } catch (error) {
    return error.message
  } finally {
    clearTimeout(limit)
    server.kill('SIGKILL')
  }
}

async function portOf(server) {
  for await (const line of createInterface({ input: server.stdout })) {
    const port = /^listening on 127\.0\.0\.1:(\d+)/.exec(line)?.[1]
    if (port) return Number(port)
  }
  return undefined
}

async function keepAliveAnswers(port) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  try {
    for (let i = 0; i < 20; i++) {
      const { status, body } = await fetchOnce(port, agent, `/${i}`)
      if (status !== 200 || body !== `/${i}`) return `GET /${i} was answered with ${status} ${body}`
    }
    const sent = await fetchOnce(port, agent, '/', 'x'.repeat(100_000))
    if (sent.body !== '100000') return `a body of 100,000 bytes was answered with ${sent.body}`
    const large = await fetchOnce(port, agent, '/large')
    if (large.body.length !== 4 * 1024 * 1024) return `the large body came with ${large.body.length} bytes`
    return ''
  } finally {
    agent.destroy()
  }
}

function fetchOnce(port, agent, path, body) {
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', agent, path, method: body ? 'POST' : 'GET' }, (response) => {
      let text = ''
      response.setEncoding('latin1')
      response.on('data', (piece) => {
        text += piece
      })
      response.on('end', () => resolve({ status: response.statusCode, body: text }))
    })
    asked.setTimeout(PATIENCE_MS, () => asked.destroy(new Error(`${path} was not answered`)))
    asked.on('error', reject)
    asked.end(body)
  })
}

/** All that the server says until it closes. */
function exchange(port, bytes) {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(port, '127.0.0.1', () => socket.end(bytes))
    socket.setEncoding('latin1').on('data', (piece) => {
      text += piece
    })
    socket.on('error', reject).on('end', () => resolve(text))
  })
}

async function pipelinedAnswers(port) {
  const targets = Array.from({ length: 200 }, (_, i) => `/${i}`)
  const text = await exchange(port, targets.map((target) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''))
  const bodies = text.split(/HTTP\/1\.1 200 OK\r\n(?:[^\r]+\r\n)+\r\n/).slice(1)
  return bodies.join() === targets.join() ? '' : `200 pipelined requests were answered with ${bodies.join()}`
}

async function refusal(port) {
  const text = await exchange(port, 'GET / HTTP/1.1\r\n\r\n')
  return text.startsWith('HTTP/1.1 400 ') ? '' : `a request without Host was answered with ${text}`
}
