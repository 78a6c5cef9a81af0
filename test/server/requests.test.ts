// A request can be read for as long as it is not answered, whatever else goes on.
import { type BrinkRequest, Router } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, noise, post, postChunked } from './messages.js'
import { ask, connect } from './raw_client.js'
import { SCHEME } from './scheme.js'
import { serving } from './serving.js'
import { type Gate, gate, turn, until } from './waiting.js'

async function everything(req: BrinkRequest): Promise<unknown> {
  const { method, path, url, target, params, headers, ip, query } = req
  const text = await req.text()
  return { method, path, url, target, params, all: query.getAll('q'), headers: Object.fromEntries(headers), ip, text }
}

test('everything that was sent can be read', () =>
  serving(new Router().post('/users/:id/*', everything), async (server) => {
    const bytes = post(
      '/users/a%20b/c/d?q=1&q=%C3%BC+x&r',
      'Grüße',
      'X-One:  1 ',
      'x-ONE: 2',
      'Cookie: a=1',
      'cookie: b=2',
    )
    const { text } = await ask(server, bytes)
    assert.equal(JSON.parse(text), {
      method: 'POST',
      path: '/users/a%20b/c/d',
      url: `${SCHEME}://brink/users/a%20b/c/d?q=1&q=%C3%BC+x&r`,
      target: '/users/a%20b/c/d?q=1&q=%C3%BC+x&r',
      params: { id: 'a b', '*': 'c/d' },
      all: ['1', 'ü x'],
      headers: { host: 'brink', 'content-length': '7', 'x-one': '1, 2', cookie: 'a=1; b=2' },
      ip: '127.0.0.1',
      text: 'Grüße',
    })
  }))

const sizes = [0, 10, 5000, 20_000, 300_000]

for (const size of sizes) {
  test(`a request with a body of ${size} bytes can be read after an await, whatever came in between`, async () => {
    const gates = new Map<string, Gate>()
    const app = new Router()
      .post('/slow/:id', async (req) => {
        const { id } = req.params
        const waiting = gate()
        gates.set(id, waiting)
        await waiting.opened
        const { headers, query, ip, path } = req
        const body = Buffer.from(await req.bytes())
        const right = body.equals(noise(size, Number(id)))
        return [id, headers.get('x-id'), query.get('id'), req.params.id, ip, path, body.length, right].join(' ')
      })
      .post('/other', (req) => req.text())
    await serving(app, async (server) => {
      const ids = ['1', '2', '3', '4', '5', '6', '7', '8']
      const clients = await Promise.all(ids.map(() => connect(server)))
      for (const [n, id] of ids.entries()) {
        const made =
          n % 2 === 0
            ? post
            : (target: string, body: Buffer, field: string) => postChunked(target, size > 0 ? [body] : [], field)
        clients[n]?.send(made(`/slow/${id}?id=${id}`, noise(size, Number(id)), `X-Id: ${id}`))
      }
      await until(() => gates.size === ids.length, 'all are at work')
      // Other requests overwrite whatever memory these came in.
      const other = await connect(server)
      const fill = `${'other '.repeat(2000)}`
      for (let round = 0; round < 30; round += 1) {
        const answers = await other
          .send(post('/other', fill, `X-Id: ${'9'.repeat(500)}`), post('/other', fill))
          .receive(2)
        assert.ok(answers.every(({ text }) => text === fill))
      }
      for (const id of [...ids].reverse()) gates.get(id)?.open()
      for (const [n, id] of ids.entries()) {
        const { text } = (await clients[n]?.response()) ?? { text: '' }
        assert.is(text, `${id} ${id} ${id} ${id} 127.0.0.1 /slow/${id} ${size} true`)
      }
    })
  })
}

test('parts that were looked at before the await are right after it', () =>
  serving(
    async (req) => {
      const { headers, query, params } = req
      const before = [headers.get('x-id'), query.get('q'), Object.keys(params).length]
      await turn()
      return [...before, headers.get('x-id'), query.get('q'), req.headers.get('x-id'), await req.text()].join(' ')
    },
    async (server) => {
      const clients = await Promise.all(Array.from({ length: 20 }, () => connect(server)))
      clients.forEach((client, n) => {
        client.send(post(`/?q=${n}`, `body ${n}`, `X-Id: id${n}`))
      })
      for (const [n, client] of clients.entries()) {
        assert.is((await client.response()).text, `id${n} ${n} 1 id${n} ${n} id${n} body ${n}`)
      }
    },
  ))

const parts: [string, (req: BrinkRequest) => unknown][] = [
  ['method', (req) => req.method],
  ['path', (req) => req.path],
  ['url', (req) => req.url],
  ['target', (req) => req.target],
  ['query', (req) => req.query],
  ['params', (req) => req.params],
  ['headers', (req) => req.headers],
  ['ip', (req) => req.ip],
  ['text()', (req) => req.text()],
  ['json()', (req) => req.json()],
  ['bytes()', (req) => req.bytes()],
]

for (const answers of ['at once', 'later'] as const) {
  test(`reading a request after it was answered ${answers} is an error that says so`, async () => {
    const kept: BrinkRequest[] = []
    await serving(
      (req) => {
        kept.push(req)
        return answers === 'at once' ? 'answered' : turn().then(() => 'answered')
      },
      async (server) => {
        await ask(server, post('/', '{}'))
        const [req] = kept
        for (const [name, read] of parts) {
          let code: unknown = 'nothing was thrown'
          try {
            await read(req as BrinkRequest)
          } catch (error) {
            code = (error as { code?: unknown }).code
          }
          assert.is(code, 'ERR_REQUEST_ENDED', name)
        }
      },
    )
  })
}

test('headers that were kept are an error after the answer, not those of somebody else', async () => {
  const kept: BrinkRequest['headers'][] = []
  await serving(
    (req) => {
      kept.push(req.headers)
      return 'answered'
    },
    async (server) => {
      const client = await connect(server)
      await client.send(get('/', 'X-Id: 1')).response()
      await client.send(get('/', 'X-Id: 2')).response()
      for (const headers of kept) {
        let code: unknown = 'nothing was thrown'
        try {
          headers.get('x-id')
        } catch (error) {
          code = (error as { code?: unknown }).code
        }
        assert.is(code, 'ERR_REQUEST_ENDED')
      }
    },
  )
})

test('bytes() are the handler\u2019s own', async () => {
  const kept: Uint8Array[] = []
  await serving(
    async (req) => {
      kept.push(await req.bytes())
    },
    async (server) => {
      const client = await connect(server)
      for (const text of ['first', 'other']) await client.send(post('/', text)).response()
      assert.equal(
        kept.map((bytes) => Buffer.from(bytes).toString()),
        ['first', 'other'],
      )
    },
  )
})

test('what an error handler reads is the request that failed', async () => {
  const app = new Router()
    .post('/:id', async () => {
      await turn()
      throw new Error('failed')
    })
    .onError(async (_error, req) => {
      await turn()
      return `${req.params.id} ${await req.text()}`
    })
  await serving(app, async (server) => {
    const clients = await Promise.all(Array.from({ length: 10 }, () => connect(server)))
    clients.forEach((client, n) => {
      client.send(post(`/${n}`, `body ${n}`))
    })
    for (const [n, client] of clients.entries()) assert.is((await client.response()).text, `${n} body ${n}`)
  })
})

test('a question mark within a query is a part of it, also at its beginning', () =>
  serving(
    ({ query }) => [...query],
    async (server) => {
      for (const [target, expected] of [
        ['/x??a=1', [['?a', '1']]],
        ['/x???', [['??', '']]],
        ['/x?&?a=?&b', [['?a', '?'], ['b', '']]], // biome-ignore format: one case, one line
        ['/x?', []],
        ['/x', []],
      ] as const) {
        assert.equal(JSON.parse((await ask(server, get(target))).text), expected, target)
      }
    },
  ))

test('header fields go where fetch takes them, and cannot be changed', () => {
  const complaints: unknown[] = []
  const app = new Router().get('/', async ({ headers }) => {
    for (const change of [() => headers.set('a', '2'), () => headers.append('a', '2'), () => headers.delete('a')]) {
      try {
        change()
      } catch (error) {
        complaints.push((error as { code?: string }).code)
      }
    }
    const copy = new Headers(headers)
    copy.set('b', '2')
    const request = new Request('http://example.org', { headers })
    return [copy.get('a'), copy.get('b'), request.headers.get('a'), [...headers].length, headers.getSetCookie()]
  })
  return serving(app, async (server) => {
    const answer = await ask(server, get('/', 'A: 1', 'Set-Cookie: c=1', 'set-cookie: d=2'))
    assert.equal(JSON.parse(answer.text), ['1', '2', '1', 3, ['c=1', 'd=2']])
    assert.equal(complaints, Array(3).fill('ERR_HEADERS_IMMUTABLE'))
  })
})

test.run()
