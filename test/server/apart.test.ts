// What is one client's never reaches another's, nor does what one request fails by end the process.
import { inspect } from 'node:util'
import { HttpError, type Middleware, Router, reply } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head, post } from './messages.js'
import { ask, connect } from './raw_client.js'
import { serving } from './serving.js'
import { gate, turn, until } from './waiting.js'

const SECRET = 'a-secret-of-somebody-else'

for (const when of ['at once', 'later']) {
  test(`a request that is shown, or sent as JSON, ${when}, says which it is and shows nobody else's bytes`, () => {
    const shown: string[] = []
    const app = new Router().get('/*', async (req) => {
      if (when === 'later') await turn()
      const { headers } = req
      shown.push(inspect(req, { depth: 9, showHidden: true }), JSON.stringify({ ...req }), inspect(headers))
      return req
    })
    return serving(app, async (server) => {
      await ask(server, get('/first', `Authorization: ${SECRET}`))
      shown.length = 0
      const answer = await ask(server, get('/second?a', 'X-Own: mine'))
      assert.equal(JSON.parse(answer.text), { method: 'GET', target: '/second?a', ip: '127.0.0.1' })
      const [request, properties, headers] = shown as [string, string, string]
      assert.match(request, /BrinkRequest.*method: 'GET', target: '\/second\?a'/)
      assert.match(headers, /'x-own': 'mine'/)
      for (const text of [request, properties, headers, answer.text]) assert.not.match(text, SECRET)
    })
  })
}

test('a request that was answered can be shown, too', () => {
  const shown: string[] = []
  const app = new Router().get('/', (req) => {
    setImmediate(() => shown.push(inspect(req), JSON.stringify(req)))
    return 'answered'
  })
  return serving(app, async (server) => {
    await ask(server, get())
    await until(() => shown.length === 2, 'it is shown')
    assert.match(shown[0] ?? '', 'ended: true')
    assert.equal(JSON.parse(shown[1] ?? ''), { ended: true })
  })
})

/** Adds a cookie with the name of the client. */
const signing: Middleware = async (req, next) => {
  const answer = await next()
  answer.headers.append('set-cookie', `name=${req.headers.get('x-name')}`)
  answer.status = 203
  return answer
}
const KEPT = reply(200, 'kept', { 'set-cookie': 'a=b' })
let remembered: unknown

const keepers: [string, Router][] = [
  ['a handler keeps', new Router().use(signing).get('/', () => KEPT)],
  ['an async handler keeps', new Router().use(signing).get('/', async () => KEPT)],
  ['a middleware keeps', new Router().use(signing).use(() => KEPT)],
  ['an async middleware keeps', new Router().use(signing).use(async () => KEPT)],
  [
    'an error handler keeps',
    new Router().use(signing).mount(
      '/',
      failing().onError(() => KEPT),
    ),
  ],
  [
    'a middleware remembers',
    new Router()
      .use(signing)
      .use(async (_, next) => {
        remembered ??= await next()
        return remembered as ReturnType<typeof reply>
      })
      .get('/', () => reply(200, 'kept', { 'set-cookie': 'a=b' })),
  ],
]

function failing(): Router {
  return new Router().get('/', () => {
    throw new HttpError(400)
  })
}

for (const [who, app] of keepers) {
  test(`what middleware sets in a reply that ${who} is not in the next client's`, () =>
    serving(app, async (server) => {
      for (const name of ['alice', 'bob', 'eve']) {
        const answer = await ask(server, get('/', `X-Name: ${name}`))
        assert.equal([answer.status, answer.text], [203, 'kept'])
        assert.is(answer.header('set-cookie'), `a=b|name=${name}`)
      }
      assert.equal([KEPT.status, KEPT.headers.getSetCookie()], [200, ['a=b']])
    }))
}

const early: [string, (req: Parameters<Middleware>[0]) => Promise<unknown>, string[], string][] = [
  ['json()', (req) => req.json(), ['Content-Type: application/json'], '{'],
  ['json() of another type', (req) => req.json(), ['Content-Type: text/plain'], '{}'],
  ['formData()', (req) => req.formData(), ['Content-Type: text/plain'], 'a=b'],
  ['text()', (req) => req.text(), ['Content-Encoding: gzip'], 'no gzip'],
  ['bytes()', (req) => req.bytes(), ['Content-Encoding: none'], 'of that name'],
]

for (const [what, read, fields, body] of early) {
  test(`${what} that fails before it is awaited ends no process, and fails when it is`, async () => {
    const unhandled: unknown[] = []
    const note = (error: unknown) => unhandled.push(error)
    process.on('unhandledRejection', note)
    const app = new Router()
      .post('/awaits', async (req) => {
        const content = read(req)
        for (let turns = 0; turns < 5; turns += 1) await turn()
        return await content
      })
      .post('/fails', async (req) => {
        void read(req)
        await turn()
        throw new HttpError(401)
      })
    try {
      await serving(app, async (server) => {
        const awaits = await ask(server, post('/awaits', body, ...fields))
        assert.ok(awaits.status === 400 || awaits.status === 415, String(awaits.status))
        assert.is((await ask(server, post('/fails', body, ...fields))).status, 401)
        for (let turns = 0; turns < 5; turns += 1) await turn()
      })
    } finally {
      process.off('unhandledRejection', note)
    }
    assert.equal(unhandled, [])
  })
}

test('a body that its client does not complete ends no process when nobody awaits it', async () => {
  const unhandled: unknown[] = []
  const note = (error: unknown) => unhandled.push(error)
  process.on('unhandledRejection', note)
  const began = gate<string>()
  const left = gate<string>()
  const app = new Router().post(
    '/',
    async (req) => {
      void req.text()
      began.open('')
      return left.opened
    },
    { stream: true },
  )
  try {
    await serving(app, async (server) => {
      const client = (await connect(server)).send(head('POST', '/', 'Content-Length: 9'), 'half')
      await began.opened
      client.crash()
      await until(() => server.stats().open === 0, 'it is gone')
      for (let turns = 0; turns < 5; turns += 1) await turn()
      left.open('')
    })
  } finally {
    process.off('unhandledRejection', note)
  }
  assert.equal(unhandled, [])
})

test.run()
