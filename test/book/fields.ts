// Proofs: what a field line is, and what is made of several.
import { Router, reply } from 'brink'
import * as assert from 'uvu/assert'
import { get, head, post } from '../server/messages.js'
import { connect } from '../server/raw_client.js'
import { counts, serving } from '../server/serving.js'
import { until } from '../server/waiting.js'
import { all, answered, app, lines, type Proof, refused, seen } from './proof.js'

const value = (text: string, expected: string) =>
  seen(get('/', `A:${text}`), { headers: { host: 'brink', a: expected } })

export const fields = {
  'white space before a colon is refused': refused(
    400,
    get('/', 'A : b'),
    get('/', 'A\t: b'),
    head('POST', '/', 'Content-Length : 1'),
    head('POST', '/', 'Transfer-Encoding : chunked'),
    lines('GET / HTTP/1.1', 'Host : brink'),
  ),
  'white space around a value is no part of it': all(
    value('b', 'b'),
    value(' b', 'b'),
    value('\t b c \t ', 'b c'),
    value('', ''),
    value(' \t ', ''),
    seen('GET / HTTP/1.1\r\nHost:\t brink \t\r\n\r\n', { headers: { host: 'brink' }, url: 'http://brink/' }),
  ),
  'white space around a length is no part of it': all(
    seen(`${head('POST', '/', 'Content-Length:\t 1  ')}a`, { body: 'a' }),
    seen(`${head('POST', '/', 'Content-Length:1')}a`, { body: 'a' }),
  ),
  'a tab behind a length is refused': refused(400, `${head('POST', '/', 'Content-Length: 1\t')}a`),
  'a folded field is refused': refused(
    400,
    get('/', 'A: b', ' c'),
    get('/', 'A: b', '\tc'),
    get('/', 'A:', ' b'),
    head('POST', '/', 'Transfer-Encoding:', ' chunked'),
  ),
  'CR, LF and NUL in a value are refused': refused(
    400,
    get('/', 'A: b\rc'),
    get('/', 'A: b\nc'),
    get('/', 'A: b\nc: d'),
    get('/', 'A: b\0c'),
    get('/', 'A: \0'),
  ),
  'other control characters in a value are refused': refused(
    400,
    ...[0x01, 0x08, 0x0b, 0x0c, 0x1b, 0x1f, 0x7f].map((octet) => get('/', `A: b${String.fromCharCode(octet)}c`)),
  ),
  'a name that is no token is refused': refused(
    400,
    ...['', 'A B', 'A(', 'A\0', 'Ä', '"A"'].map((n) => get('/', `${n}: b`)),
  ),
  'a name is the same in any case': all(
    seen('GET / HTTP/1.1\r\nhOST: brink\r\nX-oNe: 1\r\n\r\n', { headers: { host: 'brink', 'x-one': '1' } }),
    seen('POST / HTTP/1.1\r\nHOST: brink\r\nCONTENT-LENGTH: 1\r\n\r\na', { body: 'a' }),
  ),
  'a field that nobody knows is let through': seen(get('/', 'X-Nobody-Knows: 1', '!#$%&: 2'), {
    headers: { host: 'brink', 'x-nobody-knows': '1', '!#$%&': '2' },
  }),
  'fields of one name are one list, in order': seen(get('/', 'A: 1', 'B: x', 'a: 2,3'), {
    headers: { host: 'brink', a: '1, 2,3', b: 'x' },
  }),
  'empty elements of a list are passed over': all(
    closes(', close,,'),
    closes('x, ,\tclose , '),
    seen(get('/', 'Connection: , ,')),
    seen(`${head('POST', '/', 'Expect: , 100-continue,', 'Content-Length: 1')}a`, { body: 'a' }),
    seen(get('/', 'Expect:')),
  ),
  'no request is acted upon before its head is whole': () =>
    serving(app, async (server) => {
      const client = await connect(server)
      await client.sendSeen(server, 'GET / HTTP/1.1\r\nHost: brink\r\n')
      await client.sendSeen(server, 'A: b\r\n')
      assert.is(server.stats().requests, 0)
      await client.sendSeen(server, '\r')
      assert.is(server.stats().requests, 0)
      assert.is((await client.send('\n').response()).status, 200)
    }),
  'fields beyond the limits are answered with 431': refused(
    431,
    get('/', `A: ${'b'.repeat(20_000)}`),
    get('/', `${'a'.repeat(20_000)}: b`),
    get('/', ...Array.from({ length: 101 }, (_, n) => `A${n}: b`)),
  ),
  'fields of one name leave as one line, but for Set-Cookie': answered(
    () =>
      reply(200, 'x', [
        ['vary', 'a'],
        ['Vary', 'b'],
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
      ]),
    (answer) => {
      assert.is(answer.header('vary'), 'a, b')
      assert.is(answer.header('set-cookie'), 'a=1|b=2')
    },
  ),
  'what a handler gives cannot break out of its field': async () => {
    const app = new Router().get('/:name/:value', ({ params }) => reply(200, 'x', { [params.name]: params.value }))
    const errors: unknown[] = []
    await serving(
      app,
      async (server) => {
        const client = await connect(server)
        for (const target of [
          '/a/%0D%0AB%3A%20c',
          '/a/%0A',
          '/a/%0D',
          '/a%0Db/c',
          '/a%3A/b',
          '/a%20b/c',
          '/a/%E4%B8%96',
        ]) {
          const answer = await client.send(get(target)).response()
          assert.is(answer.status, 500, target)
          assert.not.ok(answer.fields.some(([name]) => name === 'b'))
        }
        await until(() => errors.length === 7, 'each was told')
        assert.ok(
          errors.every((error) => /header/.test(String(error))),
          String(errors),
        )
      },
      { log: (error) => errors.push(error) },
    )
  },
  'what speaks of the framing cannot be given': async () => {
    const names = ['transfer-encoding', 'connection', 'keep-alive', 'te', 'trailer', 'upgrade', 'proxy-connection']
    for (const name of names)
      assert.throws(
        () => reply(200, 'x', { [name]: 'a' }),
        (e: Error) => e.message.includes(name),
      )
    assert.throws(() => reply(200, 'x', { 'content-length': '1, 1' }), /content-length/)
  },
} satisfies Record<string, Proof>

/** The connection is closed behind a request with these options. */
function closes(options: string): Proof {
  return () =>
    serving(app, async (server) => {
      const client = (await connect(server)).send(get('/', `Connection: ${options}`), post('/', 'not asked'))
      assert.is((await client.response()).header('connection'), 'close')
      assert.is(await client.closed(), 'fin')
      await counts(server, { requests: 1 })
    })
}
