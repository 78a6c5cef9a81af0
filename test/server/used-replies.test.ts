// What can be sent once, and is sent twice, is told in the log, and is no empty body.
import { Readable } from 'node:stream'
import { Router, reply } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get } from './messages.js'
import { ask } from './raw_client.js'
import { serving } from './serving.js'

const once: Record<string, () => object> = {
  'a Response': () => new Response('once'),
  'a Response of a stream': () => new Response(new Blob(['on', 'ce']).stream()),
  'a ReadableStream': () => new Blob(['once']).stream(),
  'a Readable': () => Readable.from(['on', 'ce']),
  'a generator': () =>
    (function* () {
      yield 'once'
    })(),
  'an async generator': () =>
    (async function* () {
      yield 'once'
    })(),
  'a reply of a generator': () =>
    reply(
      200,
      (function* () {
        yield 'once'
      })(),
    ),
}

for (const [what, make] of Object.entries(once)) {
  for (const around of [false, true]) {
    test(`${what} that is sent twice${around ? ', in middleware,' : ''} is logged`, async () => {
      const kept = make()
      const logged: string[] = []
      const app = new Router().get('/', () => kept)
      if (around) app.use(async (_, next) => await next())
      await serving(
        app,
        async (server) => {
          assert.is((await ask(server, get())).text, 'once')
          assert.is((await ask(server, get())).status, 500)
        },
        { log: (error, { path }) => logged.push(`${path} ${(error as { code?: string }).code} ${error}`) },
      )
      assert.is(logged.length, 1)
      assert.match(logged[0] as string, /^\/ ERR_REPLY_USED .*once/)
    })
  }
}

const often: Record<string, () => object> = {
  'a Blob': () => new Blob(['often']),
  'what makes an iterator for each': () => ({
    async *[Symbol.asyncIterator]() {
      yield 'often'
    },
  }),
  'a Response without a body': () => new Response(null, { headers: { 'x-text': 'often' } }),
}

for (const [what, make] of Object.entries(often)) {
  test(`${what} may be sent twice`, () => {
    const kept = make()
    return serving(
      new Router().get('/', () => kept),
      async (server) => {
        for (const _ of [1, 2]) {
          const answer = await ask(server, get())
          assert.is(answer.header('x-text') ?? answer.text, 'often')
        }
      },
    )
  })
}

test.run()
