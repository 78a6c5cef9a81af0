// What went wrong in other servers does not go wrong here. Each test is named after the incident.
import { Router, reply, type ServeOptions, serve } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { incidents } from './incidents.js'
import { get, head, post } from './messages.js'
import { ask, connect } from './raw_client.js'
import { refusals } from './refusal_counts.js'
import { counts, serving } from './serving.js'
import { gate, turn, until } from './waiting.js'

const PROTO = '__proto__'
const echo = new Router().all('/*', async (req) => `${req.method} ${req.path} ${await req.text()}`)

for (const { name, what, bytes, status } of incidents) {
  test(`${name}: ${what} is answered with ${status}, and nothing behind it is asked`, () =>
    serving(echo, async (server) => {
      const client = (await connect(server)).send(bytes)
      const answer = await client.response()
      assert.is(`${answer.status} ${answer.header('connection')}`, `${status} close`)
      client.send(get('/smuggled'))
      assert.is(await client.closed(), 'fin')
      await counts(server, { requests: 0, refused: 1 })
    }))
}

test('CVE-2023-30589: a bare CR is refused wherever in a request it stands, and wherever that is cut', async () => {
  const whole = `${head('POST', '/', 'A: b', 'Transfer-Encoding: chunked')}1\r\na\r\n0\r\n\r\n`
  await serving(echo, async (server) => {
    for (let at = 0; at < whole.length; at += 1) {
      const client = await connect(server)
      await client.sendSeen(server, `${whole.slice(0, at)}\r`)
      client.send(whole.slice(at))
      assert.is((await client.response()).status, 400, `at ${at}`)
      client.leave()
    }
    assert.is(server.stats().requests, 0)
  })
})

test('CVE-2019-15606: white space behind a value is no part of it', () =>
  serving(
    ({ headers }) => `[${headers.get('x-role')}]`,
    async (server) => {
      assert.is((await ask(server, get('/', 'X-Role: admin \t '))).text, '[admin]')
    },
  ))

test('uWebSockets#1941: CHUNKED is chunked', () =>
  serving(echo, async (server) => {
    const answer = await ask(server, `${head('POST', '/', 'Transfer-Encoding: CHUNKED')}1\r\na\r\n0\r\n\r\n`)
    assert.is(answer.text, 'POST / a')
  }))

test('uWebSockets#1776: a request line in pieces has its version', () =>
  serving(echo, async (server) => {
    const line = 'GET /a HTTP/1.1\r\n'
    for (let cut = 1; cut < line.length; cut += 1) {
      const client = await connect(server)
      await client.sendSeen(server, line.slice(0, cut))
      assert.is((await client.send(line.slice(cut), 'Host: brink\r\n\r\n').response()).text, 'GET /a ', `cut at ${cut}`)
      client.leave()
    }
  }))

test('uWebSockets: what is longer than its length is the next request, and judged as one', () =>
  serving(echo, async (server) => {
    const client = (await connect(server)).send(head('POST', '/', 'Content-Length: 1'), 'aGET /b', '\r\n\r\n')
    const [first, second] = await client.receive(2)
    assert.equal([first?.text, second?.status], ['POST / a', 400])
    assert.is(await client.closed(), 'fin')
  }))

// What must not be seen as /admin by one part and as something else by another.
const paths: [string, string, string, boolean][] = [
  ['CVE-2026-29087', '/admin%2Fsecret', '/admin%2Fsecret', false],
  ['CVE-2026-29087', '/%61dmin/secret', '/admin/secret', true],
  ['CVE-2026-29087', '/admin/%73ecret', '/admin/secret', true],
  ['CVE-2026-39406', '//admin/secret', '//admin/secret', false],
  ['CVE-2026-39406', '/admin//secret', '/admin//secret', true],
  ['CVE-2026-54286', '/admin%5Csecret', '/admin%5Csecret', false],
  ['Bun, routing', '/a/../admin/secret', '/admin/secret', true],
  ['Bun, routing', '/a/%2e%2E/admin/./secret', '/admin/secret', true],
  ['Bun, routing', '/admin/../public', '/public', false],
  ['Bun, routing', '/admin/..%2fpublic', '/admin/..%2Fpublic', true],
]
for (const [name, target, path, isGuarded] of paths) {
  test(`${name}: ${target} is ${path} to the guard and to the route`, () => {
    const app = new Router()
      .use('/admin', () => reply(403, 'guarded'))
      .get('/admin/*', ({ path }) => `secret of ${path}`)
      .get('/*', ({ path }) => path)
    return serving(app, async (server) => {
      const { status, text } = await ask(server, get(target))
      assert.equal([status, text], isGuarded ? [403, 'guarded'] : [200, path])
    })
  })
}

test('CVE-2026-54286: a backslash is no slash, and no part of a path', () =>
  serving(echo, async (server) => {
    for (const target of ['/admin\\secret', '\\admin', '/\\/admin', '/?a=\\']) {
      assert.is((await ask(server, get(target))).status, 400, target)
    }
  }))

test('CVE-2026-29087: NUL and broken escapes are no path', () =>
  serving(echo, async (server) => {
    for (const target of ['/admin%00', '/%', '/%4', '/%zz', '/%ff', '/%c0%af']) {
      assert.is((await ask(server, get(target))).status, 400, target)
    }
  }))

test('CVE-2026-25223, CVE-2026-3419: a Content-Type is handed on as it came, and is JSON only by its grammar', () =>
  serving(
    new Router()
      .post('/text', async (req) => `${await req.text()} ${req.headers.get('content-type')}`)
      .post('/json', (req) => req.json()),
    async (server) => {
      for (const type of [
        'application/json\t;x',
        'application/json garbage',
        'application/json\ta',
        'text/plain',
        '',
      ]) {
        const field = `Content-Type: ${type}`
        assert.is((await ask(server, post('/text', '{"a":1}', field))).text, `{"a":1} ${type}`)
        assert.is((await ask(server, post('/json', '{"a":1}', field))).status, 415)
      }
      for (const type of ['application/json', 'Application/JSON\t; charset="utf-8"', 'application/a+json;;x=y']) {
        assert.is((await ask(server, post('/json', '{"a":1}', `Content-Type: ${type}`))).text, '{"a":1}')
      }
    },
  ))

test('GHSA-f59h-q822-g45g, GHSA-49wc-4hcv-v58q: an underscore or a dot in a name is no hyphen', () =>
  serving(
    ({ headers }) => `${headers.get('x-forwarded-user')} ${headers.get('x_forwarded_user')}`,
    async (server) => {
      const answer = await ask(server, get('/', 'X_Forwarded_User: root', 'X.Forwarded.User: root'))
      assert.is(answer.text, 'null root')
    },
  ))

test('CVE-2026-21717: names that an attacker chose are names, whatever they are', () =>
  serving(
    new Router().get('/:__proto__/*constructor', ({ params, query, headers }) => {
      const given: Record<string, unknown> = params
      return [given[PROTO], params.constructor, query.get(PROTO), headers.get(PROTO), given.toString].join()
    }),
    async (server) => {
      const numbers = Array.from({ length: 90 }, (_, n) => `${n * 2 ** 20}: x`)
      const answer = await ask(server, get('/a/b?__proto__=c', '__proto__: d', ...numbers))
      assert.is(answer.text, 'a,b,c,d,')
      assert.is((await ask(server, get('/a/b', ...Array.from({ length: 100 }, (_, n) => `${n}: x`)))).status, 431)
    },
  ))

test('CVE-2026-21637: what throws in a callback costs neither the process nor the answer', async () => {
  const { error } = console
  const complaints: unknown[] = []
  console.error = (...all) => complaints.push(...all)
  const throwing = () => {
    throw new Error('from a callback')
  }
  try {
    const options: ServeOptions = { log: throwing, onClientError: throwing }
    await serving(
      throwing,
      async (server) => {
        assert.is((await ask(server, get())).status, 500)
        assert.is((await ask(server, 'bad\r\n\r\n')).status, 400)
        await until(() => complaints.length >= 2, 'both are told')
        assert.is((await ask(server, get())).status, 500)
      },
      options,
    )
  } finally {
    console.error = error
  }
})

test('CVE-2018-12122: a head that trickles in is cut off, however often it is sent to', () =>
  serving(
    echo,
    async (server) => {
      const client = (await connect(server)).send('GET / HTTP/1.1\r\nHost: brink\r\nA: ')
      while (client.ending === undefined) await client.sendSeen(server, 'b')
      assert.is((await client.response()).status, 408)
      await refusals(server, { HEADERS_TIMEOUT: 1 })
    },
    { headersTimeout: 100, maxHeaderSize: 65_535 },
  ))

test('CVE-2019-5739: a connection that was kept alive is not open for ever', () =>
  serving(
    echo,
    async (server) => {
      const client = (await connect(server)).send(get())
      await client.response()
      assert.is(await client.closed(), 'fin')
      await counts(server, { idleTimeouts: 1, open: 0 })
    },
    { keepAliveTimeout: 100 },
  ))

test('node, 2013: a flood of pipelined requests is read no further than it is answered', () => {
  const slow = gate<string>()
  return serving(
    () => slow.opened,
    async (server) => {
      const client = (await connect(server)).send(get('/').repeat(20_000))
      await until(() => server.stats().requests === 64, 'as many are asked as may wait')
      for (let count = 0; count < 50; count += 1) await turn()
      assert.is(server.stats().requests, 64)
      slow.open('at last')
      assert.is((await client.receive(100))[99]?.text, 'at last')
    },
  )
})

test('bun#32488: what is pipelined behind a slow answer is bounded', () => {
  const slow = gate<string>()
  const app = new Router().get('/slow', () => slow.opened).get('/fast', () => 'fast')
  return serving(
    app,
    async (server) => {
      const client = (await connect(server)).send(get('/slow'), get('/fast').repeat(5000))
      await until(() => server.stats().requests === 8, 'as many are asked as may wait')
      for (let count = 0; count < 50; count += 1) await turn()
      assert.equal([server.stats().requests, server.stats().bytesOut], [8, 0])
      slow.open('slow')
      assert.is((await client.receive(200))[199]?.text, 'fast')
    },
    { maxPipelined: 8 },
  )
})

test('uWebSockets.js#1296: a client that leaves before its answer, or a handler that gives none, ends no process', () => {
  const late = gate<string>()
  return serving(
    () => late.opened,
    async (server) => {
      const gone = (await connect(server)).send(get())
      await until(() => server.stats().requests === 1, 'it is asked')
      gone.crash()
      const stays = (await connect(server)).send(get())
      await until(() => server.stats().requests === 2 && server.stats().open === 1, 'it has left')
      late.open('late')
      assert.is((await stays.response()).text, 'late')
    },
  )
})

test('hyper-express v7: the address of a client that has left can be read', () => {
  const left = gate()
  const addresses: string[] = []
  const handler = async (req: { ip: string }) => {
    await left.opened
    addresses.push(req.ip)
  }
  return serving(handler, async (server) => {
    const client = (await connect(server)).send(get())
    await until(() => server.stats().requests === 1, 'it is asked')
    client.crash()
    await until(() => server.stats().open === 0, 'it has left')
    left.open()
    await until(() => addresses.length === 1, 'the handler has gone on')
    assert.equal(addresses, ['127.0.0.1'])
  })
})

test('hyper-express v7: a timeout that cannot be is an error, and no end of the process', async () => {
  const errors: string[] = []
  for (const keepAliveTimeout of [0, -1, 0.5, Number.NaN, 86_400_001]) {
    await serve(echo, { port: 0, keepAliveTimeout }).catch(({ code }) => errors.push(code))
  }
  assert.equal(
    errors,
    Array.from({ length: 5 }, () => 'ERR_OUT_OF_RANGE'),
  )
})

test('uWebSockets.js#396: a timeout of a day is one', () =>
  serving(echo, async (server) => assert.is((await ask(server, get())).status, 200), { keepAliveTimeout: 86_400_000 }))

test('node#27363: a connection is kept for longer than a balancer keeps it, and says so', () =>
  serving(echo, async (server) => {
    assert.is((await ask(server, get())).header('keep-alive'), 'timeout=72')
  }))

test.run()
