// Multipart forms, part by part.
import { gzipSync } from 'node:zlib'
import { type BrinkRequest, type FormLimits, HttpError, parts, Router } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { multipartBody } from '../unit/multipart_bodies.js'
import { get, head, noise, post, postChunked } from './messages.js'
import { ask, connect } from './raw_client.js'
import { counts, serving } from './serving.js'
import { gate, turn, until } from './waiting.js'

const MIB = 1024 * 1024
const TYPE = 'Content-Type: multipart/form-data; boundary=x'
const any = { bodyLimit: Infinity, stream: true }

/** What a form holds: of fields their text, of files their length and whether they are noise. */
async function listed(req: BrinkRequest, limits?: FormLimits): Promise<string[]> {
  const list: string[] = []
  for await (const part of parts(req, limits)) {
    const bytes = Buffer.from(await part.bytes())
    const isNoise = bytes.equals(noise(bytes.length))
    list.push(part.filename === undefined ? `${part.name}=${bytes}` : `${part.filename}:${bytes.length}:${isNoise}`)
  }
  return list
}

const form = multipartBody('x', [
  { name: 'a', content: 'ü' },
  { name: 'f', filename: 'one.bin', content: noise(300_000) },
  { name: '__proto__', content: 'polluted' },
  { name: 'f', filename: '../two.bin', content: noise(10) },
])
const list = ['a=ü', 'one.bin:300000:true', '__proto__=polluted', 'two.bin:10:true']

for (const options of [any, { bodyLimit: MIB }]) {
  test(`a form is read part by part, and the connection goes on (${JSON.stringify(options)})`, () =>
    serving(
      new Router().post('/', (req) => listed(req), options).get('/next', () => 'next'),
      async (server) => {
        const client = await connect(server)
        const pieces = Array.from({ length: 31 }, (_, n) => form.subarray(n * 10_000, (n + 1) * 10_000))
        client.send(post('/', form, TYPE), postChunked('/', pieces, TYPE), get('/next'))
        const [whole, chunked, next] = await client.receive(3)
        assert.equal(JSON.parse((whole as { text: string }).text), list)
        assert.equal(JSON.parse((chunked as { text: string }).text), list)
        assert.is(next?.text, 'next')
      },
    ))
}

test('a whole form, of either type, is a FormData', () =>
  serving(
    new Router().post('/', async (req) => {
      const given: string[] = []
      for (const [name, value] of await req.formData({ fields: 3 })) {
        given.push(typeof value === 'string' ? `${name}=${value}` : `${(value as File).name}:${(value as File).size}`)
      }
      return given
    }),
    async (server) => {
      const urlencoded = 'Content-Type: application/x-www-form-urlencoded'
      const gzipped = gzipSync('a=1&b=%C3%BC+&a=2')
      const client = (await connect(server)).send(
        post('/', form, TYPE),
        post('/', 'a=1&b=%C3%BC+&a=2', urlencoded),
        post('/', gzipped, urlencoded, 'Content-Encoding: gzip'),
        postChunked('/', ['a=1', '&b=%C3', '%BC+&a=2'], urlencoded),
        post('/', 'a&b&c&d', urlencoded),
        post('/', '{}', 'Content-Type: application/json'),
        get('/'),
      )
      const [multipart, plain, coded, chunked, many, wrong] = await client.receive(7)
      assert.equal(JSON.parse(multipart?.text as string), ['a=ü', 'one.bin:300000', '__proto__=polluted', 'two.bin:10'])
      for (const answer of [plain, coded, chunked]) assert.is(answer?.text, '["a=1","b=ü ","a=2"]')
      assert.is(many?.status, 413)
      assert.is(wrong?.status, 415)
    },
  ))

test('what is no multipart form is 415, a malformed one 400, a larger one 413', () =>
  serving(
    new Router()
      .post('/', (req) => listed(req))
      .post('/small', (req) => listed(req, { fileSize: 1000 }))
      .post('/tiny', (req) => listed(req), { bodyLimit: 1000 }),
    async (server) => {
      const cases: [string, string, number][] = [
        ['/', 'Content-Type: application/json', 415],
        ['/', 'X-None: 1', 415],
        ['/', 'Content-Type: multipart/form-data', 400],
        ['/', 'Content-Type: multipart/form-data; boundary=y', 400],
        ['/', `${TYPE}, text/plain`, 415],
        ['/small', TYPE, 413],
        ['/tiny', TYPE, 413],
        ['/', TYPE, 200],
      ]
      for (const [path, field, status] of cases) {
        assert.is((await ask(server, post(path, form, field))).status, status, `${path} ${field}`)
      }
      const cut = form.subarray(0, form.length - 10)
      assert.is((await ask(server, post('/', cut, TYPE))).status, 400)
    },
  ))

test('a file that is taken slowly holds its client back', () => {
  const file = noise(24 * MIB)
  const body = multipartBody('x', [{ name: 'f', filename: 'f', content: file }])
  const go = gate()
  let taken = 0
  const app = new Router().post(
    '/',
    async (req) => {
      for await (const part of parts(req)) {
        for await (const chunk of part.body) {
          assert.ok(file.subarray(taken, taken + chunk.length).equals(chunk))
          taken += chunk.length
          if (taken > MIB) await go.opened
        }
      }
      return String(taken)
    },
    any,
  )
  return serving(app, async (server) => {
    const client = (await connect(server)).send(post('/', body, TYPE))
    await until(() => taken > MIB, 'a part of it is taken')
    for (let turns = 0; turns < 50; turns += 1) await turn()
    const { bytesIn } = server.stats()
    assert.ok(bytesIn < 4 * MIB, String(bytesIn))
    go.open()
    assert.is((await client.response()).text, String(24 * MIB))
  })
})

test('who answers before the form is in is heard', () =>
  serving(
    new Router().post(
      '/',
      async (req) => {
        for await (const part of parts(req)) if (part.filename !== undefined) throw new HttpError(403, 'no files')
        return 'none'
      },
      any,
    ),
    async (server) => {
      const length = form.length + 10 * MIB
      const client = (await connect(server)).send(head('POST', '/', TYPE, `Content-Length: ${length}`), form)
      const answer = await client.response()
      assert.equal([answer.status, answer.text], [403, 'no files'])
    },
  ))

for (const where of ['a part', 'nothing yet'] as const) {
  test(`a client that goes while ${where} is read ends the form`, () => {
    const failed = gate<string>()
    const app = new Router().post(
      '/',
      async (req) => {
        try {
          await listed(req)
        } catch (error) {
          failed.open((error as { code: string }).code)
        }
      },
      any,
    )
    return serving(app, async (server) => {
      const client = await connect(server)
      client.send(head('POST', '/', TYPE, `Content-Length: ${form.length}`))
      await client.sendSeen(server, form.subarray(0, where === 'a part' ? 100_000 : 5))
      client.crash()
      assert.is(await failed.opened, 'ERR_CLIENT_GONE')
      await counts(server, { open: 0 })
    })
  })
}

test.run()
