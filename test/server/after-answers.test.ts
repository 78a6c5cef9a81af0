// Bodies of requests that are answered before they are read: 202, and the work goes on.
import { gzipSync } from 'node:zlib'
import { type BrinkRequest, Router, reply } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { post, postChunked } from './messages.js'
import { ask, connect } from './raw_client.js'
import { serving } from './serving.js'
import { gate, turn, within } from './waiting.js'

const text = (size: number) => 'x'.repeat(size)
const wholes: readonly (readonly [string, (req: BrinkRequest) => Promise<number>])[] = [
  ['text()', async (req) => (await req.text()).length],
  ['json()', async (req) => ((await req.json()) as string).length + 2],
  ['bytes()', async (req) => (await req.bytes()).length],
  ['formData()', async (req) => [...(await req.formData()).keys()].join().length],
  ['body', async (req) => new Response(req.body).text().then(({ length }) => length)],
]

/** By how they arrive. */
const bodies: readonly (readonly [string, (content: string, ...fields: string[]) => Buffer])[] = [
  ['with a length', (content, ...fields) => post('/', content, ...fields)],
  ['chunked', (content, ...fields) => postChunked('/', [content.slice(0, 5), content.slice(5)], ...fields)],
  ['coded', (content, ...fields) => post('/', gzipSync(content), 'Content-Encoding: gzip', ...fields)],
]

for (const [name, take] of wholes) {
  for (const [how, request] of bodies) {
    test(`${name} of a body that has arrived, begun before the answer, resolves behind it (${how})`, async () => {
      let taken: Promise<number> | undefined
      const app = new Router().post('/', (req) => {
        taken = take(req)
        return reply(202)
      })
      await serving(app, async (server) => {
        for (const size of [10, 1000, 60_000]) {
          const content = name === 'json()' ? JSON.stringify(text(size - 2)) : text(size)
          const fields = name === 'formData()' ? ['Content-Type: application/x-www-form-urlencoded'] : []
          assert.is((await ask(server, request(content, ...fields))).status, 202)
          assert.is(await within(taken as Promise<number>, 'the body'), size)
        }
      })
    })
  }
}

for (const size of [100, 60_000, 1_000_000]) {
  for (const [name, take] of wholes) {
    test(`${name} of ${size} bytes that have not all arrived by the answer rejects`, async () => {
      let taken: Promise<number | string> | undefined
      const app = new Router().post(
        '/',
        (req) => {
          taken = take(req).catch((error) => error.code)
          return reply(202)
        },
        { stream: true },
      )
      await serving(app, async (server) => {
        const client = await connect(server)
        const fields = name === 'formData()' ? ['Content-Type: application/x-www-form-urlencoded'] : []
        client.send(post('/', text(size), ...fields).subarray(0, -50))
        assert.is((await client.response()).status, 202)
        assert.is(await within(taken as Promise<string>, 'the reader to be told'), 'ERR_REQUEST_ENDED')
      })
    })
  }

  test(`a body of ${size} bytes that was awaited before the answer is there behind it`, async () => {
    const worked = gate<number>()
    const app = new Router().post('/', async (req) => {
      const body = await req.bytes()
      void turn().then(() => worked.open(body.length))
      return reply(202)
    })
    await serving(app, async (server) => {
      assert.is((await ask(server, post('/', text(size)))).status, 202)
      assert.is(await within(worked.opened, 'the work'), size)
    })
  })

  test(`an answer that is a stream says 202 at once, and takes ${size} bytes that are still coming`, async () => {
    const app = new Router().post(
      '/',
      (req) =>
        reply(
          202,
          (async function* () {
            yield 'accepted, '
            let length = 0
            for await (const piece of req.body ?? []) length += piece.length
            yield `${length} bytes`
          })(),
        ),
      { stream: true },
    )
    await serving(app, async (server) => {
      const client = await connect(server)
      const bytes = post('/', text(size))
      client.send(bytes.subarray(0, -50))
      await client.touched()
      client.send(bytes.subarray(-50))
      const answer = await client.response()
      assert.is(answer.status, 202)
      assert.is(answer.text, `accepted, ${size} bytes`)
    })
  })
}

test.run()
