// Proofs: methods, expectations, statuses, and what every answer says.
import { HttpError, Router, reply } from 'brink'
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

export const semantics = {
  'GET and HEAD are answered': asking(async (ask) => {
    assert.is((await ask(get('/text'))).text, 'Hello, World!')
    assert.is((await ask(head('HEAD', '/text'), 'HEAD')).status, 200)
  }),
  'HEAD has the fields of GET, and no content': () =>
    serving(app, async (server) => {
      for (const target of ['/text', '/nothing', '/unchanged', '/status/404']) {
        const client = (await connect(server)).send(get(target), head('HEAD', target), get('/text'))
        const [got, headed, next] = await client.receive(3, ['GET', 'HEAD'])
        assert.is(headed?.status, got?.status)
        assert.equal(withoutDate(headed?.fields), withoutDate(got?.fields), target)
        assert.is(next?.text, 'Hello, World!')
      }
    }),
  'a method that nobody knows is answered with 501': last(501, head('FOO', '/'), head('X-9', '/'), head('G', '/')),
  'a method in lower case is refused': refused(400, head('get', '/'), head('Get', '/'), head('post', '/')),
  'a method that a path does not have is answered with 405 and Allow': () =>
    serving(
      new Router().get('/', () => 'here').put('/', () => 'put'),
      async (server) => {
        const client = await connect(server)
        for (const method of ['POST', 'DELETE', 'TRACE', 'PROPFIND', 'FOO']) {
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
  'CONNECT is refused, and opens no tunnel': async () => {
    for (const target of ['brink:443', 'brink:', 'brink:0', 'brink:65536', 'brink', '/', 'http://brink/']) {
      await asking(async (ask) => {
        const { status } = await ask(head('CONNECT', target))
        assert.ok(status === 400 || status === 501, `${target}: ${status}`)
      })()
    }
  },
  'an Upgrade is an offer that nobody takes up': all(
    seen(get('/', 'Connection: Upgrade', 'Upgrade: h2c'), { method: 'GET' }),
    seen(get('/', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c, websocket', 'HTTP2-Settings: AAMAAABk')),
    asking(async (ask) => {
      const answer = await ask(lines('GET / HTTP/1.0', 'Connection: Upgrade', 'Upgrade: websocket'))
      assert.is(answer.status, 200)
    }),
  ),
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
  'HTTP/1.0 never gets a 100': asking(async (ask) => {
    const request = lines('POST / HTTP/1.0', EXPECT, 'Content-Length: 4')
    assert.is((await ask(`${request}body`)).status, 200)
    assert.is((await ask(lines('POST / HTTP/1.0', 'Expect: 100-continue', 'Content-Length: 0'))).status, 200)
  }),
  'another expectation is answered with 417': refused(
    417,
    get('/', 'Expect: 200-ok'),
    get('/', 'Expect: 100-continue, x'),
    post('/', 'body', 'Expect: 100-continued'),
  ),
  'HTTP/1.0 is answered as HTTP/1.1, without chunks': asking(async (ask) => {
    const answer = await ask(lines('GET /text HTTP/1.0'))
    assert.equal([answer.header('transfer-encoding'), answer.header('content-length')], [undefined, '13'])
  }),
  'every answer is well formed, with one length and a date': async () => {
    for (const status of statuses) {
      await answered(
        () => reply(status, 'said'),
        (answer) => {
          assert.is(answer.status, status)
          assert.equal([answer.header('content-length'), answer.text], ['4', 'said'])
          assert.match(answer.header('date') as string, IMF_FIXDATE)
          assert.not.ok(answer.fields.some(([, value]) => /(^|,)\s*(,|$)/.test(value) && value !== ''))
        },
      )()
    }
  },
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
  '204 has neither content nor a length': answered(
    () => reply(204, 'is not sent'),
    (answer) => {
      assert.equal([answer.header('content-length'), answer.header('transfer-encoding')], [undefined, undefined])
      assert.is(answer.text, '')
    },
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
  '205 has no content': answered(
    () => reply(205, 'is not sent'),
    (answer) => assert.equal([answer.header('content-length'), answer.text], ['0', '']),
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
