// Fetch apps that make mistakes: each gets a 500 and a line in the log, and costs neither the connection nor the process.
import { Readable } from 'node:stream'
import { type FetchInfo, type Server, serve } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { connect } from './raw_client.js'
import { until, within } from './waiting.js'

async function serving(
  app: (request: Request, info: FetchInfo) => unknown,
  use: (server: Server) => Promise<void>,
): Promise<string[]> {
  const logged: string[] = []
  const log = (error: unknown) => {
    logged.push((error as { code?: string }).code ?? typeof error)
  }
  const server = await serve({ fetch: app as never }, { port: 0, log })
  try {
    await use(server)
  } finally {
    await within(server.close({ force: 0 }), 'the server to close')
  }
  return logged
}

const head = (method: string, path: string, ...fields: string[]) =>
  `${method} ${path} HTTP/1.1\r\n${['Host: a', ...fields].join('\r\n')}\r\n\r\n`

const wrong: Record<string, () => Response> = {
  'a header with a control character': () => new Response('x', { headers: { 'x-a': 'a\x01b' } }),
  'a header with a DEL that was set later': () => {
    const response = new Response('x', { headers: { 'x-b': '1' } })
    response.headers.append('set-cookie', 'a\x7f')
    return response
  },
  'a content type with a control character': () => new Response('x', { headers: { 'content-type': 'a\x01b' } }),
  'a stream with a control character in a header': () =>
    new Response(new Blob(['x']).stream(), { headers: { 'x-a': 'a\x01b' } }),
}
for (const [what, make] of Object.entries(wrong)) {
  test(`${what} is 500 and is logged, and the connection goes on`, async () => {
    const logged = await serving(
      (request) => (request.url.endsWith('/wrong') ? make() : new Response('right')),
      async (server) => {
        const client = await connect(server)
        const [first, second] = await client.send(head('GET', '/wrong'), head('GET', '/')).receive(2)
        assert.equal([first?.status, second?.status, String(second?.body)], [500, 200, 'right'])
      },
    )
    assert.equal(logged, ['ERR_INVALID_HEADER_VALUE'])
  })
}

test('the Response of upgrade() is 500 for any other request, and is logged', async () => {
  let kept: Response | undefined
  const logged = await serving(
    (_request, info) => {
      if (!info.offersUpgrade) return kept
      kept = info.upgrade(() => {})
      return new Response('no', { status: 403 })
    },
    async (server) => {
      const client = await connect(server)
      const offer = head('GET', '/', 'Connection: upgrade', 'Upgrade: x')
      assert.is((await client.send(offer).response()).status, 403)
      const [first, second] = await client.send(head('GET', '/'), head('GET', '/')).receive(2)
      assert.equal([first?.status, second?.status], [500, 500])
    },
  )
  assert.equal(logged, ['ERR_NO_UPGRADE', 'ERR_NO_UPGRADE'])
})

test('upgrade() without a function is 500, and is logged', async () => {
  const logged = await serving(
    (_request, info) => info.upgrade(undefined as never),
    async (server) => {
      const client = await connect(server)
      assert.is((await client.send(head('GET', '/', 'Connection: upgrade', 'Upgrade: x')).response()).status, 500)
    },
  )
  assert.equal(logged, ['ERR_INVALID_ARG_TYPE'])
})

test('a value of many spaces is checked in linear time', async () => {
  const spaces = ' '.repeat(2_000_000)
  const logged = await serving(
    () => {
      const { headers } = new Response(null, { headers: { 'x-a': `a${spaces}b ` } })
      return new Response(String(headers.get('x-a')?.length))
    },
    async (server) => {
      const client = await connect(server)
      assert.is((await client.send(head('GET', '/')).response()).text, String(spaces.length + 2))
    },
  )
  assert.equal(logged, [])
})

test('a content-length that no number holds is left out', async () => {
  const long = { 'content-length': '9'.repeat(40) }
  const logged = await serving(
    (request) => {
      if (request.url.endsWith('/stream')) return new Response(new Blob(['abc']).stream(), { headers: long })
      return new Response(null, { status: request.url.endsWith('/304') ? 304 : 200, headers: long })
    },
    async (server) => {
      for (const [method, path, status, body] of [
        ['GET', '/stream', 200, 'abc'],
        ['HEAD', '/stream', 200, ''],
        ['HEAD', '/', 200, ''],
        ['GET', '/304', 304, ''],
      ] as const) {
        const client = await connect(server)
        const response = await client.send(head(method, path)).response(method)
        assert.equal([response.status, String(response.body)], [status, body], `${method} ${path}`)
        assert.is(response.header('content-length'), undefined, `${method} ${path}`)
      }
    },
  )
  assert.equal(logged, [])
})

const thrown: Record<string, object> = {
  'an object whose name throws': {
    get name() {
      throw new Error('name')
    },
  },
  'a Proxy whose traps throw': new Proxy(
    {},
    {
      get(_target, key) {
        if (key === 'code') return undefined
        throw new Error('trap')
      },
    },
  ),
}
for (const [what, value] of Object.entries(thrown)) {
  test(`${what}, thrown after the client has left, is answered and logged`, async () => {
    let calls = 0
    let aborted = 0
    const logged = await serving(
      async ({ signal }) => {
        calls += 1
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        aborted += 1
        throw value
      },
      async (server) => {
        const gone = await connect(server)
        gone.send(head('GET', '/'))
        await until(() => calls === 1, 'the handler')
        gone.crash()
        await until(() => aborted === 1, 'the signal')
        const half = await connect(server)
        assert.is((await half.send(head('GET', '/')).finish().response()).status, 500)
      },
    )
    assert.equal(logged, ['object', 'object'])
  })
}

test('a Node stream that nobody reads is destroyed, and its error ends nothing', async () => {
  const made: Readable[] = []
  const logged = await serving(
    (request) => {
      const { pathname } = new URL(request.url)
      const stream = new Readable({
        read() {
          if (pathname === '/fails') this.destroy(new Error('read'))
        },
      })
      made.push(stream)
      if (pathname === '/dropped') {
        stream.destroy(new Error('dropped'))
        assert.throws(() => new Response(stream as never), TypeError)
      }
      return pathname === '/dropped' ? new Response('another') : new Response(stream as never)
    },
    async (server) => {
      for (const [method, path, status] of [
        ['HEAD', '/', 200],
        ['HEAD', '/fails', 200],
        ['GET', '/fails', 500],
        ['GET', '/dropped', 200],
      ] as const) {
        const client = await connect(server)
        assert.is((await client.send(head(method, path)).response(method)).status, status, `${method} ${path}`)
        await until(() => made.at(-1)?.closed === true, `the end of the stream of ${method} ${path}`)
      }
    },
  )
  assert.equal(logged, ['object'])
})

test('a stream whose reader throws wherever it is used is 500', async () => {
  const failure = () => {
    throw new Error('reader')
  }
  const logged = await serving(
    () => new Response({ getReader: () => ({ read: failure, cancel: failure }) } as never),
    async (server) => {
      const client = await connect(server)
      assert.is((await client.send(head('GET', '/')).response()).status, 500)
      assert.is((await client.send(head('HEAD', '/')).response('HEAD')).status, 200)
    },
  )
  assert.equal(logged, ['object'])
})

test('what says that it is a Blob and has no size is not sent as one', async () => {
  const blob = (size: unknown) => ({
    [Symbol.toStringTag]: 'Blob',
    type: 'a/b',
    size,
    stream: () => new Blob(['x']).stream(),
  })
  const sizes = [-1, '1', undefined, 1.5]
  const logged = await serving(
    (request) => new Response(blob(sizes[Number(new URL(request.url).pathname.slice(1))]) as never),
    async (server) => {
      for (const place of sizes.keys()) {
        const client = await connect(server)
        const response = await client.send(head('GET', `/${place}`)).response()
        assert.equal([response.status, String(response.body)], [200, '[object Blob]'])
      }
    },
  )
  assert.equal(logged, [])
})

test.run()
