// Proofs: methods, expectations, statuses, and what every answer says.
import { fileURLToPath } from 'node:url'
import { file, HttpError, Router, reply } from 'brink'
import * as assert from 'uvu/assert'
import { get, head, post } from '../server/messages.js'
import { connect } from '../server/raw_client.js'
import { serving } from '../server/serving.js'
import { until } from '../server/waiting.js'
import { all, answered, app, asking, last, lines, type Proof, refused, seen } from './proof.js'

const EXPECT = 'Expect: 100-continue'
const IMF_FIXDATE =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT$/
const statuses = [
  200, 201, 202, 203, 206, 299, 300, 301, 302, 303, 307, 308, 400, 401, 404, 409, 410, 422, 429, 451, 499,
]

const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n'
const tunnelling = new Router().connect((_req, socket) => {
  socket.write(ESTABLISHED)
  socket.pipe(socket)
})

const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
const upgrading = new Router()
  .get('/', () => 'plain')
  .upgrade('/', (_req, socket) => {
    socket.end(SWITCHING)
    socket.resume()
  })

async function* streamed() {
  yield 'is not sent'
}

/** Whether a value that is a list has an element with nothing in it (RFC 9110, 5.6.1.1). */
const hasEmptyElement = (value: string) => /(^|,)[ \t]*(,|$)/.test(value)

export const semantics = {
  'GET and HEAD are answered': asking(async (ask) => {
    assert.is((await ask(get('/text'))).text, 'Hello, World!')
    assert.is((await ask(head('HEAD', '/text'), 'HEAD')).status, 200)
  }),
  'HEAD has the fields of GET, and no content': () =>
    serving(app, async (server) => {
      for (const target of ['/text', '/nothing', '/unchanged', '/status/404', '/stream']) {
        const client = (await connect(server)).send(get(target), head('HEAD', target), get('/text'))
        const [got, headed, next] = await client.receive(3, ['GET', 'HEAD'])
        assert.is(headed?.status, got?.status)
        assert.equal(withoutDate(headed?.fields), withoutDate(got?.fields), target)
        assert.is(next?.text, 'Hello, World!')
      }
    }),
  'a method that nobody knows is answered with 501': all(
    ...['/', '/text', '/post-only', '/nowhere'].map((target) =>
      last(501, head('FOO', target), head('X-9', target), head('G', target), head('PLAY', target), head('PRI', target)),
    ),
  ),
  'a method in lower case is refused': refused(400, head('get', '/'), head('Get', '/'), head('post', '/')),
  'a method that a path does not have is answered with 405 and Allow': () =>
    serving(
      new Router().get('/', () => 'here').put('/', () => 'put'),
      async (server) => {
        const client = await connect(server)
        for (const method of ['POST', 'DELETE', 'TRACE', 'PROPFIND']) {
          const answer = await client.send(head(method, '/')).response()
          assert.is(`${answer.status} ${answer.header('allow')}`, '405 GET, HEAD, PUT, OPTIONS', method)
        }
      },
    ),
  'OPTIONS says what a path allows': () =>
    serving(
      new Router().get('/', () => 'here'),
      async (server) => {
        const answer = await (await connect(server)).send(head('OPTIONS', '/')).response()
        assert.is(`${answer.status} ${answer.header('allow')}`, '204 GET, HEAD, OPTIONS')
      },
    ),
  'CONNECT to no port, or a wrong one, is refused before the app is asked': async () => {
    const targets = [
      'brink',
      'brink:',
      'brink:0',
      'brink:65536',
      'brink:x',
      ':80',
      '[::1]',
      '/',
      '*',
      'http://brink:80/',
    ]
    await refused(400, ...targets.map((target) => head('CONNECT', target)))()
    await serving(tunnelling, async (server) => {
      for (const target of targets) {
        const client = (await connect(server)).send(head('CONNECT', target), 'not for a tunnel')
        assert.is((await client.response()).status, 400, target)
        assert.is(await client.closed(), 'fin')
      }
    })
  },
  'CONNECT without somebody who takes it opens no tunnel': last(501, head('CONNECT', 'brink:443')),
  'what a tunnel begins with is what the app says, and no coding': () =>
    serving(tunnelling, async (server) => {
      const client = (await connect(server)).send(head('CONNECT', 'brink:443'), 'through it').finish()
      assert.is(await client.everything(), `${ESTABLISHED}through it`)
    }),
  'an Upgrade is an offer, which the app need not take': all(
    seen(get('/', 'Connection: Upgrade', 'Upgrade: h2c'), { method: 'GET' }),
    seen(get('/', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c, websocket', 'HTTP2-Settings: AAMAAABk')),
  ),
  'an Upgrade of HTTP/1.0 reaches nobody who would take it': () =>
    serving(upgrading, async (server) => {
      for (const connection of ['Upgrade', 'keep-alive, Upgrade']) {
        const client = (await connect(server)).send(
          lines('GET / HTTP/1.0', `Connection: ${connection}`, 'Upgrade: websocket'),
        )
        assert.is((await client.response()).text, 'plain')
        client.leave()
      }
    }),
  'no protocol is switched to unasked': () =>
    serving(upgrading, async (server) => {
      for (const fields of [
        [],
        ['Upgrade: websocket'],
        ['Connection: Upgrade'],
        ['Connection: keep-alive', 'Upgrade: websocket'],
        ['Proxy-Connection: Upgrade', 'Upgrade: websocket'],
      ]) {
        const client = (await connect(server)).send(get('/', ...fields))
        assert.is((await client.response()).text, 'plain', fields.join())
        client.leave()
      }
      const asking = (await connect(server)).send(get('/', 'Connection:\tUpgrade\t', 'Upgrade: websocket')).finish()
      assert.is(await asking.everything(), SWITCHING)
    }),
  '100 is sent at once, and the answer behind the body': () =>
    serving(app, async (server) => {
      for (const fields of [
        [EXPECT, 'Content-Length: 4'],
        ['Content-Length: 4', EXPECT],
        ['expect: 100-CONTINUE', 'Content-Length: 4'],
      ]) {
        const client = (await connect(server)).send(head('POST', '/', ...fields))
        assert.is((await client.response()).status, 100)
        const answer = await client.send('body').response()
        assert.is(`${answer.status} ${JSON.parse(answer.text).body}`, '200 body')
      }
      const chunked = (await connect(server)).send(head('POST', '/', EXPECT, 'Transfer-Encoding: chunked'))
      assert.is((await chunked.response()).status, 100)
      assert.is((await chunked.send('0\r\n\r\n').response()).status, 200)
    }),
  '100 is not sent where there is no body': asking(async (ask) => {
    assert.is((await ask(get('/text', EXPECT))).status, 200)
    assert.is((await ask(head('POST', '/', EXPECT, 'Content-Length: 0'))).status, 200)
  }),
  'what is refused by its head is refused instead of 100': () =>
    serving(app, async (server) => {
      const client = (await connect(server)).send(head('POST', '/', EXPECT, 'Content-Length: 2000000'))
      const answer = await client.response()
      assert.is(`${answer.status} ${answer.header('connection')}`, '413 close')
      assert.is(await client.closed(), 'fin')
    }),
  'HTTP/1.0 never gets a 100': () =>
    serving(app, async (server) => {
      const client = await connect(server)
      // It is read before the body comes, so that a 100 would be the first that is answered.
      await client.sendSeen(server, lines('POST / HTTP/1.0', EXPECT, 'Content-Length: 4'))
      await client.sendSeen(server, 'bo')
      assert.is((await client.send('dy').response()).status, 200)
    }),
  'another expectation is answered with 417': refused(
    417,
    get('/', 'Expect: 200-ok'),
    get('/', 'Expect: 100-continue, x'),
    get('/', 'Expect: 100-continue', 'Expect: x'),
    post('/', 'body', 'Expect: 100-continued'),
  ),
  'HTTP/1.0 is answered as HTTP/1.1, without chunks': () =>
    serving(app, async (server) => {
      const whole = await (await connect(server)).send(lines('GET /text HTTP/1.0')).response()
      assert.equal([whole.header('transfer-encoding'), whole.header('content-length')], [undefined, '13'])
      for (const connection of ['close', 'keep-alive']) {
        const client = (await connect(server)).send(lines('GET /stream HTTP/1.0', `Connection: ${connection}`))
        const [fields = '', body] = (await client.everything()).split('\r\n\r\n')
        assert.match(fields, /^HTTP\/1\.1 200 OK\r\n/)
        assert.not.match(fields, /^(transfer-encoding|content-length):/im)
        assert.match(fields, /^connection: close$/im)
        assert.is(body, 'one, two')
      }
    }),
  'every answer is well formed, with one length and a date': async () => {
    for (const status of statuses) {
      await answered(
        () => reply(status, 'said'),
        (answer) => {
          assert.is(answer.status, status)
          assert.equal([answer.header('content-length'), answer.text], ['4', 'said'])
          assert.match(answer.header('date') as string, IMF_FIXDATE)
        },
      )()
    }
    // The client of these tests takes no answer with both a length and chunks, or with neither.
    await answered(
      async function* () {
        yield 'said'
      },
      (answer) => assert.equal([answer.header('transfer-encoding'), answer.text], ['chunked', 'said']),
    )()
  },
  'no list that is sent has an empty element': all(
    answered(
      () => reply(200, 'x', [...['', 'a', '', 'b', ''].map((value): [string, string] => ['vary', value])]),
      ({ fields }) =>
        assert.equal(
          fields.filter(([name, value]) => name === 'vary' && hasEmptyElement(value)),
          [],
        ),
    ),
    () =>
      serving(app, async (server) => {
        const { fields } = await (await connect(server)).send(head('PROPFIND', '/post-only/', 'A: b')).response()
        assert.not.ok(fields.some(([, value]) => hasEmptyElement(value)))
        const allow = (await (await connect(server)).send(head('OPTIONS', '*')).response()).header('allow') as string
        assert.not.ok(hasEmptyElement(allow), allow)
      }),
  ),
  'a status without a phrase keeps its space': async () => {
    // The strict client of the tests takes no status line without it.
    await answered(
      () => reply(299, 'said'),
      ({ status, reason }) => assert.equal([status, reason], [299, '']),
    )()
  },
  'Date is now': asking(async (ask) => {
    const before = Math.floor(Date.now() / 1000) * 1000
    const date = Date.parse((await ask(get('/text'))).header('date') as string)
    assert.ok(date >= before && date <= Date.now(), `${date}`)
  }),
  'a refusal has a date, a type and an explanation': asking(async (ask) => {
    for (const bytes of [
      'hello\r\n\r\n',
      head('FOO', '/'),
      get('/', 'Expect: x'),
      lines('GET / HTTP/2.0', 'Host: a'),
    ]) {
      const answer = await ask(bytes)
      assert.match(answer.header('date') as string, IMF_FIXDATE)
      assert.match(answer.header('content-type') as string, /^text\/plain/)
      assert.is(answer.text, answer.reason)
    }
  }),
  '204 has neither content nor a length': all(
    ...[() => 'is not sent', streamed].map((body) =>
      answered(
        () => reply(204, body()),
        (answer) => {
          assert.equal([answer.header('content-length'), answer.header('transfer-encoding')], [undefined, undefined])
          assert.is(answer.text, '')
        },
      ),
    ),
  ),
  '304 has no content, and only a length that is given': all(
    answered(
      () => reply(304, 'is not sent'),
      (answer) => assert.is(answer.header('content-length'), undefined),
    ),
    answered(
      () => reply(304, undefined, { 'content-length': 13 }),
      (answer) => assert.is(answer.header('content-length'), '13'),
    ),
  ),
  '205 has no content': all(
    ...[() => 'is not sent', streamed].map((body) =>
      answered(
        () => reply(205, body()),
        (answer) => assert.equal([answer.header('content-length'), answer.text], ['0', '']),
      ),
    ),
  ),
  'a handler sends no 1xx': async () => {
    for (const status of [100, 101, 102, 103, 199]) assert.throws(() => reply(status), /200 to 599/)
  },
  '426 cannot be given the Upgrade that it asks for': async () => {
    assert.throws(() => reply(426, 'later', { upgrade: 'HTTP/3.0' }), /'upgrade'/)
  },
  'a length that is not that of the body is never sent': async () => {
    const errors: unknown[] = []
    const use = async (server: { port: number; stats(): { bytesIn: number } }) => {
      for (const target of ['/short', '/long']) {
        const answer = await (await connect(server)).send(get(target)).response()
        assert.is(answer.status, 500)
      }
      await until(() => errors.length === 2, 'both were told')
    }
    const app = new Router()
      .get('/short', () => reply(200, 'four', { 'content-length': 3 }))
      .get('/long', () => reply(200, 'four', { 'content-length': 5 }))
    await serving(app, use, { log: (error) => errors.push(error) })
  },
  'an answer says its type': all(
    answered(
      () => 'text',
      (answer) => assert.is(answer.header('content-type'), 'text/plain; charset=utf-8'),
    ),
    answered(
      () => ({}),
      (answer) => assert.is(answer.header('content-type'), 'application/json'),
    ),
    answered(
      () => new Uint8Array(1),
      (answer) => assert.is(answer.header('content-type'), 'application/octet-stream'),
    ),
  ),
  'ranges and conditions change no answer of a handler': all(
    ...[
      ['Range: bytes=0-1'],
      ['Range: x=1'],
      ['If-Range: "1"'],
      ['If-None-Match: *'],
      ['If-Match: "2"'],
      ['Content-Range: bytes 0-1/2'],
    ].map((fields) => seen(get('/', ...fields))),
  ),
  'a range of a unit that nobody knows is no range, of a file neither': () =>
    serving(
      new Router().get('/', () => file(fileURLToPath(import.meta.url))),
      async (server) => {
        const part = await (await connect(server)).send(get('/', 'Range: bytes=0-1')).response()
        assert.is(part.status, 206)
        for (const range of ['lines=0-1', 'x=1', 'bytes', '=0-1']) {
          const answer = await (await connect(server)).send(get('/', `Range: ${range}`)).response()
          assert.is(answer.status, 200, range)
        }
      },
    ),
  'an error says no more than its status': () => {
    const app = new Router().get('/', () => {
      throw new HttpError(503, 'the password is 1234')
    })
    return serving(
      app,
      async (server) => {
        const answer = await (await connect(server)).send(get()).response()
        assert.is(`${answer.status} ${answer.text}`, '503 Service Unavailable')
      },
      { log: () => {} },
    )
  },
} satisfies Record<string, Proof>

function withoutDate(fields: readonly (readonly [string, string])[] = []) {
  return fields.filter(([name]) => name !== 'date')
}
