// Real proxies in front of brink: HAProxy and nginx announce connections by the PROXY protocol, and write the fields of
// forwarding. What do the app and the access log see of a client at another address than theirs?

import { request } from 'node:http'
import { type AccessRecord, Router, type ServeOptions, type Server, serve } from 'brink'
import { missingFor, type ProxyName, startProxy } from '../proxy_program.js'
import { until, within } from '../server/waiting.js'
import { freePort, isListening } from './ports.js'

/** The address that the client connects from. The proxies connect from 127.0.0.1. */
const CLIENT = '127.0.0.9'
const SPOOFED = { 'x-forwarded-for': '6.6.6.6', forwarded: 'for=6.6.6.6' }

interface Front {
  readonly name: string
  readonly proxy: ProxyName
  readonly options: ServeOptions
  readonly configuration: (port: number, appPort: number) => string
  readonly expected: { readonly ip: string; readonly peer: string; readonly url: string }
}

const REQUIRED: ServeOptions = { proxyProtocol: 'require' }
const ACCEPTED: ServeOptions = { proxyProtocol: 'accept', trustProxy: '127.0.0.1' }
const ANNOUNCED = { ip: CLIENT, peer: '127.0.0.1', url: 'http://brink.test/a?b' }

const haproxy =
  (mode: 'tcp' | 'http', send: string, more = '') =>
  (port: number, appPort: number) =>
    `
listen front
  mode ${mode}
  bind 127.0.0.1:${port}
${more}
  server app 127.0.0.1:${appPort} ${send}
`
const stream = (port: number, appPort: number) => `
stream { server { listen 127.0.0.1:${port}; proxy_pass 127.0.0.1:${appPort}; proxy_protocol on; } }
`
const location = (lines: string) => (port: number, appPort: number) =>
  `
http {
  access_log off;
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${appPort};
      proxy_set_header Host $http_host;
      ${lines}
    }
  }
}
`

const FRONTS: readonly Front[] = [
  ...[REQUIRED, ACCEPTED].flatMap((options): Front[] => {
    const mode = options.proxyProtocol as string
    const front = { options, expected: ANNOUNCED }
    return [
      { ...front, name: `HAProxy, send-proxy, ${mode}`, proxy: 'haproxy', configuration: haproxy('tcp', 'send-proxy') },
      {
        ...front,
        name: `HAProxy, send-proxy-v2 with TLVs, ${mode}`,
        proxy: 'haproxy',
        configuration: haproxy('tcp', 'send-proxy-v2 proxy-v2-options crc32c,unique-id', '  unique-id-format %pid-%rt'),
      },
      {
        ...front,
        name: `HAProxy, http, send-proxy-v2 with checks, ${mode}`,
        proxy: 'haproxy',
        configuration: haproxy('http', 'send-proxy-v2 check inter 100', '  option httpchk GET /check'),
      },
      { ...front, name: `nginx, proxy_protocol on, ${mode}`, proxy: 'nginx', configuration: stream },
    ]
  }),
  {
    name: 'HAProxy, option forwardfor',
    proxy: 'haproxy',
    options: { trustProxy: '127.0.0.1', forwardedFields: 'x-forwarded' },
    configuration: haproxy(
      'http',
      '',
      '  option forwardfor\n  http-request set-header X-Forwarded-Proto https\n  http-request set-header X-Forwarded-Port 443',
    ),
    expected: { ...ANNOUNCED, url: 'https://brink.test/a?b' },
  },
  {
    name: 'HAProxy, send-proxy-v2 and a proxy before it that it trusts',
    proxy: 'haproxy',
    options: { ...REQUIRED, trustProxy: ['127.0.0.1', CLIENT], forwardedFields: 'x-forwarded' },
    configuration: haproxy('tcp', 'send-proxy-v2'),
    expected: { ...ANNOUNCED, ip: '6.6.6.6' },
  },
  {
    name: 'nginx, X-Forwarded-For',
    proxy: 'nginx',
    options: { trustProxy: 1, forwardedFields: 'x-forwarded' },
    configuration: location(
      'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;',
    ),
    expected: ANNOUNCED,
  },
  {
    name: 'nginx, Forwarded',
    proxy: 'nginx',
    options: { trustProxy: '127.0.0.1', forwardedFields: 'forwarded' },
    configuration: location(
      'proxy_set_header Forwarded "$http_forwarded, for=$remote_addr;proto=https;host=\\"a.test:8443\\"";',
    ),
    expected: { ...ANNOUNCED, ip: CLIENT, url: 'https://a.test:8443/a?b' },
  },
]

/** Returns how many passed, and what went wrong. */
export async function tryProxies(): Promise<{ passed: number; failures: string[] }> {
  const failures: string[] = []
  let passed = 0
  const missing = new Set<string>()
  for (const front of FRONTS) {
    const why = missingFor(front.proxy, front.configuration(0, 0))
    if (why !== undefined) {
      missing.add(why)
      continue
    }
    const failure = await tryFront(front).catch((error: unknown) => String(error))
    if (failure === undefined) passed += 1
    else failures.push(`${front.name}: ${failure}`)
  }
  for (const why of missing) {
    console.log(why)
    if (process.env.CI === 'true') failures.push(why)
  }
  return { passed, failures }
}

async function tryFront({ proxy, options, configuration, expected }: Front): Promise<string | undefined> {
  const checks: string[] = []
  const app = new Router()
    .get('/check', ({ ip }) => {
      checks.push(ip)
      return 'well'
    })
    .all('/*', async (req) => {
      const { ip, peer, url } = req
      return { ip, peer, url, body: await req.text() }
    })
  const logged: string[] = []
  const info = (record: object) => {
    const { ip, peer, target } = record as AccessRecord
    // The proxy looks whether the server is well.
    if (target === '/a?b') logged.push(`${ip} ${peer}`)
  }
  const accessLog = { to: { info } }
  const server: Server = await serve(app, { port: 0, host: '127.0.0.1', accessLog, ...options })
  const port = await freePort()
  const text = configuration(port, server.port)
  const stop = await startProxy(proxy, text, () => isListening(port))
  try {
    const seen: unknown[] = []
    for (const body of ['', 'hello']) seen.push(JSON.parse(await ask(port, body)))
    const wanted = ['', 'hello'].map((body) => ({ ...expected, body }))
    if (JSON.stringify(seen) !== JSON.stringify(wanted)) return `the app sees ${JSON.stringify(seen)}`
    await until(() => logged.length === seen.length, 'all requests are logged')
    if (logged.some((line) => line !== `${expected.ip} ${expected.peer}`)) return `the log says ${logged.join(', ')}`
    if (text.includes('/check')) {
      // The proxy's own connections are announced as such.
      await until(() => checks.length > 2, 'the proxy has looked whether the server is well')
      if (checks.some((ip) => ip !== '127.0.0.1')) return `the checks come from ${checks.join(', ')}`
    }
    const { refusals } = server.stats()
    return Object.keys(refusals).length > 0 ? `it has refused ${JSON.stringify(refusals)}` : undefined
  } finally {
    await stop()
    await within(server.close({ force: 0 }), 'the server to close')
  }
}

function ask(port: number, body: string): Promise<string> {
  const answer = new Promise<string>((resolve, reject) => {
    const headers = { host: 'brink.test', ...SPOOFED, 'content-length': body.length }
    const sent = request(
      { port, host: '127.0.0.1', localAddress: CLIENT, path: '/a?b', method: 'POST', headers, agent: false },
      (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
        })
        response.on('end', () => resolve(text)).on('error', reject)
      },
    )
    sent.on('error', reject).end(body)
  })
  return within(answer, 'an answer through the proxy')
}
