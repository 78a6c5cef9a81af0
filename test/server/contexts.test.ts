// A request's async context is its own: what an AsyncLocalStorage holds for it is seen by all that belongs to it, and by
// nothing else; whichever requests cross together.
import { AsyncLocalStorage, createHook, executionAsyncId, executionAsyncResource } from 'node:async_hooks'
import { Readable } from 'node:stream'
import { events, type Handler, type Middleware, Router, reply } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head, post } from './messages.js'
import { connect } from './raw_client.js'
import { serving } from './serving.js'
import { gate, turn, until } from './waiting.js'

// More than the system takes for a client that does not read.
const MORE_THAN_IS_TAKEN = 12 * 1024 * 1024

const users = new AsyncLocalStorage<string>()
const seen = () => users.getStore() ?? 'nobody'
const accepted = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n'

/** How a request comes by its user. */
const ways: [string, Middleware][] = [
  ['run() around next()', (req, next) => users.run(req.headers.get('user') as string, next)],
  [
    'run() around next(), awaited',
    async (req, next) => {
      await turn()
      return users.run(req.headers.get('user') as string, async () => {
        const answer = await next()
        await turn()
        return answer
      })
    },
  ],
  [
    'enterWith()',
    (req, next) => {
      users.enterWith(req.headers.get('user') as string)
      return next()
    },
  ],
]

const later = <T>(value: () => T) => turn().then(value)

/** Handlers that say whom they see in all that they give; never at once. */
const handlers: Record<string, Handler> = {
  sync: seen,
  async: async () => `${seen()} ${await later(seen)}`,
  generator: function* () {
    yield `${seen()} `
    yield seen()
  },
  asyncGenerator: async function* () {
    yield `${seen()} `
    await turn()
    yield seen()
  },
  laterGenerator: async () => {
    await turn()
    return (async function* () {
      yield seen()
    })()
  },
  readable: () => {
    let left = 3
    return new Readable({
      read() {
        this.push(left === 0 ? null : `${seen()} `)
        left -= 1
      },
    })
  },
  readableStream: () =>
    new ReadableStream({
      async pull(controller) {
        await turn()
        controller.enqueue(new TextEncoder().encode(seen()))
        controller.close()
      },
    }),
  response: () =>
    new Response(
      new ReadableStream({
        async pull(controller) {
          await turn()
          controller.enqueue(new TextEncoder().encode(seen()))
          controller.close()
        },
      }),
    ),
  events: (req) =>
    events(req, async function* () {
      yield seen()
      await turn()
      yield seen()
    }),
  body: async (req) => {
    const pieces: string[] = []
    for await (const piece of req.body ?? []) pieces.push(`${piece.length && seen()}`)
    return `${seen()} ${pieces.join(' ')}`
  },
  fails: () => {
    throw new Error('of the handler')
  },
  failsLater: async () => {
    await turn()
    throw new Error('of the handler')
  },
}

for (const [way, enter] of ways) {
  test(`what ${way} gives a request is seen by all that belongs to it`, () => {
    const app = new Router().use(enter).onError(async () => reply(500, `${seen()} ${await later(seen)}`))
    for (const [name, handler] of Object.entries(handlers)) app.all(`/${name}`, handler)
    return serving(app, async (server) => {
      const clients = await Promise.all(Object.keys(handlers).map(() => connect(server)))
      const names = Object.keys(handlers)
      for (const round of [1, 2]) {
        // All at once, so that they cross together.
        for (const [place, client] of clients.entries()) {
          const user = `User: user-${place}-${round}`
          const name = names[place] as string
          client.send(name === 'body' ? post('/body', 'x'.repeat(10), user) : get(`/${name}`, user))
        }
        for (const [place, client] of clients.entries()) {
          const { text } = await client.response()
          const found = text.match(/user-\d+-\d+|nobody/g) ?? ['nothing']
          assert.equal([...new Set(found)], [`user-${place}-${round}`], `${names[place]}: ${text}`)
        }
      }
    })
  })

  test(`what ${way} gives a request is seen where its trailers are made, and by the log`, async () => {
    const logged: string[] = []
    const app = new Router()
      .use(enter)
      .get('/trailers', () => {
        const answer = reply(200, Readable.from(['body']))
        answer.trailers = () => ({ 'x-user': seen() })
        return answer
      })
      .get('/fails', async function* () {
        yield 'begun'
        await turn()
        throw new Error('of the stream')
      })
      .get('/throws', () => {
        throw new Error('of the handler')
      })
      .get('/rejects', async () => {
        await turn()
        throw new Error('of the promise')
      })
    await serving(
      app,
      async (server) => {
        const client = (await connect(server)).send(get('/trailers', 'User: ann'))
        assert.equal((await client.response()).trailers, ['x-user: ann'])
        await client.send(get('/fails', 'User: bob')).broken()
        await until(() => logged.length > 0, 'it is logged')
        const other = (await connect(server)).send(get('/throws', 'User: cid'), get('/rejects', 'User: dan'))
        for (const { status } of await other.receive(2)) assert.is(status, 500)
      },
      { log: (error) => logged.push(`${(error as Error).message} ${seen()}`) },
    )
    assert.equal(logged, ['of the stream bob', 'of the handler cid', 'of the promise dan'])
  })

  test(`what ${way} gives a request is seen by those who hear that its client has gone`, async () => {
    const heard: string[] = []
    const kept: AbortSignal[] = []
    const app = new Router()
      .use(enter)
      .get('/signal', async (req) => {
        const never = gate<void>()
        req.signal.addEventListener('abort', () => heard.push(`listener ${seen()}`), { once: true })
        req.signal.onabort = () => heard.push(`onabort ${seen()}`)
        const either = AbortSignal.any([req.signal])
        either.onabort = () => heard.push(`another signal ${seen()}`)
        kept.push(either)
        await never.opened
      })
      .get('/generator', async function* () {
        try {
          for (;;) {
            yield 'x'
            await turn()
          }
        } finally {
          heard.push(`generator ${seen()}`)
        }
      })
      .get('/stream', () => {
        return new ReadableStream({
          start: (controller) => controller.enqueue(new Uint8Array(1)),
          cancel: () => void heard.push(`cancel ${seen()}`),
        })
      })
    await serving(app, async (server) => {
      const signal = (await connect(server)).send(get('/signal', 'User: ann'))
      const generator = (await connect(server)).send(get('/generator', 'User: bob'))
      const stream = (await connect(server)).send(get('/stream', 'User: cid'))
      await until(() => server.stats().requests === 3, 'all are asked')
      await generator.touched()
      await stream.touched()
      for (const client of [signal, generator, stream]) client.crash()
      await until(() => heard.length >= 5, 'all have heard')
    })
    assert.equal(heard.sort(), ['another signal ann', 'cancel cid', 'generator bob', 'listener ann', 'onabort ann'])
  })

  test(`what ${way} gives a request is seen by the log of a body that has changed`, async () => {
    const logged: string[] = []
    let body = new Uint8Array()
    const app = new Router().use(enter).get('/:kind', ({ params }) => {
      body = new Uint8Array(MORE_THAN_IS_TAKEN)
      return params.kind === 'whole' ? body : [body].values()
    })
    await serving(
      app,
      async (server) => {
        for (const [path, user] of [
          ['/whole', 'ann'],
          ['/stream', 'bob'],
        ] as const) {
          const seenOut = server.stats().bytesOut
          const seenLogged = logged.length
          const client = (await connect(server)).pause().send(get(path, `User: ${user}`))
          await until(() => server.stats().bytesOut > seenOut, 'some of it is sent')
          const elsewhere = structuredClone(body.buffer, { transfer: [body.buffer] })
          await client.resume().broken()
          await until(() => logged.length > seenLogged, 'it is logged')
          assert.is(elsewhere.byteLength, MORE_THAN_IS_TAKEN)
        }
      },
      { log: (error) => logged.push(`${(error as { code?: string }).code} ${seen()}`) },
    )
    assert.equal(logged, ['ERR_BODY_CHANGED ann', 'ERR_BODY_CHANGED bob'])
  })

  test(`what ${way} gives a request is seen by the handler and the socket of its upgrade`, async () => {
    const heard: string[] = []
    const app = new Router().use(enter).upgrade('/', (_req, socket) => {
      socket.write(accepted)
      const note = (event: string) => () => heard.push(`${event} ${seen()}`)
      heard.push(`handler ${seen()}`)
      socket.on('data', (bytes: Buffer) => heard.push(`data ${bytes} ${seen()}`))
      socket.on('end', note('end')).on('close', note('close')).on('finish', note('finish'))
      socket.on('end', () => socket.end())
    })
    await serving(app, async (server) => {
      const offer = (user: string) => get('/', 'Connection: Upgrade', 'Upgrade: raw', `User: ${user}`)
      const client = (await connect(server)).send(offer('ann'), 'early')
      await until(() => heard.some((what) => what.startsWith('data early')), 'the first bytes are there')
      client.send('later')
      await until(() => heard.some((what) => what.startsWith('data later')), 'the next are, too')
      client.finish()
      await until(() => heard.some((what) => what.startsWith('close')), 'it is over')
    })
    assert.equal(heard.sort(), [
      'close ann',
      'data early ann',
      'data later ann',
      'end ann',
      'finish ann',
      'handler ann',
    ])
  })
}

/** The middleware of an app that enters and never leaves, and says whom it found. */
const careless = new Router()
  .get('/enter/:user', ({ params }) => {
    const found = seen()
    users.enterWith(params.user)
    return found
  })
  .get('/enter-later/:user', async ({ params }) => {
    const found = seen()
    users.enterWith(params.user)
    await turn()
    return `${found}, then ${seen() === params.user ? 'its own' : seen()}`
  })
  .get('/enter-stream/:user', async function* ({ params }) {
    yield seen()
    users.enterWith(params.user)
    await turn()
    yield seen() === params.user ? ', then its own' : `, then ${seen()}`
  })
  .post('/enter', async (req) => {
    const found = seen()
    users.enterWith(await req.text())
    return found
  })
  .get('/who', seen)
  .get('/who-without-looking', () => seen())

test('what enterWith() gives a request is seen by no other: not in its batch, not later, not on its connection', () =>
  serving(careless, async (server) => {
    const clients = await Promise.all(Array.from({ length: 8 }, () => connect(server)))
    for (let round = 0; round < 3; round += 1) {
      for (const [place, client] of clients.entries()) {
        const user = `user-${place}-${round}`
        const whoElse = get(place % 2 === 0 ? '/who' : '/who-without-looking')
        client.send(get(`/enter/${user}`), whoElse, get(`/enter-later/${user}`), whoElse)
        client.send(get(`/enter-stream/${user}`), whoElse, post('/enter', user), whoElse)
      }
      for (const client of clients) {
        const texts = (await client.receive(8)).map(({ text }) => text)
        const expected = ['nobody', 'nobody', 'nobody, then its own', 'nobody']
        assert.equal(texts, [...expected, 'nobody, then its own', 'nobody', 'nobody', 'nobody'])
      }
    }
  }))

test('a handler that begins when its body is there is in its own context, whoever else is in the batch', () =>
  serving(careless, async (server) => {
    const uploader = await connect(server)
    const others = await connect(server)
    for (let round = 0; round < 5; round += 1) {
      await uploader.sendSeen(server, `${head('POST', '/enter', 'Content-Length: 4')}an`)
      uploader.send('na')
      others.send(get('/enter/bob'), get('/who'))
      assert.is((await uploader.response()).text, 'nobody')
      assert.equal(
        (await others.receive(2)).map(({ text }) => text),
        ['nobody', 'nobody'],
      )
    }
  }))

test('what onClientError enters is seen by no request', async () => {
  let told = 0
  const onClientError = () => {
    told += 1
    users.enterWith('the listener')
  }
  await serving(
    careless,
    async (server) => {
      const good = await connect(server)
      const bad = (await connect(server)).send('BAD\r\n\r\n')
      assert.is((await bad.response()).status, 400)
      await until(() => told === 1, 'it is told')
      assert.is((await good.send(get('/who')).response()).text, 'nobody')
    },
    { onClientError },
  )
})

test('the async context of whoever began to serve is that of its requests', () =>
  users.run('the server', () =>
    serving(careless, async (server) => {
      const client = (await connect(server)).send(get('/who'), get('/enter/ann'), get('/who'))
      assert.equal(
        (await client.receive(3)).map(({ text }) => text),
        ['the server', 'the server', 'the server'],
      )
    }),
  ))

test('a reply that is kept does not keep the context of its first request', () => {
  let kept: unknown
  const app = new Router()
    .use((_req, next) => next())
    .use(async (req, next) => {
      kept ??= await users.run(req.headers.get('user') as string, next)
      return kept as object
    })
    .get('/', () => ({
      async *[Symbol.asyncIterator]() {
        yield seen()
      },
    }))
  return serving(app, async (server) => {
    const client = (await connect(server)).send(get('/', 'User: ann'))
    assert.is((await client.response()).text, 'ann')
    assert.is((await client.send(get('/', 'User: bob')).response()).text, 'nobody')
  })
})

test('each request is an async resource of its own, with an id of its own', async () => {
  const begun = new Map<number, string>()
  const hook = createHook({ init: (id, type) => void (type === 'BRINK_REQUEST' && begun.set(id, type)) })
  const app = new Router()
    .get('/', () => `${executionAsyncId()} ${executionAsyncResource()?.constructor.name}`)
    .get('/later', async (_req) => {
      const id = executionAsyncId()
      await turn()
      return `${id} later`
    })
  hook.enable()
  try {
    await serving(app, async (server) => {
      const clients = await Promise.all(Array.from({ length: 4 }, () => connect(server)))
      for (const client of clients) client.send(get('/'), get('/'), get('/later'))
      const ids = new Set<number>()
      for (const client of clients) {
        for (const { text } of await client.receive(3)) ids.add(Number.parseInt(text, 10))
      }
      assert.is(ids.size, 12)
      for (const id of ids) assert.is(begun.get(id), 'BRINK_REQUEST')
    })
  } finally {
    hook.disable()
  }
})

test.run()
