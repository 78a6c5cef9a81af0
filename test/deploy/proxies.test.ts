// The configurations of examples/deploy in the real proxies: the app knows its client, and no request fails while one of
// two instances is replaced.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { freePort } from '../peers/ports.js'
import { missingFor, NGINX_FOLDERS, type ProxyName, startProxy } from '../proxy_program.js'
import { askFrom, type Deployed, deploy, fileOf, replaced } from './deployed.js'

const CLIENT = '127.0.0.2'
const LIES = { 'x-forwarded-for': '203.0.113.9', forwarded: 'for=203.0.113.9', host: 'app.example' }

/** The proxy's file for a test's ports. */
type Configure = (port: number, apps: readonly number[]) => string

const files: Readonly<Record<ProxyName, { readonly configure: Configure; readonly env: NodeJS.ProcessEnv }>> = {
  nginx: {
    configure: (port, [app]) => {
      const text = replaced(
        fileOf('nginx.conf'),
        ['127.0.0.1:8080', `127.0.0.1:${app}`],
        ['listen 80;', `listen 127.0.0.1:${port};`],
      )
      return `\nhttp {${NGINX_FOLDERS}\n${text}}\n`
    },
    env: { TRUST_PROXY: '127.0.0.1' },
  },
  haproxy: {
    configure: (port, [app, other]) =>
      replaced(
        fileOf('haproxy.cfg'),
        ['bind :80', `bind 127.0.0.1:${port}`],
        ['127.0.0.1:8080', `127.0.0.1:${app}`],
        ['127.0.0.1:8081', `127.0.0.1:${other}`],
      ),
    env: { TRUST_PROXY: '127.0.0.1', PROXY_PROTOCOL: 'require' },
  },
  caddy: {
    configure: (port, [app, other]) =>
      replaced(
        fileOf('Caddyfile'),
        ['app.example {', `http://app.example:${port} {`],
        ['127.0.0.1:8080', `127.0.0.1:${app}`],
        ['127.0.0.1:8081', `127.0.0.1:${other}`],
      ),
    env: { TRUST_PROXY: '127.0.0.1' },
  },
}

for (const [name, { configure, env }] of Object.entries(files) as [ProxyName, (typeof files)[ProxyName]][]) {
  const isMissing = missingFor(name) !== undefined && process.env.CI !== 'true'
  const tried = isMissing ? test.skip : test

  const behind = async (run: (port: number, apps: readonly Deployed[]) => Promise<void>) => {
    const apps = await Promise.all([deploy({ ...env, READINESS_DELAY: '4000' }), deploy(env)])
    const port = await freePort()
    const isUp = async () => {
      const heard = await askFrom(CLIENT, port, '/', LIES).catch(() => undefined)
      return heard?.status === 200
    }
    const configuration = configure(
      port,
      apps.map((app) => app.port),
    )
    const stop = await startProxy(name, configuration, isUp)
    try {
      await run(port, apps)
    } finally {
      await stop()
      for (const { program } of apps) program.child.kill('SIGKILL')
    }
  }

  tried(`${name}: the app knows its client and its own name, whatever the client claims`, () =>
    behind(async (port) => {
      const { status, text } = await askFrom(CLIENT, port, '/client', LIES)
      assert.is(status, 200, text)
      const { ip, url } = JSON.parse(text) as { ip: string; url: string }
      assert.is(ip, CLIENT)
      assert.is(new URL(url).hostname, 'app.example')
    }),
  )

  // nginx's file has one instance, which keeps its socket or its workers instead.
  if (name === 'nginx') continue
  tried(`${name}: no request fails while one of two instances ends`, () =>
    behind(async (port, [leaving]) => {
      let ended = false
      const end = leaving?.program.ended().then((code) => {
        ended = true
        return code
      })
      leaving?.program.child.kill('SIGTERM')
      const client = async (): Promise<number> => {
        let answered = 0
        for (; !ended; answered += 1) {
          const { status, text } = await askFrom(CLIENT, port, '/', LIES)
          assert.equal([status, text], [200, 'Hello'])
        }
        return answered
      }
      const answered = await Promise.all([client(), client(), client(), client()])
      assert.ok(answered.every((count) => count > 0))
      assert.is(await end, 0)
      assert.is((await askFrom(CLIENT, port, '/', LIES)).status, 200)
    }),
  )
}

test.run()
