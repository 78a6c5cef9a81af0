// Whatever is wrong with a HEAD, its answer has no content: a client that knows HTTP would take it for the next answer.
import { Router } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head } from './messages.js'
import { connect } from './raw_client.js'
import { refusedRequests } from './refused_requests.js'
import { OTHER_SCHEME } from './scheme.js'
import { counts, serving } from './serving.js'

const app = new Router().get('/*', ({ path }) => path)

/** The same with another method, where it has one that is whole. */
const heads = refusedRequests.flatMap(({ what, bytes, status }) =>
  typeof bytes === 'string' && /^(GET|POST) /.test(bytes)
    ? [{ what, bytes: bytes.replace(/^[A-Z]+/, 'HEAD'), status }]
    : [],
)

test('a HEAD that is refused is answered without content, whatever is wrong with it', () =>
  serving(app, async (server) => {
    for (const { what, bytes, status } of heads) {
      const client = (await connect(server)).send(get('/good'), bytes)
      const [, refused] = await client.receive(2, ['GET', 'HEAD'])
      assert.is(refused?.status, status, what)
      assert.is(await client.closed(), 'fin', what)
    }
    await counts(server, { refused: heads.length })
  }))

test('a HEAD of which the limits are exceeded is answered without content', () =>
  serving(
    app,
    async (server) => {
      for (const [bytes, status] of [
        [head('HEAD', `/${'a'.repeat(100)}`), 414],
        [`HEAD /${'a'.repeat(100)}`, 414],
        [head('HEAD', '/', `A: ${'b'.repeat(500)}`), 431],
        [`HEAD / HTTP/1.1\r\nA: ${'b'.repeat(500)}`, 431],
        [head('HEAD', '/', 'A: b', 'A: b', 'A: b', 'A: b'), 431],
        [head('HEAD', '/', 'Content-Length: 1000'), 413],
        [head('HEAD', '/', 'Expect: x'), 417],
        [head('HEAD', `${OTHER_SCHEME}://brink/`), 421],
      ] as const) {
        const whole = (await connect(server)).send(bytes)
        assert.is((await whole.response('HEAD')).status, status)
        assert.is(await whole.closed(), 'fin')

        const torn = await connect(server)
        await torn.sendSeen(server, bytes.slice(0, 3))
        torn.send(bytes.slice(3))
        assert.is((await torn.response('HEAD')).status, status)
        assert.is(await torn.closed(), 'fin')
      }
    },
    { maxTargetSize: 50, maxHeaderSize: 300, maxHeaders: 4, bodyLimit: 10 },
  ))

test('a HEAD that is not sent to its end is answered without content when its time is over', () =>
  serving(
    app,
    async (server) => {
      for (const bytes of ['HEAD ', 'HEAD / HTTP/1.1\r\nHost: brink\r\n']) {
        const client = (await connect(server)).send(bytes)
        assert.is((await client.response('HEAD')).status, 408)
        assert.is(await client.closed(), 'fin')
      }
    },
    { headersTimeout: 50 },
  ))

test.run()
