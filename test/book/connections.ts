// Proofs: how long a connection goes on, and how it ends.
import { Router, reply } from 'brink'
import * as assert from 'uvu/assert'
import { get, head, noise, post } from '../server/messages.js'
import { connect, type RawClient } from '../server/raw_client.js'
import { counts, serving } from '../server/serving.js'
import { gate, until } from '../server/waiting.js'
import { after, app, type Bytes, inShort, last, lines, type Proof } from './proof.js'

/** What follows is answered on the same connection. */
async function goesOn(client: RawClient): Promise<void> {
  assert.is(JSON.parse((await client.send(after).response()).text).path, '/after')
}

/** The connection goes on behind each, or is closed with nothing behind it answered. */
function persistence(goes: 'on' | 'no further', ...requests: readonly Bytes[]): Proof {
  return async () => {
    for (const bytes of requests) {
      await serving(app, async (server) => {
        const what = inShort(bytes)
        const client = (await connect(server)).send(bytes)
        if (goes === 'on') {
          assert.is.not((await client.response()).header('connection'), 'close', what)
          return goesOn(client)
        }
        client.send(after)
        assert.is((await client.response()).header('connection'), 'close', what)
        assert.is(await client.closed(), 'fin', what)
        await counts(server, { requests: 1 })
      })
    }
  }
}

export const connections = {
  'a connection goes on until somebody says close': persistence(
    'on',
    get('/text'),
    get('/text', 'Connection: keep-alive'),
    get('/text', 'Connection: x-close'),
    get('/text', 'Proxy-Connection: close'),
    get('/nothing'),
    get('/nowhere'),
    lines('GET /text HTTP/1.0', 'Connection: keep-alive'),
  ),
  'HTTP/1.0 goes on only where it asks to': persistence(
    'no further',
    lines('GET /text HTTP/1.0'),
    lines('GET /text HTTP/1.0', 'Connection: close'),
    lines('GET /text HTTP/1.0', 'Connection: x'),
    lines('GET /text HTTP/1.0', 'Proxy-Connection: keep-alive'),
    lines('GET /text HTTP/1.0', 'Connection: keep-alive, close'),
  ),
  'close is heard, and nothing behind it is answered': persistence(
    'no further',
    get('/text', 'Connection: close'),
    get('/text', 'Connection: CLOSE'),
    get('/text', 'Connection: keep-alive, close'),
    get('/text', 'Connection: x', 'Connection: close'),
    get('/text', 'Connection: close\t'),
    get('/text', 'Connection:\tx\t,\tclose'),
    post('/text', 'body', 'Connection: close'),
  ),
  'an answer that says close is the last': last(200, get('/close')),
  'behind an answer that says close nothing is run': async () => {
    const run: string[] = []
    const app = new Router()
      .get('/close', () => reply(200, 'bye', { connection: 'close' }))
      .all('/*', ({ method }) => run.push(method))
    await serving(app, async (server) => {
      const client = (await connect(server)).send(get('/'), get('/close'), post('/', 'not to be run'), get('/'))
      assert.is((await client.receive(2))[1]?.header('connection'), 'close')
      assert.is(await client.closed(), 'fin')
    })
    assert.equal(run, ['GET'])
  },
  'a body that the app does not read is not the next request': () =>
    serving(
      new Router().post('/', () => 'unread').get('/after', () => 'after'),
      async (server) => {
        const client = (await connect(server)).send(post('/', after.repeat(3)), after)
        const [first, second] = await client.receive(2)
        assert.equal([first?.text, second?.text], ['unread', 'after'])
        await counts(server, { requests: 2 })
      },
    ),
  'pipelined requests are answered in their order': async () => {
    const slow = gate<string>()
    const app = new Router().get('/slow', () => slow.opened).get('/:n', ({ params }) => params.n)
    await serving(app, async (server) => {
      const client = (await connect(server)).send(get('/slow'), get('/1'), head('HEAD', '/2'), get('/3'))
      await until(() => server.stats().requests === 4, 'all are asked')
      slow.open('slow')
      const answers = await client.receive(4, ['GET', 'GET', 'HEAD'])
      assert.equal(
        answers.map(({ text }) => text),
        ['slow', '1', '', '3'],
      )
    })
  },
  'a client that has said all it will is still answered': () =>
    serving(app, async (server) => {
      const client = (await connect(server)).send(get('/text'), get('/text')).finish()
      const answers = await client.receive(2)
      assert.equal(
        answers.map(({ text }) => text),
        ['Hello, World!', 'Hello, World!'],
      )
      assert.is(await client.closed(), 'fin')
    }),
  'a client that leaves is let go': () =>
    serving(app, async (server) => {
      const client = await connect(server)
      await goesOn(client)
      client.leave()
      await until(() => server.stats().open === 0, 'the server has seen it leave')
    }),
  'an idle connection ends in order, with no reset': () =>
    serving(
      app,
      async (server) => {
        const client = await connect(server)
        await goesOn(client)
        assert.is(await client.closed(), 'fin')
      },
      { keepAliveTimeout: 100 },
    ),
  'a refusal arrives, though the client is still sending': () =>
    serving(app, async (server) => {
      const client = await connect(server)
      client.send(head('POST', '/', 'Content-Length: 8000000'), noise(8_000_000))
      assert.is((await client.response()).status, 413)
      assert.is(await client.closed(), 'fin')
    }),
} satisfies Record<string, Proof>
