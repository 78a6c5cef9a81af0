// Servers at Unix sockets: asked by curl, and behind proxies of the system's packages, as they are deployed.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { Router, serve } from 'brink'
import * as assert from 'uvu/assert'
import { fileTree } from '../file_tree.js'
import { noise } from '../server/messages.js'
import { until } from '../server/waiting.js'
import { type CurlRun, curlTool, runCurl } from './curl_program.js'
import type { Suite } from './suite.js'

/** Debian keeps them where only administrators look. */
const PATH = [process.env.PATH, '/usr/local/sbin', '/usr/sbin'].join(delimiter)
const isIn = (command: string) => spawnSync(command, ['-v'], { env: { PATH } }).status === 0
const REQUESTS = 50

// Its workers would be nobody, who cannot enter the folder, when it is started by root.
const nginx = (front: string, app: string) => `
daemon off;
user root;
worker_processes 1;
pid nginx.pid;
error_log stderr emerg;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  upstream app { server unix:${app}; keepalive 4; }
  server {
    listen unix:${front};
    client_max_body_size 8m;
    location / {
      proxy_pass http://app;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
    }
  }
}`

const haproxy = (front: string, app: string) => `
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend front
  bind unix@${front}
  default_backend app
backend app
  server app unix@${app}
`

const proxied: readonly [name: string, configure: typeof nginx, args: string[]][] = [
  ['nginx', nginx, ['-p', '.', '-c', 'proxy.conf', '-e', 'stderr']],
  ['haproxy', haproxy, ['-f', 'proxy.conf', '-db']],
]

export const proxies: Suite = {
  name: 'proxies',
  tool: {
    isThere: () => curlTool.isThere() && proxied.every(([name]) => isIn(name)),
    missing: 'curl, nginx or HAProxy is not installed: apt-get install curl nginx-light haproxy',
  },
  async run({ backend, threads }, check) {
    const folder = fileTree({})
    const path = join(folder, 'app.sock')
    const body = noise(2_000_000)
    const upload = join(folder, 'upload')
    writeFileSync(upload, body)
    const app = new Router()
      .get('/host', ({ url, ip }) => `${new URL(url).host} ${ip}`)
      .post('/echo', (req) => req.bytes(), { bodyLimit: 4_000_000 })
      .get('/stream', async function* () {
        for (let piece = 0; piece < 100; piece += 1) yield body.subarray(20_000 * piece, 20_000 * (piece + 1))
      } as never)
    const server = await serve(app, { path, mode: 0o660, backend, threads })

    const asked = async (socket: string, what: string) => {
      const to = (...args: string[]): Promise<CurlRun> => runCurl(['--unix-socket', socket, ...args])
      await check(`${what}: the host is the client's, and the peer a socket`, async () => {
        const { text, exitCode } = await to('http://example.org/host')
        assert.equal([exitCode, text], [0, 'example.org unix:'])
      })
      await check(`${what}: large bodies arrive whole, both ways`, async () => {
        const echoed = await to('--data-binary', `@${upload}`, 'http://example.org/echo')
        assert.equal([echoed.exitCode, echoed.status], [0, 200])
        assert.ok(echoed.body.equals(body))
        assert.ok((await to('http://example.org/stream')).body.equals(body))
      })
      await check(`${what}: ${REQUESTS} requests on one connection`, async () => {
        const { exitCode, connections } = await to(`http://example.org/host?[1-${REQUESTS}]`)
        assert.equal([exitCode, connections], [0, 1])
      })
    }

    try {
      await asked(path, 'curl')
      for (const [name, configure, args] of proxied) {
        const front = join(folder, `${name}.sock`)
        writeFileSync(join(folder, 'proxy.conf'), configure(front, path))
        const child = spawn(name, args, { cwd: folder, env: { PATH }, stdio: ['ignore', 'ignore', 'pipe'] })
        try {
          await started(child, front)
          const before = server.stats().accepted
          await asked(front, name)
          await check(`${name} keeps its connections to the server`, async () => {
            assert.ok(server.stats().accepted - before < 10, `${server.stats().accepted - before} connections`)
          })
        } finally {
          await stop(child)
        }
      }
    } finally {
      await server.close({ force: 0 })
    }
    await check('the socket is gone with its server', async () => assert.not.ok(existsSync(path)))
  },
}

async function started(child: ChildProcess, front: string): Promise<void> {
  const end = () => child.kill('SIGTERM')
  process.once('exit', end)
  child.once('exit', () => process.off('exit', end))
  let complaints = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaints += text
  })
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`the proxy ended: ${complaints}`)
    return existsSync(front) && (await runCurl(['--unix-socket', front, 'http://example.org/host'])).status === 200
  }, 'the proxy answers')
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}
