// Heads that come again, as they are or with another target, are known by then. Nobody may see it.
import { type BrinkRequest, Router, type Server } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head } from './messages.js'
import { ask, connect } from './raw_client.js'
import { serving } from './serving.js'
import { turn } from './waiting.js'

/** Often enough for both a head and its fields to be known. */
const TIMES = 4

function told(req: BrinkRequest<{ id: string }>): object {
  const { method, target, params, query, headers } = req
  return {
    method,
    target,
    id: params.id,
    q: query.get('q'),
    session: headers.get('X-Session'),
    again: headers.get('x-session'),
    absent: headers.get('x-absent'),
    all: [...headers.keys()].length,
  }
}

async function statusOf(server: Server, bytes: string | Uint8Array): Promise<number> {
  const client = (await connect(server)).send(bytes)
  const { status } = await client.response()
  client.leave()
  return status
}

const app = new Router()
  .get('/at-once/:id', told)
  .get('/later/:id', async (req: BrinkRequest<{ id: string }>) => {
    const before = told(req)
    await turn()
    return [before, told(req)]
  })
  .get('/*', () => 'found')

// More sessions than are remembered; some come all the time.
const sessions = Array.from({ length: 400 }, (_, index) => `${'s'.repeat(index % 90)}${index}`)

for (const when of ['at-once', 'later']) {
  test(`each of many requests is itself: answered ${when}`, () =>
    serving(app, async (server) => {
      const clients = await Promise.all([connect(server), connect(server), connect(server)])
      for (let count = 0; count < 1200; count += 1) {
        const client = clients[count % clients.length] as (typeof clients)[number]
        const number = count % 3 === 0 ? count % 7 : (count * 17) % sessions.length
        const session = sessions[number] as string
        const method = count % 5 === 0 ? 'HEAD' : 'GET'
        const target = `/${when}/${count % 2 === 0 ? 'same' : count}?q=${count % 4}`
        client.send(head(method, target, `X-Session: ${session}`, 'Empty:'))
        const { status, text } = await client.response(method)
        assert.is(status, 200)
        if (method === 'HEAD') continue
        const id = target.split(/[/?]/)[2]
        const expected = { method, target, id, q: String(count % 4), session, again: session, absent: null, all: 3 }
        assert.equal(JSON.parse(text), when === 'later' ? [expected, expected] : expected)
      }
    }))
}

test('one that is pipelined behind itself is itself, too', () =>
  serving(app, async (server) => {
    const targets = Array.from({ length: 60 }, (_, index) => `/at-once/${index % 3}`)
    for (let times = 0; times < TIMES; times += 1) {
      const client = (await connect(server)).send(...targets.map((target) => get(target, 'X-Session: one')))
      const answers = await client.receive(targets.length)
      assert.equal(
        answers.map(({ text }) => JSON.parse(text).target),
        targets,
      )
      client.leave()
    }
  }))

test('what a target may hold does not depend on what came before', () =>
  serving(app, async (server) => {
    for (let times = 0; times < TIMES; times += 1) await ask(server, get(`/${times}`))
    for (let code = 0; code < 256; code += 1) {
      const line = Buffer.from(`GET /a${String.fromCharCode(code)}b HTTP/1.1\r\n`, 'latin1')
      const known = await statusOf(server, Buffer.concat([line, Buffer.from('Host: brink\r\n\r\n')]))
      const anew = await statusOf(server, Buffer.concat([line, Buffer.from(`Host: brink\r\nX: ${code}\r\n\r\n`)]))
      assert.is(known, anew, `U+${code.toString(16)}`)
    }
  }))

test('nor does how a request line may look', () =>
  serving(app, async (server) => {
    for (let times = 0; times < TIMES; times += 1) await ask(server, get(`/${times}`))
    for (const line of [
      'GET  / HTTP/1.1',
      'GET / HTTP/1.1 ',
      'GET /  HTTP/1.1',
      'GET / HTTP/1.2',
      'GET / HTTP/1.0',
      'GET /HTTP/1.1',
      'GET HTTP/1.1',
      'GET  HTTP/1.1',
      'GET http://brink/ HTTP/1.1',
      'GET http://other/ HTTP/1.1',
      'GET * HTTP/1.1',
      'get / HTTP/1.1',
      'GET / HTTP/1.1\r',
      'GET / HTTP/1.1\r\n folded: 1',
    ]) {
      const known = await statusOf(server, `${line}\r\nHost: brink\r\n\r\n`)
      assert.is(known, await statusOf(server, `${line}\r\nHost: brink\r\nX: ${line.length}\r\n\r\n`), line)
    }
  }))

test('nor how long it may be', () =>
  serving(
    app,
    async (server) => {
      for (let times = 0; times < TIMES; times += 1) await ask(server, get(`/${times}`))
      assert.is(await statusOf(server, get(`/${'a'.repeat(99)}`)), 200)
      assert.is(await statusOf(server, get(`/${'a'.repeat(100)}`)), 414)
    },
    { maxTargetSize: 100 },
  ))

test('the last request of a connection is its last, however often it came', () =>
  serving(app, async (server) => {
    for (let times = 0; times < TIMES; times += 1) {
      for (const target of ['/same', `/${times}`]) {
        const client = (await connect(server)).send(get(target, 'Connection: close'), get('/never'))
        assert.is((await client.response()).header('connection'), 'close')
        await client.closed()
      }
    }
  }))

test('what a request said cannot be read when it is answered, though it is known', () => {
  let headers: BrinkRequest['headers'] | undefined
  const keeping = new Router().get('/*', (req) => {
    headers = req.headers
    return headers.get('host')
  })
  return serving(keeping, async (server) => {
    for (let times = 0; times < TIMES; times += 1) assert.is((await ask(server, get())).text, 'brink')
    assert.throws(
      () => headers?.get('host'),
      (error: NodeJS.ErrnoException) => error.code === 'ERR_REQUEST_ENDED',
    )
  })
})

test.run()
