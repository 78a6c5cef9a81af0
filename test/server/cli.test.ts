// The command line, as a process of its own.
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { serve } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fileTree } from '../file_tree.js'
import { readMetrics, sumOf } from '../openmetrics.js'
import { get, head, noise, post } from './messages.js'
import { type Program, runBrink } from './programs.js'
import { HEADER } from './proxy_headers.js'
import { ask, connect, leaveAll } from './raw_client.js'
import { until } from './waiting.js'

const ROUTES = fileURLToPath(new URL('../../routes', import.meta.url))

/** The server has begun to drain when it listens no more. */
async function refusesConnections(port: number): Promise<void> {
  await until(async () => {
    try {
      const client = await connect({ port })
      client.leave()
      return false
    } catch {
      return true
    }
  }, 'nobody is let in any more')
}

async function started(...args: string[]): Promise<{ brink: Program; port: number; line: string }> {
  const brink = runBrink([ROUTES, '--port', '0', ...args])
  const [line, port] = await brink.says(/^brink listening on http:\/\/\S+:(\d+) \(.+\)$/m)
  return { brink, port: Number(port), line }
}

/** Runs a test with the bundled routes, and ends the process in order. */
function routesTest(name: string, run: (server: { port: number }) => Promise<void>): void {
  test(name, async () => {
    const { brink, port } = await started()
    try {
      await run({ port })
    } finally {
      leaveAll()
      brink.child.kill('SIGTERM')
      assert.is(await brink.ended(), 0, brink.errors())
    }
  })
}

interface Asked {
  bytes: string | Buffer
  method?: string
  status: number
  type?: string
  body: string | RegExp | Buffer
}

const TEXT = 'text/plain; charset=utf-8'
const JSON_TYPE = 'application/json'

const bundled: Asked[] = [
  { bytes: get('/'), status: 200, type: 'text/html; charset=utf-8', body: /<title>brink<\/title>/ },
  { bytes: get('/plaintext'), status: 200, type: TEXT, body: 'Hello, World!' },
  { bytes: get('/json'), status: 200, type: JSON_TYPE, body: '{"message":"Hello, World!"}' },
  { bytes: get('/health'), status: 200, type: JSON_TYPE, body: '{"status":"ok"}' },
  { bytes: get('/ip?format=text'), status: 200, type: TEXT, body: '127.0.0.1\n' },
  { bytes: get('/headers', 'X-One: 1'), status: 200, type: `${JSON_TYPE}; charset=utf-8`, body: /"X-One": \[\s+"1"/ },
  { bytes: post('/echo', 'sent', 'Content-Type: text/x'), status: 200, type: 'text/x', body: 'sent' },
  { bytes: post('/echo', noise(900_000)), status: 200, type: 'application/octet-stream', body: noise(900_000) },
  { bytes: head('PUT', '/echo', 'Content-Length: 0'), status: 200, body: '' },
  { bytes: head('PATCH', '/echo', 'Content-Length: 0'), status: 200, body: '' },
  { bytes: get('/echo'), status: 200, type: TEXT, body: /Send a body/ },
  { bytes: get('/status/418'), status: 418, type: TEXT, body: "I'm a teapot!" },
  { bytes: head('DELETE', '/status/503'), status: 503, type: TEXT, body: '' },
  { bytes: get('/status/204'), status: 204, body: '' },
  { bytes: get('/status/100'), status: 400, body: /from 200 to 599/ },
  { bytes: get('/delay/0.005'), status: 200, body: /"method": "GET"/ },
  { bytes: get('/delay/11'), status: 400, body: /longer than 10s/ },
  { bytes: get('/bytes/0'), status: 200, type: 'application/octet-stream', body: '' },
  { bytes: get('/bytes/99999999'), status: 400, body: /not in the range from 0 to 16777216/ },
  { bytes: head('HEAD', '/bytes/77'), method: 'HEAD', status: 200, type: 'application/octet-stream', body: '' },
  { bytes: head('DELETE', '/json'), status: 405, type: TEXT, body: 'Method Not Allowed' },
  { bytes: get('/nowhere'), status: 404, type: TEXT, body: 'Not Found' },
  { bytes: get('/_endpoints'), status: 404, type: TEXT, body: 'Not Found' },
]

routesTest('every bundled route answers', async (server) => {
  const client = await connect(server)
  for (const { bytes, method = 'GET', status, type, body } of bundled) {
    const asked = bytes.toString().split('\r\n', 1)[0]
    const answer = await client.send(bytes).response(method)
    assert.is(answer.status, status, asked)
    if (type !== undefined) assert.is(answer.header('content-type'), type, asked)
    if (body instanceof RegExp) assert.match(answer.text, body, asked)
    else assert.ok(answer.body.equals(Buffer.from(body)), asked)
  }
})

routesTest('all bundled routes are asked at once by many', async (server) => {
  const one = async () => {
    const client = (await connect(server)).send(...bundled.map(({ bytes }) => bytes))
    const answers = await client.receive(
      bundled.length,
      bundled.map(({ method }) => method ?? 'GET'),
    )
    assert.equal(
      answers.map(({ status }) => status),
      bundled.map(({ status }) => status),
    )
  }
  await Promise.all(Array.from({ length: 10 }, one))
})

test('it says in a line where it listens and by which backend', async () => {
  const { brink, line, port } = await started('--host', '127.0.0.1')
  assert.match(line, new RegExp(`^brink listening on http://127\\.0\\.0\\.1:${port} \\(.+\\)$`))
  assert.is(brink.output(), `${line}\n`)
  brink.child.kill('SIGTERM')
  assert.is(await brink.ended(), 0)
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} answers what is at work, and then ends with 0`, async () => {
    const { brink, port } = await started()
    const busy = (await connect({ port })).send(get('/plaintext') + get('/delay/2'))
    const idle = await connect({ port })
    await idle.send(get('/plaintext')).response()
    assert.is((await busy.response()).text, 'Hello, World!')
    brink.child.kill(signal)
    // A deploy gives idle clients time; whoever sits at a keyboard does not wait for them.
    if (signal === 'SIGTERM') {
      await refusesConnections(port)
      assert.is((await idle.send(get('/plaintext')).response()).header('connection'), 'close')
    }
    assert.is(await idle.closed(), 'fin')
    idle.leave()
    const answer = await busy.response()
    assert.match(answer.text, /"url": "http:\/\/brink\/delay\/2"/)
    assert.is(answer.header('connection'), 'close')
    assert.is(await busy.closed(), 'fin')
    busy.leave()
    assert.is(await brink.ended(), 0)
    assert.is(brink.errors(), '')
    leaveAll()
  })
}

test('flags give the times of a signal: a deadline cuts what is left', async () => {
  const { brink, port } = await started('--readiness-delay', '50', '--grace', '60000', '--deadline', '300')
  const busy = (await connect({ port })).send(get('/plaintext') + get('/delay/10'))
  const idle = await connect({ port })
  await busy.response()
  await idle.send(get('/plaintext')).response()
  brink.child.kill('SIGINT')
  for (const client of [idle, busy]) assert.match(await client.closed(), /fin|reset/)
  assert.is(await brink.ended(), 0)
  leaveAll()
})

test('a second signal ends at once', async () => {
  const { brink, port } = await started('--grace', '0')
  const busy = (await connect({ port })).send(get('/plaintext') + get('/delay/10'))
  const idle = await connect({ port })
  await busy.response()
  brink.child.kill('SIGTERM')
  // It has seen the first one when the idle client is let go.
  await idle.closed()
  brink.child.kill('SIGTERM')
  assert.is(await brink.ended(), 143)
  leaveAll()
})

test('a port that is taken ends with 1 and a sentence', async () => {
  const taken = await serve(() => 'mine', { port: 0 })
  const brink = runBrink([ROUTES, '--port', String(taken.port)])
  assert.is(await brink.ended(), 1)
  assert.is(brink.errors(), `Port ${taken.port} is in use: choose another with --port, or 0 for any free one.\n`)
  assert.is(brink.output(), '')
  assert.is((await ask(taken, get())).text, 'mine')
  await taken.close({ force: 0 })
})

test('a path takes the place of a port', async () => {
  const path = join(fileTree({}), 'brink.sock')
  const brink = runBrink([ROUTES, '--path', path, '--mode', '600'], { PORT: 'none' })
  await brink.says(/^brink listening on http\+unix:\/\/%2F\S+brink\.sock \(.+\)$/m)
  assert.is(statSync(path).mode & 0o777, 0o600)
  assert.is((await ask({ port: 0, path }, get('/ip?format=text'))).text, 'unix:\n')
  const other = runBrink([ROUTES, '--path', path])
  assert.is(await other.ended(), 1)
  assert.is(other.errors(), `A server answers at ${path}: stop it, or choose another path with --path.\n`)
  brink.child.kill('SIGTERM')
  assert.is(await brink.ended(), 0)
  assert.not.ok(existsSync(path))
})

for (const [args, bytes, ip] of [
  [['--trust-proxy', 'loopback'], get('/ip?format=text', 'X-Forwarded-For: 6.6.6.6, 192.0.2.7'), '192.0.2.7'],
  [['--trust-proxy', '10.0.0.0/8'], get('/ip?format=text', 'X-Forwarded-For: 192.0.2.7'), '127.0.0.1'],
  [['--trust-proxy', '1'], get('/ip?format=text', 'X-Forwarded-For: 6.6.6.6, 192.0.2.7'), '192.0.2.7'],
  [['--trust-proxy', 'true'], get('/ip?format=text', 'X-Forwarded-For: 6.6.6.6, 192.0.2.7'), '6.6.6.6'],
  [['--proxy-protocol', 'require'], Buffer.concat([HEADER, Buffer.from(get('/ip?format=text'))]), '192.0.2.1'],
  [['--proxy-protocol', 'accept', '--trust-proxy', '127.0.0.0/8'], get('/ip?format=text'), '127.0.0.1'],
] as const) {
  test(`brink ${args.join(' ')}: the client is ${ip}`, async () => {
    const { brink, port } = await started(...args)
    assert.is((await ask({ port }, bytes)).text, `${ip}\n`)
    brink.child.kill('SIGTERM')
    assert.is(await brink.ended(), 0)
  })
}

const sentences: [string[], number, RegExp][] = [
  [['--host', '192.0.2.1'], 1, /^'192\.0\.2\.1' is not an address of this machine/],
  [['--port', 'eighty'], 2, /^--port must be a number from 0 to 65535, not 'eighty'/],
  [['--backend', 'iocp'], 2, /^--backend must be one of/],
  [['--backend', 'epol'], 2, /^--backend must be one of .* did you mean 'epoll'\?/],
  [['backends', '--backend', 'iocp'], 2, /^--backend must be one of/],
  [['--host', 'http://localhost:81/'], 2, /^--host must be an address .*: write --host localhost --port 81\./],
  [['--host', '/run/x.sock'], 2, /^--host must be an address .* Unix socket/],
  [['--trust-proxy', 'proxy.local'], 2, /^--trust-proxy must list IP addresses, .* not 'proxy\.local'\. See/],
  [['--trust-proxy', '101'], 2, /^--trust-proxy must be .* from 0 to 100, not 101\. See/],
  [
    ['--proxy-protocol', 'accept'],
    2,
    /^--proxy-protocol must not be 'accept' for everybody, .*: name .* as --trust-proxy, such as 10\.0\.0\.0\/8\. See/,
  ],
  [['--proxy-protocol', 'v2'], 2, /^--proxy-protocol must be require or accept, not 'v2'\./],
  [['--prot', '80'], 2, /^Unknown option --prot: did you mean --port\?/],
  [['/no/such/folder'], 1, /no\/such\/folder/],
  [['--files', '/no/such/folder'], 1, /^The folder of files \/no\/such\/folder does not exist\.$/m],
  [['--path', '/no/such/folder/a.sock'], 2, /^--port cannot be given beside --path\./],
  [['--files'], 2, /^--files needs a value: <folder>/],
]
for (const [args, code, sentence] of sentences) {
  test(`brink ${args.join(' ')} ends with ${code} and a sentence`, async () => {
    const brink = runBrink(
      args[0]?.startsWith('--') ? [ROUTES, ...(args[0] === '--port' ? [] : ['-p', '0']), ...args] : args,
    )
    assert.is(await brink.ended(), code, brink.errors())
    assert.match(brink.errors(), sentence)
    assert.not.match(brink.errors(), /\n +at /)
    assert.is(brink.output(), '')
  })
}

test('--help and --version say what they should, and end', async () => {
  const help = runBrink(['--help'])
  assert.is(await help.ended(), 0)
  assert.match(help.output(), /Usage: brink/)
  const version = runBrink(['--version'])
  assert.is(await version.ended(), 0)
  assert.match(version.output(), /^\d+\.\d+\.\d+\n$/)
})

test('the port may come from the environment', async () => {
  const brink = runBrink([ROUTES], { PORT: '0' })
  const [, port] = await brink.says(/:(\d+) /)
  assert.is((await ask({ port: Number(port) }, get('/plaintext'))).text, 'Hello, World!')
  brink.child.kill('SIGTERM')
  assert.is(await brink.ended(), 0)
})

test('a folder of one\u2019s own is served', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'brink-routes-'))
  try {
    writeFileSync(join(folder, 'index.mjs'), "export const GET = () => 'my own'\n")
    const brink = runBrink([folder, '--port', '0'])
    const [, port] = await brink.says(/:(\d+) /)
    assert.is((await ask({ port: Number(port) }, get())).text, 'my own')
    brink.child.kill('SIGTERM')
    assert.is(await brink.ended(), 0)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('files are sent where no route answers', async () => {
  const tree = fileTree({ 'page.html': 'a page', json: 'no route', 'index.html': 'no route' })
  const { brink, port } = await started('--files', tree)
  assert.is((await ask({ port }, get('/page.html'))).text, 'a page')
  assert.is((await ask({ port }, get('/json'))).text, '{"message":"Hello, World!"}')
  assert.is((await ask({ port }, get('/missing'))).status, 404)
  brink.child.kill('SIGTERM')
  assert.is(await brink.ended(), 0)
})

test('--admin-port serves metrics and health on a port of their own', async () => {
  const { brink, port } = await started('--admin-port', '0', '--readiness-delay', '60000', '--deadline', '61000')
  const [, admin] = await brink.says(/^brink metrics and health on http:\/\/\S+:(\d+)$/m)
  const other = { port: Number(admin) }
  await ask({ port }, get('/plaintext'))
  assert.is((await ask(other, get('/live'))).status, 200)
  assert.is((await ask(other, get('/ready'))).status, 200)
  const families = readMetrics((await ask(other, get('/metrics'))).text, 'prometheus')
  assert.is(sumOf(families, 'brink_http_received_requests_total'), 1)
  assert.is((await ask({ port }, get('/metrics'))).status, 404)
  brink.child.kill('SIGTERM')
  await until(async () => (await ask(other, get('/ready'))).status === 503, 'it is not ready')
  assert.is((await ask({ port }, get('/plaintext'))).status, 200)
  brink.child.kill('SIGTERM')
  assert.is(await brink.ended(), 143)
})

test('an --admin-port that is in use ends with a sentence', async () => {
  const { brink, port } = await started()
  const other = runBrink([ROUTES, '--port', '0', '--admin-port', `${port}`])
  assert.is(await other.ended(), 1)
  assert.match(other.errors(), /^Port \d+ is in use: choose another with --admin-port, or 0 for any free one\.$/m)
  brink.child.kill('SIGTERM')
  assert.is(await brink.ended(), 0)
})

test.run()
