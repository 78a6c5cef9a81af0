// The Request that the fetch() of an app is given: its URL, its body, and its signal.
import { type FetchInfo, Router } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { apart, type Fetch, json, nativeFetch, servingFetch } from './fetch_serving.js'
import { connect } from './raw_client.js'
import { SCHEME } from './scheme.js'
import { serving } from './serving.js'
import { turn, within } from './waiting.js'

const NativeRequest = Request

test('a request has all that a Request has', () => {
  const rest = ['destination', 'referrer', 'referrerPolicy', 'mode', 'credentials', 'cache', 'redirect', 'integrity']
  const names = [...rest, 'keepalive', 'isReloadNavigation', 'isHistoryNavigation', 'duplex', 'bodyUsed', 'body']
  const read = (request: Request) => names.map((name) => `${name}: ${(request as never)[name]}`)
  return apart(
    (request) => {
      assert.equal(read(request), read(new NativeRequest(request.url)))
      const own = new Set(Object.getOwnPropertyNames(Object.getPrototypeOf(request)))
      const inherited = Object.getOwnPropertyNames(NativeRequest.prototype).filter((name) => !own.has(name))
      class Mine extends Request {}
      return Response.json({
        inherited: inherited.filter((name) => name !== 'attribute'),
        instances: [request instanceof Request, request instanceof NativeRequest, request instanceof Mine],
        mine: new Mine('http://a.example/') instanceof Mine,
        native: new NativeRequest('http://a.example/') instanceof Request,
        constructor: request.constructor === Request,
        tag: String(request),
        headers: request.headers instanceof Headers,
        keys: [...request.headers.keys()].includes('x-b'),
        written: (() => {
          request.headers.set('x-b', '2')
          request.headers.delete('x-a')
          return [request.headers.get('x-a'), request.headers.get('X-B')]
        })(),
      })
    },
    async ({ url }) => {
      assert.equal(await json(url, { headers: { 'x-a': '1', 'x-b': '1' } }), {
        inherited: [],
        instances: [true, true, false],
        mine: true,
        native: true,
        constructor: true,
        tag: '[object Request]',
        headers: true,
        keys: true,
        written: [null, '2'],
      })
    },
  )
})

const targets = [
  '/',
  '/a/b?c=d&e',
  '/a/../b/./c',
  '/%2e%2e/x',
  '/a%2Fb%C3%A9',
  '//twice//x',
  "/quote'?q='",
  '/%zz',
  '/..',
  '/?a=/../b',
  `${SCHEME}://HOST/absolute/../x?y`,
]
test('the URL of a request is as URL writes it', () =>
  apart(
    (request) => new Response(request.url),
    async ({ port }) => {
      for (const host of [`127.0.0.1:${port}`, 'Example.COM', 'a.example:80', '[::1]:99', 'xn--bcher-kva.example']) {
        for (const target of targets.map((written) => written.replace('HOST', host))) {
          const client = await connect({ port })
          client.send(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
          const [, body] = (await client.everything()).split('\r\n\r\n')
          const expected = target.startsWith('http') ? target : `${SCHEME}://${host}${target}`
          assert.is(body, new URL(expected).href, `${host} ${target}`)
        }
      }
    },
  ))

test('a host that no URL can have is 400, and is not logged', () =>
  apart(
    (request) => new Response(new URL(request.url).host),
    async ({ port }) => {
      const client = await connect({ port })
      client.send('GET / HTTP/1.1\r\nHost: 1.2.3.999\r\nConnection: close\r\n\r\n')
      assert.match(await client.everything(), /^HTTP\/1.1 400/)
    },
  ))

test('a request is readable behind its answer', async () => {
  let kept: Request | undefined
  let info: FetchInfo | undefined
  await servingFetch(
    (request, given) => {
      kept ??= request
      info ??= given
      return new Response('answered')
    },
    async ({ url }) => {
      await nativeFetch(`${url}/first`, { method: 'POST', body: 'the body', headers: { 'x-a': 'first' } })
      // Their heads lie where the first one did.
      for (let count = 0; count < 20; count += 1) {
        await nativeFetch(`${url}/other`, { method: 'PUT', body: 'another', headers: { 'x-a': 'other' } })
      }
      const { method, url: asked, headers } = kept as Request
      assert.equal([method, asked, headers.get('x-a')], ['POST', `${url}/first`, 'first'])
      assert.is(await kept?.text(), 'the body')
      assert.is(info?.incoming.headers['x-a'], 'first')
      assert.is(typeof info?.remoteAddress, 'string')
      assert.not.ok(kept?.signal.aborted)
    },
  )
})

test('a body is read as a stream of bytes, also by a reader with a buffer of its own', () =>
  apart(
    async (request) => {
      const reader = (request.body as ReadableStream<Uint8Array>).getReader({ mode: 'byob' })
      let text = ''
      for (;;) {
        const { done, value } = await reader.read(new Uint8Array(3))
        if (done) return new Response(`${text} ${request.bodyUsed}`)
        text += Buffer.from(value)
      }
    },
    async ({ url }) => {
      const response = await nativeFetch(url, { method: 'POST', body: '12345678' })
      assert.is(await response.text(), '12345678 true')
    },
  ))

test('a body is taken once, however it is taken', () =>
  apart(
    async (request) => {
      const taken = await request.text()
      const failed: string[] = []
      for (const again of ['text', 'json', 'arrayBuffer', 'blob', 'formData'] as const) {
        await request[again]().catch(({ name }) => failed.push(name))
      }
      assert.throws(() => request.clone(), /consumed/)
      assert.throws(() => new Request(request), /used/)
      assert.ok(request.body?.locked)
      const replaced = new Request(request, { body: 'another' })
      return Response.json([taken, failed.length, new Set(failed).size, await replaced.text(), replaced.method])
    },
    async ({ url }) => {
      assert.equal(await json(url, { method: 'POST', body: 'once' }), ['once', 5, 1, 'another', 'POST'])
    },
  ))

test('a body that was read is a locked stream, also where it was looked at before', async () => {
  const reads = ['text', 'arrayBuffer', 'blob', 'new Request'] as const
  const failure = (use: () => unknown) => {
    try {
      use()
    } catch (error) {
      return (error as Error).name
    }
    return 'none'
  }
  await apart(
    async (request) => {
      const looked = request.body as ReadableStream
      const read = decodeURIComponent(new URL(request.url).pathname.slice(1)) as (typeof reads)[number]
      if (read === 'new Request') new Request(request)
      else await request[read]()
      return Response.json([
        looked === request.body,
        looked.locked,
        request.bodyUsed,
        failure(() => new Response(looked)),
        failure(() => looked.getReader()),
        failure(() => looked.tee()),
        failure(() => new Request(request.url, request)),
        await looked.cancel().catch((error) => error.name),
      ])
    },
    async ({ url }) => {
      for (const read of reads) {
        const answer = await json(`${url}/${read}`, { method: 'POST', body: 'body' })
        assert.equal(answer, [true, true, true, ...Array(5).fill('TypeError')], read)
      }
    },
  )
})

test('a Request that cannot be made of another one leaves it its body', () =>
  apart(
    async (request) => {
      assert.throws(() => new Request(request, { method: 'get' }), TypeError)
      return new Response(await request.text())
    },
    async ({ url }) => {
      assert.is(await (await nativeFetch(url, { method: 'POST', body: 'body' })).text(), 'body')
    },
  ))

test('an empty body is a stream of nothing where it was announced, and null where it was not', () =>
  apart(
    async (request) => Response.json([request.body === null, await request.text()]),
    async ({ port }) => {
      const ask = async (head: string) => {
        const client = await connect({ port })
        client.send(`${head} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n`)
        client.send(head.startsWith('POST /length') ? 'Content-Length: 0\r\n\r\n' : '\r\n')
        return (await client.everything()).split('\r\n\r\n')[1]
      }
      assert.is(await ask('POST /length'), '[false,""]')
      assert.is(await ask('POST /'), '[true,""]')
      assert.is(await ask('GET /'), '[true,""]')
    },
  ))

test('a request can be handed to fetch(), with its body', async () => {
  const upstream = new Router().post('/x', async (req) => `${req.headers.get('x-a')} ${await req.text()}`)
  await serving(upstream, (inner) =>
    apart(
      (request) => fetch(new Request(inner.url + new URL(request.url).pathname, request)),
      async ({ url }) => {
        const init = { method: 'POST', body: 'through', headers: { 'x-a': '1' } }
        assert.is(await (await nativeFetch(`${url}/x`, init)).text(), '1 through')
      },
    ),
  )
})

test('signal aborts with an AbortError when the client leaves, and nothing is logged', async () => {
  let reason: unknown
  let aborted = () => {}
  const done = new Promise<void>((resolve) => {
    aborted = resolve
  })
  const logged = await servingFetch(
    (request) =>
      new Promise((_resolve, reject) => {
        request.signal.addEventListener('abort', () => {
          reason = request.signal.reason
          reject(reason)
          aborted()
        })
      }),
    async ({ port }) => {
      const client = await connect({ port })
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      await turn()
      client.leave()
      await within(done, 'the signal')
    },
  )
  assert.is((reason as Error).name, 'AbortError')
  assert.equal(logged, [])
})

test('a client that leaves while its body is read, before the app awaits it, does not end the process', async () => {
  const failures: unknown[] = []
  let begun = () => {}
  let failed = () => {}
  const done = new Promise<void>((resolve) => {
    failed = resolve
  })
  const reads = ['text', 'json', 'arrayBuffer', 'blob', 'formData'] as const
  const logged = await servingFetch(
    async (request) => {
      const read = request[reads[Number(new URL(request.url).searchParams.get('by'))] ?? 'text']()
      const gone = new Promise((resolve) => request.signal.addEventListener('abort', resolve))
      begun()
      await gone
      await turn()
      await turn()
      await read.catch(({ name }) => failures.push(name))
      if (failures.length === reads.length) failed()
      return new Response()
    },
    async ({ port }) => {
      for (const by of reads.keys()) {
        const client = await connect({ port })
        const isRead = new Promise<void>((resolve) => {
          begun = resolve
        })
        client.send(`POST /?by=${by} HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome of it`)
        await within(isRead, 'the handler')
        client.crash()
      }
      await within(done, 'the bodies to fail')
    },
  )
  assert.equal(
    failures,
    reads.map(() => 'AbortError'),
  )
  assert.equal(logged, [])
})

test('characters of a URL that browsers do not escape reach a fetch app, and no route of brink', async () => {
  const targets = ['/{a|b}^`?q={a}|b^`', '/?query={hello}', `${SCHEME}://brink/a|b`]
  const others = ['/a"b', '/a<b', '/?q=a>b', '/a\\b', '/?q=\\', '/a#b', '/\u00e9']
  const status = async (port: number, target: string): Promise<number | undefined> => {
    const client = (await connect({ port })).send(`GET ${target} HTTP/1.1\r\nHost: brink\r\n\r\n`)
    return (await client.receive(1))[0]?.status
  }
  const urls: string[] = []
  const take: Fetch = ({ url }) => {
    urls.push(url)
    return new Response('taken')
  }
  await apart(take, async ({ port }) => {
    // The second time, all but the target of a head is known.
    for (const target of [...targets, ...targets]) assert.is(await status(port, target), 200, target)
    for (const target of others) assert.is(await status(port, target), 400, target)
  })
  const wanted = targets.map((target) => new URL(target, `${SCHEME}://brink`).href)
  assert.equal(urls, [...wanted, ...wanted])
  await serving(
    new Router().get('/*', () => 'taken'),
    async ({ port }) => {
      for (const target of [...targets, ...others]) assert.is(await status(port, target), 400, target)
    },
  )
})

test.run()
