// Servers at Unix sockets: asked by curl, and behind proxies of the system's packages, as they are deployed.

import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Router, serve } from 'brink'
import * as assert from 'uvu/assert'
import { fileTree } from '../file_tree.js'
import { missingFor, NGINX_FOLDERS, type ProxyName, startProxy } from '../proxy_program.js'
import { noise } from '../server/messages.js'
import { type CurlRun, curlTool, runCurl } from './curl_program.js'
import type { Suite } from './suite.js'

const REQUESTS = 50

const nginx = (front: string, app: string) => `
http {${NGINX_FOLDERS}
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
  mode http
frontend front
  bind unix@${front}
  default_backend app
backend app
  server app unix@${app}
`

const proxied: readonly [name: ProxyName, configure: typeof nginx][] = [
  ['nginx', nginx],
  ['haproxy', haproxy],
]

export const proxies: Suite = {
  name: 'proxies',
  tool: {
    isThere: () => curlTool.isThere() && proxied.every(([name]) => missingFor(name) === undefined),
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
      for (const [name, configure] of proxied) {
        const front = join(folder, `${name}.sock`)
        const stop = await startProxy(name, configure(front, path), async () => {
          const isThere = existsSync(front)
          return isThere && (await runCurl(['--unix-socket', front, 'http://example.org/host'])).status === 200
        })
        try {
          const before = server.stats().accepted
          await asked(front, name)
          await check(`${name} keeps its connections to the server`, async () => {
            assert.ok(server.stats().accepted - before < 10, `${server.stats().accepted - before} connections`)
          })
        } finally {
          await stop()
        }
      }
    } finally {
      await server.close({ force: 0 })
    }
    await check('the socket is gone with its server', async () => assert.not.ok(existsSync(path)))
  },
}
