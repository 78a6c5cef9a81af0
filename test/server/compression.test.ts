// Answers that are compressed on their way.
import { Readable } from 'node:stream'
import { brotliDecompressSync, createGunzip, gunzipSync } from 'node:zlib'
import { compress, file, files, type Handler, Router, reply } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fileTree } from '../file_tree.js'
import { ChunkReader } from './chunk_reader.js'
import { get, head, noise } from './messages.js'
import { ask, connect } from './raw_client.js'
import type { RawResponse } from './raw_response.js'
import { counts, serving } from './serving.js'
import { gate, turn, until } from './waiting.js'

const TEXT = 'All work and no play makes Jack a dull boy.\n'.repeat(100)
const LONG = TEXT.repeat(200)
const html = { 'content-type': 'text/html' }

async function* later() {
  for (let at = 0; at < LONG.length; at += 10_000) {
    await turn()
    yield LONG.slice(at, at + 10_000)
  }
}

const handlers: Record<string, [Handler, string]> = {
  string: [() => TEXT, TEXT],
  'long string': [() => LONG, LONG],
  JSON: [() => [TEXT], JSON.stringify([TEXT])],
  'long JSON': [async () => [LONG], JSON.stringify([LONG])],
  generator: [() => reply(200, [TEXT, TEXT].values(), html), TEXT + TEXT],
  'async generator': [() => reply(200, later(), html), LONG],
  Readable: [() => reply(200, Readable.from(later()), html), LONG],
  ReadableStream: [() => reply(200, new Blob([LONG]).stream(), html), LONG],
  Response: [() => new Response(LONG, { headers: html }), LONG],
  Blob: [() => new Blob([LONG], { type: 'text/html' }), LONG],
}

function decoded(answer: RawResponse): string {
  const coding = answer.header('content-encoding')
  if (coding === undefined) return answer.text
  return String(coding === 'br' ? brotliDecompressSync(answer.body) : gunzipSync(answer.body))
}

for (const [kind, [handler, text]] of Object.entries(handlers)) {
  test(`a ${kind} is compressed for who asks for it, and the connection goes on`, () =>
    serving(new Router().use(compress()).get('/', handler), async (server) => {
      const client = (await connect(server)).send(
        get('/', 'Accept-Encoding: gzip'),
        get('/', 'Accept-Encoding: gzip;q=0.5, br'),
        head('HEAD', '/', 'Accept-Encoding: gzip'),
        get('/'),
      )
      const [gzip, br, none, plain] = await client.receive(4, ['GET', 'GET', 'HEAD', 'GET'])
      for (const answer of [gzip, br, none, plain] as RawResponse[]) {
        assert.is(answer.status, 200)
        assert.is(answer.header('vary'), 'accept-encoding')
        assert.is(answer.header('content-type'), gzip?.header('content-type'))
      }
      assert.is(gzip?.header('content-encoding'), 'gzip')
      assert.is(br?.header('content-encoding'), 'br')
      assert.is(plain?.header('content-encoding'), undefined)
      assert.ok((gzip?.body.length as number) < text.length / 10)
      for (const answer of [gzip, br, plain] as RawResponse[]) assert.ok(decoded(answer) === text)
      for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) {
        assert.is(none?.header(name), gzip?.header(name), name)
      }
    }))
}

test('what has no content has none, whatever the client accepts', () =>
  serving(
    new Router()
      .use(compress({ threshold: 0 }))
      .get('/nothing', () => undefined)
      .get('/same', () => reply(304, undefined, { etag: '"x"' })),
    async (server) => {
      const accepts = 'Accept-Encoding: gzip, identity;q=0'
      const client = (await connect(server)).send(
        get('/nothing', accepts),
        get('/same', accepts, 'If-None-Match: W/"x"'),
        get('/none', accepts),
      )
      const [nothing, same, missing] = await client.receive(3)
      assert.is(nothing?.status, 204)
      assert.is(nothing?.header('content-encoding'), undefined)
      assert.is(same?.status, 304)
      assert.is(same?.header('etag'), 'W/"x"')
      assert.is(missing?.status, 404)
      assert.is(gunzipSync(missing?.body as Buffer).toString(), 'Not Found')
    },
  ))

test('what a stream has given reaches the client while it is quiet', () => {
  const go = gate()
  const app = new Router().use(compress()).get('/', () =>
    reply(
      200,
      (async function* () {
        yield 'first'
        await go.opened
        yield 'second'
      })(),
      html,
    ),
  )
  return serving(app, async (server) => {
    const client = await ChunkReader.ask(server, get('/', 'Accept-Encoding: gzip'))
    assert.match(await client.head(), /\r\ncontent-encoding: gzip\r\n/i)
    const gunzip = createGunzip()
    let text = ''
    gunzip.on('data', (bytes) => {
      text += bytes
    })
    const read = async () => {
      const chunk = await client.chunk()
      if (chunk === undefined) return false
      await new Promise((resolve) => gunzip.write(chunk, resolve))
      return true
    }
    while (text !== 'first' && (await read()));
    assert.is(text, 'first')
    go.open()
    while (await read());
    assert.is(text, 'firstsecond')
    client.leave()
  })
})

for (const how of ['leave', 'crash'] as const) {
  test(`a source is ended when the client of its compressed answer goes (${how})`, () => {
    const ended = gate()
    const app = new Router().use(compress()).get('/', () =>
      reply(
        200,
        (async function* () {
          try {
            for (let seed = 0; ; seed += 1) {
              await turn()
              yield noise(10_000, seed)
            }
          } finally {
            ended.open()
          }
        })(),
        html,
      ),
    )
    return serving(app, async (server) => {
      const client = (await connect(server)).send(get('/', 'Accept-Encoding: gzip'))
      await until(() => server.stats().bytesOut > 100_000, 'it has begun')
      client[how]()
      await ended.opened
      await counts(server, { open: 0 })
    })
  })
}

test('a client that does not read holds the source of its compressed answer back', () => {
  let given = 0
  const total = 3000
  const app = new Router().use(compress()).get('/', () =>
    reply(
      200,
      (function* () {
        for (; given < total; given += 1) yield noise(10_000, given)
      })(),
      html,
    ),
  )
  return serving(app, async (server) => {
    const client = (await connect(server)).pause().send(get('/', 'Accept-Encoding: gzip'))
    await until(() => server.stats().partialWrites > 0, 'the client takes no more')
    const held = given
    for (let turns = 0; turns < 10; turns += 1) await turn()
    assert.ok(given < total / 2 && given - held < 100, `${given} after ${held}`)
    client.crash()
    await counts(server, { open: 0 })
  })
})

test('an error of the source breaks the connection of its compressed answer, and is logged', async () => {
  const errors: unknown[] = []
  const begun = gate()
  const app = new Router().use(compress()).get('/', () =>
    reply(
      200,
      (async function* () {
        yield LONG
        await begun.opened
        throw new Error('no further')
      })(),
      html,
    ),
  )
  await serving(
    app,
    async (server) => {
      const client = (await connect(server)).send(get('/', 'Accept-Encoding: gzip'))
      await until(() => server.stats().bytesOut > 0, 'it has begun')
      begun.open()
      await client.broken()
      await counts(server, { open: 0 })
    },
    { log: (error) => errors.push(error) },
  )
  assert.match(String(errors[0]), /no further/)
})

test('files are compressed where they have no neighbour that is, and parts of them are not', async () => {
  const folder = fileTree({ 'large.js': LONG, 'small.js': TEXT, 'tiny.js': '1', 'image.png': noise(100_000) })
  await serving(new Router().use(compress()).get('/*', files(folder)), async (server) => {
    for (const [name, content] of [
      ['large', LONG],
      ['small', TEXT],
    ] as const) {
      const answer = await ask(server, get(`/${name}.js`, 'Accept-Encoding: gzip'))
      assert.is(answer.header('content-encoding'), 'gzip')
      assert.is(answer.header('accept-ranges'), undefined)
      assert.ok(decoded(answer) === content)
      const etag = answer.header('etag') as string
      assert.match(etag, /^W\/"/)
      const same = await ask(server, get(`/${name}.js`, 'Accept-Encoding: gzip', `If-None-Match: ${etag}`))
      assert.is(same.status, 304)
      assert.is(same.header('etag'), etag)
      const part = await ask(server, get(`/${name}.js`, 'Accept-Encoding: gzip', 'Range: bytes=0-9'))
      assert.equal([part.status, part.text], [206, content.slice(0, 10)])
      assert.is(part.header('content-encoding'), undefined)
      const client = (await connect(server)).send(head('HEAD', `/${name}.js`, 'Accept-Encoding: gzip'))
      assert.is((await client.response('HEAD')).header('content-encoding'), 'gzip')
    }
    for (const name of ['tiny.js', 'image.png']) {
      const answer = await ask(server, get(`/${name}`, 'Accept-Encoding: gzip'))
      assert.is(answer.header('content-encoding'), undefined)
      assert.is(answer.header('accept-ranges'), 'bytes')
    }
  })
})

test('a compressed answer is for one who asks with a range, too', () =>
  serving(
    new Router().use(compress()).get('/', () => reply(200, TEXT, { 'accept-ranges': 'bytes', etag: '"x"' })),
    async (server) => {
      const answer = await ask(server, get('/', 'Accept-Encoding: gzip', 'Range: bytes=0-9', 'If-Range: "x"'))
      assert.is(answer.status, 200)
      assert.is(answer.header('accept-ranges'), undefined)
      assert.is(decoded(answer), TEXT)
    },
  ))

test('conditions and ranges of file() are those of the file, around which its compression stands', async () => {
  const content = noise(9000).toString('hex')
  const tree = fileTree({ 'page.txt': content })
  const app = new Router().use(compress()).get('/', () => file(`${tree}/page.txt`))
  await serving(app, async (server) => {
    const asked = (...fields: string[]) => ask(server, get('/', 'Accept-Encoding: gzip', ...fields))
    const first = await asked()
    assert.is(first.header('content-encoding'), 'gzip')
    assert.is(gunzipSync(first.body).toString(), content)
    const etag = first.header('etag') as string
    assert.is((await asked(`If-None-Match: ${etag}`)).status, 304)
    assert.is((await asked(`If-Modified-Since: ${first.header('last-modified')}`)).status, 304)
    assert.is((await asked('If-Match: "other"')).status, 412)
    const part = await asked('Range: bytes=10-19')
    assert.equal([part.status, part.text, part.header('content-encoding')], [206, content.slice(10, 20), undefined])
  })
})

test.run()
