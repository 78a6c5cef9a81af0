// The access log: a line for each request, whatever becomes of it, and whatever a client sends.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AccessLogOptions, type AccessRecord, Router, reply, type ServeOptions, type Server, serve } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { certificate } from './certificates.js'
import { get, head, post } from './messages.js'
import { HEADER } from './proxy_headers.js'
import { ask, connect, leaveAll } from './raw_client.js'
import { serving } from './serving.js'
import { connectTls } from './tls_client.js'
import { gate, until } from './waiting.js'

const folder = mkdtempSync(join(tmpdir(), 'brink-log-'))
test.after(() => {
  leaveAll()
  rmSync(folder, { recursive: true, force: true })
})

let files = 0
function newFile(): string {
  files += 1
  return join(folder, `${files}.log`)
}

function linesIn(file: string): string[] {
  return readFileSync(file, 'utf8').split('\n').slice(0, -1)
}

/** Serves the app with a log of records, and gives them when there are as many. */
async function logged(
  app: Router,
  count: number,
  use: (server: Server) => Promise<void>,
  options: ServeOptions = {},
): Promise<AccessRecord[]> {
  const records: AccessRecord[] = []
  const to = { info: (record: object) => void records.push(record as AccessRecord) }
  await serving(
    app,
    async (server) => {
      await use(server)
      await until(() => records.length >= count, `${count} requests are logged`)
    },
    { accessLog: { to }, ...options },
  )
  assert.is(records.length, count, JSON.stringify(records))
  return records
}

/** The lines that a format makes, when the server has closed. */
async function lines(
  format: AccessLogOptions['format'],
  use: (server: Server) => Promise<void>,
  app = new Router().all('/*', () => 'ok'),
): Promise<string[]> {
  const file = newFile()
  await serving(app, use, { accessLog: { format, to: file } })
  return linesIn(file)
}

const app = new Router()
  .get('/users/:id', ({ params }) => ({ id: params.id }))
  .post('/upload', async (req) => `${(await req.bytes()).length}`)
  .fixed('/fixed', reply(200, 'fixed'))

test('a record has what was asked, by whom, and what was answered', async () => {
  const request = get('/users/7?a=b', 'Referer: http://from/', 'User-Agent: test', 'X-Forwarded-For: 9.9.9.9')
  let answered = 0
  const began = Date.now()
  const [record] = await logged(app, 1, async (server) => {
    const client = await connect(server)
    await client.send(request).touched()
    answered = client.arrived.length
    client.leave()
  })
  assert.ok(record)
  const { time, duration, wait, id, ...rest } = record
  assert.equal(rest, {
    ip: '127.0.0.1',
    peer: '127.0.0.1',
    method: 'GET',
    target: '/users/7?a=b',
    version: '1.1',
    status: 200,
    bytesIn: request.length,
    bytesOut: answered,
    end: 'answered',
    code: '',
    referer: 'http://from/',
    userAgent: 'test',
    route: '/users/:id',
    traceparent: '',
    traceId: '',
  })
  assert.ok(time >= began - 1000 && time <= Date.now() + 1000)
  assert.ok(duration >= 0 && wait !== undefined && wait <= duration)
  assert.match(id, /^[\w-]+$/)
})

test('a body counts, and a late part of it shows in the times', async () => {
  const [record] = await logged(app, 1, async (server) => {
    const client = await connect(server)
    const whole = post('/upload', Buffer.alloc(100_000))
    await client.sendSeen(server, whole.subarray(0, 1000))
    client.send(whole.subarray(1000))
    assert.is((await client.response()).text, '100000')
  })
  assert.ok((record?.bytesIn ?? 0) > 100_000)
  assert.ok((record?.wait ?? 0) < (record?.duration ?? 0))
})

test('times of requests over TLS are their own, beside connections without TLS', async () => {
  const listen = [{ port: 0, tls: certificate('localhost') }, { port: 0 }]
  let elapsed = 0
  const records = await logged(
    app,
    2,
    async ({ listeners: [secure, plain] }) => {
      assert.ok(secure !== undefined && plain !== undefined)
      await ask(plain, get('/fixed'))
      const { raw } = await connectTls(secure)
      const began = performance.now()
      await raw.send(get('/users/7')).response()
      elapsed = performance.now() - began
      raw.leave()
    },
    { port: undefined, listen } as ServeOptions,
  )
  const { duration, wait } = records.find(({ route }) => route === '/users/:id') ?? {}
  assert.ok(duration !== undefined && wait !== undefined)
  assert.ok(wait <= duration && duration <= elapsed, `${wait} of ${duration} ms, and ${elapsed} ms for the client`)
})

test('fixed answers, refused requests and unknown routes are logged', async () => {
  const records = await logged(app, 4, async (server) => {
    await ask(server, get('/fixed'))
    await ask(server, get('/nowhere'))
    await ask(server, 'GET / HTTP/1.1\r\n\r\n')
    await ask(server, 'nonsense\r\n\r\n')
  })
  const told = records.map(({ method, target, status, end, code, route }) =>
    [method, target, status, end, code, route].join(' '),
  )
  // Each loop has an order of its own.
  assert.equal(told.sort(), [
    ' nonsense 400 refused INVALID_METHOD ',
    'GET / 400 refused MISSING_HOST ',
    'GET /fixed 200 answered  /fixed',
    'GET /nowhere 404 answered  ',
  ])
})

test('clients that leave, and answers that are broken off, are logged', async () => {
  const waits = gate()
  const endless = new Router()
    .get('/waits', async () => {
      await waits.opened
      return 'late'
    })
    .get('/breaks', () => {
      const body = (async function* () {
        yield 'some'
        throw new Error('broken')
      })()
      return reply(200, body)
    })
  const records = await logged(
    endless,
    2,
    async (server) => {
      const leaves = (await connect(server)).send(get('/waits'))
      await until(() => server.stats().requests === 1, 'the request has come')
      leaves.crash()
      const broken = (await connect(server)).send(get('/breaks'))
      await broken.broken()
      await until(() => server.stats().open === 0, 'both have gone')
      waits.open()
    },
    { log: () => {} },
  )
  const told = records.map(({ target, status, end }) => `${target} ${status} ${end}`).sort()
  assert.equal(told, ['/breaks 200 aborted', '/waits 0 gone'])
})

test('a request that the close of the server cuts is logged, and so is one behind a last answer', async () => {
  const records: AccessRecord[] = []
  const accessLog = { to: { info: (record: object) => void records.push(record as AccessRecord) } }
  const never = new Router()
    .get('/never', () => new Promise<string>(() => {}))
    .get('/last', () => reply(200, 'last', { connection: 'close' }))
  const server = await serve(never, { port: 0, accessLog })
  const client = (await connect(server)).send(get('/never'))
  const last = (await connect(server)).send(get('/last') + get('/behind'))
  await last.response()
  await until(() => server.stats().requests >= 2, 'both have come')
  await server.close({ force: 0 })
  client.leave()
  const told = records.map(({ target, status, end }) => `${target} ${status} ${end}`)
  assert.ok(told.includes('/never 0 cut'), String(told))
  assert.ok(told.includes('/last 200 answered'), String(told))
  assert.ok(!told.some((line) => line.startsWith('/behind 200')), String(told))
})

test('a tunnel is logged when it ends, with its bytes in both directions', async () => {
  const tunnel = new Router().upgrade('/echo', (_req, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n')
    socket.pipe(socket)
  })
  const [record] = await logged(tunnel, 1, async (server) => {
    const client = (await connect(server)).send(get('/echo', 'Connection: Upgrade', 'Upgrade: echo'))
    await until(() => client.arrived.includes('\r\n\r\n'), 'the answer has come')
    client.send('x'.repeat(1000))
    await until(() => client.arrived.toString().endsWith('x'.repeat(1000)), 'the echo has come')
    client.leave()
  })
  assert.is(record?.end, 'tunnel')
  assert.is(record?.status, 101)
  assert.is(record?.route, '/echo')
  assert.ok((record?.bytesIn ?? 0) > 1000 && (record?.bytesOut ?? 0) > 1000)
})

test('a client is logged as trustProxy says it, and as the PROXY protocol says it', async () => {
  const use = (server: Server) => ask(server, get('/fixed', 'X-Forwarded-For: 8.8.8.8, 203.0.113.5')).then(() => {})
  const [direct] = await logged(app, 1, use)
  assert.is(direct?.ip, '127.0.0.1')
  const [forwarded] = await logged(app, 1, use, { trustProxy: 'loopback' })
  assert.is(forwarded?.ip, '203.0.113.5')
  assert.is(forwarded?.peer, '127.0.0.1')
  const [announced] = await logged(
    app,
    1,
    async (server) => {
      await ask(server, Buffer.concat([HEADER, Buffer.from(get('/fixed'))]))
    },
    { proxyProtocol: 'require' },
  )
  assert.is(announced?.ip, '192.0.2.1')
  assert.is(announced?.peer, '127.0.0.1')
})

/** Apache's `combined`, strictly. */
const COMBINED =
  /^(?:[\d.]+|[\da-f:]+) - - \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "(?:[ !#-[\]-~]|\\["\\bnrtv]|\\x[\da-f]{2})*" (?:\d{3}) \d+ "(?:[ !#-[\]-~]|\\["\\bnrtv]|\\x[\da-f]{2})*" "(?:[ !#-[\]-~]|\\["\\bnrtv]|\\x[\da-f]{2})*"$/

/** What a client would send to forge a line, or to write to the terminal of whoever reads it. */
const HOSTILE: readonly (string | Buffer)[] = [
  get('/ok', 'User-Agent: a"b\\c', 'Referer: "] 200 0 "-" "-'),
  Buffer.from(get('/ok', 'User-Agent: \xff\xfe\x9b31m\x80\t\xa0'), 'latin1'),
  Buffer.from(get('/ok', 'User-Agent: \xe2\x80\xa8 \xc2\x85', 'Referer: \\x0a\\n\\"'), 'latin1'),
  'GET /\r127.0.0.1 - - forged HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /\x1b[31m HTTP/1.1\r\nHost: a\r\n\r\n',
  Buffer.from('GET /\0\x01\x02\x7f\x85\xe2\x80\xa8 HTTP/1.1\r\nHost: a\r\n\r\n', 'latin1'),
  '"\\GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET / HTTP/1.1"\x0b\x0c\r\nHost: a\r\n\r\n',
  Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, 34, 92, 13, 10, 13, 10]),
  '\x1b]0;title\x07 / HTTP/1.1\r\n\r\n',
]

const formats: readonly [name: string, format: AccessLogOptions['format']][] = [
  ['combined', 'combined'],
  ['json', 'json'],
  ['a function', (record) => `${record.method}|${record.target}|${record.referer}|${record.userAgent}`],
]

for (const [name, format] of formats) {
  test(`the requests of hostile clients are one line each, as ${name}`, async () => {
    const made = await lines(format, async (server) => {
      for (const bytes of HOSTILE) await ask(server, bytes)
    })
    assert.is(made.length, HOSTILE.length, made.join('\n'))
    for (const line of made) {
      const controls = [...line].filter((each) => /\p{Cc}|\p{Zl}|\p{Zp}/u.test(each) && each !== '\t')
      assert.equal(controls, [])
      if (format === 'combined') assert.match(line, COMBINED)
      if (format !== 'json') continue
      const record = JSON.parse(line) as AccessRecord
      assert.is(record.ip, '127.0.0.1')
      assert.type(record.status, 'number')
    }
    if (format === 'combined') assert.ok(made.some((line) => line.endsWith(' "a\\"b\\\\c"')))
  })
}

const goaccess = spawnSync('goaccess', ['--version']).status === 0

test('a head without fields is counted to its last byte', async () => {
  const request = 'GET /users/7 HTTP/1.0\r\n\r\n'
  const [record] = await logged(app, 1, async (server) => void (await ask(server, request)))
  assert.is(record?.bytesIn, request.length)
})

test('a field that is repeated a thousand times is logged to its length, and holds up nothing', async () => {
  const request = get('/users/7', ...new Array<string>(900).fill('Referer: abcd'), 'User-Agent: test')
  const use = async (server: Server) => {
    assert.is((await ask(server, request)).status, 200)
    assert.is((await ask(server, get('/users/8'))).status, 200)
  }
  const records = await logged(app, 2, use, { maxHeaders: 1000 })
  const record = records.find(({ target }) => target === '/users/7')
  assert.is(record?.referer, 'abcd, '.repeat(100).slice(0, 512))
  assert.is(record?.userAgent, 'test')
})

test('the patterns of routes are valid in JSON', async () => {
  const own = new Router().get('/books\\:batch', () => 'ok').get('/$a/:b', () => 'ok')
  const made = await lines(
    'json',
    async (server) => {
      await ask(server, get('/books:batch'))
      await ask(server, get('/$a/b'))
    },
    own,
  )
  const routes = made.map((line) => (JSON.parse(line) as AccessRecord).route)
  assert.equal(routes.sort(), ['/$a/:b', '/books\\:batch'])
})

test('goaccess reads the format combined', async () => {
  if (!goaccess) return
  const file = newFile()
  await serving(
    new Router().all('/*', () => 'ok'),
    async (server) => {
      for (const bytes of HOSTILE) await ask(server, bytes)
      for (let times = 0; times < 5; times += 1) await ask(server, get('/ok', 'User-Agent: curl/8.0'))
    },
    { accessLog: { to: file } },
  )
  const report = join(folder, 'report.json')
  const args = [file, '--log-format=COMBINED', '--no-global-config', '-o', report]
  const { status, stderr } = spawnSync('goaccess', args, { encoding: 'utf8' })
  assert.is(status, 0, stderr)
  const { general } = JSON.parse(readFileSync(report, 'utf8')) as { general: Record<string, number> }
  assert.is(general.total_requests, HOSTILE.length + 5)
  // It takes no request line for one that has no method.
  assert.ok((general.valid_requests ?? 0) >= 8, JSON.stringify(general))
})

test('a function that returns undefined writes no line', async () => {
  const made = await lines(
    ({ target }) => (target === '/health' ? undefined : target),
    async (server) => {
      await ask(server, get('/health'))
      await ask(server, get('/a'))
    },
  )
  assert.equal(made, ['/a'])
})

test('a format, a logger or a file that fails harms no request, and is told once', async () => {
  const warnings: Error[] = []
  const hear = (warning: Error) => void warnings.push(warning)
  process.on('warning', hear)
  const fail = () => {
    throw new Error('no log today')
  }
  const failing: AccessLogOptions[] = [
    { format: fail, to: newFile() },
    { to: { info: fail } },
    { to: { info: async () => fail() } as never },
    ...(process.platform === 'linux' ? [{ to: '/dev/full' }] : []),
  ]
  for (const accessLog of failing) {
    warnings.length = 0
    await serving(
      app,
      async (server) => {
        for (let times = 0; times < 3; times += 1) {
          assert.is((await ask(server, get('/users/1'))).status, 200)
          await until(() => warnings.length > 0, 'somebody is told')
        }
      },
      { accessLog },
    )
    const told = warnings.filter((warning) => (warning as { code?: string }).code === 'BRINK_ACCESS_LOG')
    assert.is(told.length, 1, String(told))
    assert.match(told[0]?.message ?? '', /no log today|ENOSPC/)
  }
  process.off('warning', hear)
})

test('a file that cannot be opened is an error of serve()', async () => {
  const failure = await serve(app, { port: 0, accessLog: { to: join(folder, 'none', 'a.log') } }).then(
    () => undefined,
    (error) => error,
  )
  assert.is(failure?.code, 'ERR_ACCESS_LOG')
  assert.is(failure?.cause?.code, 'ENOENT')
})

test('a file is opened again on SIGUSR1, and no line is lost', async () => {
  const file = newFile()
  await serving(
    app,
    async (server) => {
      await ask(server, get('/users/before'))
      await until(() => linesIn(file).length === 1, 'the first line is there')
      renameSync(file, `${file}.1`)
      process.emit('SIGUSR1')
      await ask(server, get('/users/after'))
    },
    { accessLog: { to: file } },
  )
  assert.match(linesIn(`${file}.1`).join('\n'), /^[^\n]*\/users\/before[^\n]*$/)
  assert.match(linesIn(file).join('\n'), /^[^\n]*\/users\/after[^\n]*$/)
  assert.is(process.listenerCount('SIGUSR1'), 0)
})

test('lines are written when the process ends', () => {
  const file = newFile()
  const program = `
    import { serve } from 'brink'
    const server = await serve(() => 'ok', { port: 0, accessLog: { to: ${JSON.stringify(file)} } })
    await (await fetch(server.url)).text()
    process.exit()`
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
  assert.is(status, 0, stderr)
  assert.is(linesIn(file).length, 1)
})

test('many requests at once are all logged', async () => {
  const made = await lines('json', async (server) => {
    const client = await connect(server)
    for (let round = 0; round < 20; round += 1) {
      client.send(get('/a').repeat(50))
      await client.receive(50)
    }
  })
  assert.is(made.length, 1000)
  assert.is(new Set(made.map((line) => (JSON.parse(line) as AccessRecord).id)).size, 1000)
})

test('without the option nothing is logged, and wrong options are errors', async () => {
  for (const accessLog of [1, 'combined', { format: 'apache' }, { to: 7 }, { to: {} }, { to: '' }, { other: 1 }]) {
    const failure = await serve(app, { port: 0, accessLog: accessLog as never }).then(
      () => undefined,
      (error) => error,
    )
    assert.match(String(failure?.code), /^ERR_INVALID_ARG_/, JSON.stringify(accessLog))
  }
})

/** HEAD has the id too, and an app that gives the field itself keeps its own. */
test('requests have ids: made ones, those of trusted peers, and sent back where asked for', async () => {
  const ids = new Router()
    .get('/', (req) => req.id)
    .get('/object', () => ({ a: 1 }))
    .get('/own', () => reply(200, 'own', { 'X-Request-Id': 'own' }))
    .get('/nothing', () => undefined)
    .fixed('/fixed', 'fixed')
  const given = 'X-Request-Id: abc-123'
  await serving(ids, async (server) => {
    const one = (await ask(server, get('/', given))).text
    assert.match(one, /^[\w-]{8,}$/)
    assert.is.not(one, 'abc-123')
    assert.is.not((await ask(server, get('/'))).text, one)
  })
  const respond = { requestId: { respond: true }, trustProxy: 'loopback' } as const
  await serving(
    ids,
    async (server) => {
      for (const target of ['/', '/object', '/nothing', '/fixed', '/nowhere']) {
        assert.is((await ask(server, get(target, given))).header('x-request-id'), 'abc-123', target)
      }
      assert.is((await ask(server, get('/own', given))).header('x-request-id'), 'own')
      const made = await ask(server, get('/'))
      assert.is(made.header('x-request-id'), made.text)
      for (const wrong of ['a b', 'x'.repeat(129), 'a\xff']) {
        const answer = await ask(server, Buffer.from(get('/', `X-Request-Id: ${wrong}`), 'latin1'))
        assert.is.not(answer.text, wrong)
        assert.match(answer.text, /^[\w-]+$/)
      }
    },
    respond,
  )
  const records = await logged(
    ids,
    2,
    async (server) => {
      await ask(server, get('/', 'X-Trace: t1'))
      await ask(server, get('/', given))
    },
    { requestId: { header: 'X-Trace', trust: true } },
  )
  const told = records.map(({ id }) => id)
  assert.ok(told.includes('t1') && !told.includes('abc-123'), String(told))
})

test('the id of a request is the one in its record', async () => {
  const told: string[] = []
  const records = await logged(
    new Router().get('/', (req) => {
      told.push(req.id)
      return 'ok'
    }),
    3,
    async (server) => {
      const client = await connect(server)
      client.send(get('/') + get('/'))
      await client.receive(2)
      await ask(server, get('/'))
    },
  )
  assert.equal(records.map(({ id }) => id).sort(), told.sort())
})

test('traceparent reaches handler and log as it is, and its trace id if it is valid', async () => {
  const trace = '0af7651916cd43dd8448eb211c80319c'
  const fields = [
    `00-${trace}-b7ad6b7169203331-01`,
    `cc-${trace}-b7ad6b7169203331-01-what-the-future-brings`,
    `00-${trace}-b7ad6b7169203331-01-more`,
    `ff-${trace}-b7ad6b7169203331-01`,
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    `00-${trace}-${'0'.repeat(16)}-01`,
    '00-short',
  ]
  const heard: (string | null)[] = []
  const records = await logged(
    new Router().get('/', (req) => {
      heard.push(req.headers.get('traceparent'))
      return 'ok'
    }),
    fields.length,
    async (server) => {
      const client = await connect(server)
      for (const field of fields) await client.send(head('GET', '/', `Traceparent: ${field}`)).response()
    },
  )
  assert.equal(heard, fields)
  assert.equal(
    records.map(({ traceparent }) => traceparent),
    fields,
  )
  assert.equal(
    records.map(({ traceId }) => traceId),
    [trace, trace, '', '', '', '', ''],
  )
})

test.run()
