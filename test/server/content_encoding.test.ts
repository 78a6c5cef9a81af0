// Requests whose bodies are coded.
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib'
import { parts, Router } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { multipartBody } from '../unit/multipart_bodies.js'
import { get, head, noise, post, postChunked } from './messages.js'
import { ask, connect } from './raw_client.js'
import { counts, serving } from './serving.js'
import { gate, turn, until } from './waiting.js'

const MIB = 1024 * 1024
const any = { bodyLimit: Infinity, stream: true }
const json = 'Content-Type: application/json'

const encoders: Record<string, (bytes: Uint8Array | string) => Buffer> = {
  gzip: (bytes) => gzipSync(bytes),
  deflate: (bytes) => deflateSync(bytes),
  br: (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
}

const app = new Router()
  .post('/text', (req) => req.text())
  .post('/json', async (req) => reversed(await req.json()))
  .post('/bytes', (req) => req.bytes())
  .post('/body', async (req) => echoed(req.body))
  .post('/stream', async (req) => echoed(req.body), any)
  .post('/parts', async (req) => {
    for await (const part of parts(req)) return part.text()
    return 'none'
  })
  .get('/next', () => 'next')

function reversed(list: unknown): unknown {
  return (list as unknown[]).reverse()
}

async function echoed(body: AsyncIterable<Uint8Array> | null): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of body ?? []) pieces.push(piece)
  return Buffer.concat(pieces)
}

for (const [coding, encode] of Object.entries(encoders)) {
  test(`a body in ${coding} is read as what it is, however it is taken, and the connection goes on`, () =>
    serving(app, async (server) => {
      const client = await connect(server)
      const field = `Content-Encoding: ${coding}`
      for (const content of ['', 'short ü', noise(2000).toString('hex'), noise(200_000).toString('base64')]) {
        const coded = encode(content)
        const pieces = [coded.subarray(0, 5), coded.subarray(5, 3000), coded.subarray(3000)].filter(
          ({ length }) => length > 0,
        )
        const paths = ['/text', '/bytes', '/body', '/stream']
        client.send(...paths.map((path) => post(path, coded, field)), get('/next'))
        client.send(...paths.map((path) => postChunked(path, pieces, field)))
        const answers = await client.receive(2 * paths.length + 1)
        assert.is(answers.splice(paths.length, 1)[0]?.text, 'next')
        for (const { status, text } of answers) assert.equal([status, text === content], [200, true])
      }
      const list = await client.send(post('/json', encode('[1,2]'), field, json)).response()
      assert.is(list.text, '[2,1]')
      const form = encode(multipartBody('x', [{ name: 'a', content: 'part' }]))
      const part = await client
        .send(post('/parts', form, field, 'Content-Type: multipart/form-data; boundary=x'))
        .response()
      assert.is(part.text, 'part')
    }))

  test(`a small body in ${coding} that becomes larger than its limit is 413`, () =>
    serving(app, async (server) => {
      const bomb = encode(Buffer.alloc(20 * MIB))
      assert.ok(bomb.length < 100_000)
      for (const path of ['/text', '/bytes', '/body']) {
        assert.is((await ask(server, post(path, bomb, `Content-Encoding: ${coding}`))).status, 413, path)
      }
    }))

  test(`a body in ${coding} that is damaged, cut off or followed by something is 400`, () =>
    serving(app, async (server) => {
      const coded = encode(noise(5000))
      const broken = [coded.subarray(0, -5), Buffer.concat([coded, Buffer.from('more')]), noise(500)]
      for (const path of ['/text', '/stream']) {
        for (const body of broken) {
          assert.is((await ask(server, post(path, body, `Content-Encoding: ${coding}`))).status, 400)
        }
      }
    }))
}

test('several codings are undone, and one that is not known is 415 and says which are', () =>
  serving(app, async (server) => {
    const twice = gzipSync(deflateSync('twice'))
    assert.is((await ask(server, post('/text', twice, 'Content-Encoding: deflate, gzip'))).text, 'twice')
    assert.is(
      (await ask(server, post('/text', twice, 'Content-Encoding: deflate', 'Content-Encoding: x-gzip'))).text,
      'twice',
    )
    assert.is((await ask(server, post('/text', 'as it is', 'Content-Encoding: identity'))).text, 'as it is')
    const answer = await ask(server, post('/text', twice, 'Content-Encoding: compress, gzip'))
    assert.is(answer.status, 415)
    assert.match(answer.header('accept-encoding') ?? '', /^gzip, deflate, br/)
  }))

test('a coded body that is taken slowly holds its client back', () => {
  const content = noise(12 * MIB)
  const go = gate()
  let taken = 0
  const slow = new Router().post(
    '/',
    async (req) => {
      for await (const piece of req.body as ReadableStream<Uint8Array>) {
        taken += piece.length
        if (taken > MIB) await go.opened
      }
      return String(taken)
    },
    any,
  )
  return serving(slow, async (server) => {
    const client = (await connect(server)).send(post('/', gzipSync(content, { level: 1 }), 'Content-Encoding: gzip'))
    await until(() => taken > MIB, 'a part of it is taken')
    for (let turns = 0; turns < 50; turns += 1) await turn()
    assert.ok(server.stats().bytesIn < 4 * MIB, String(server.stats().bytesIn))
    go.open()
    assert.is((await client.response()).text, String(content.length))
  })
})

test('a client that goes while its coded body is read ends it', () => {
  const failed = gate<string>()
  const reading = new Router().post(
    '/',
    async (req) => {
      try {
        await echoed(req.body)
      } catch (error) {
        failed.open((error as { code: string }).code)
      }
    },
    any,
  )
  return serving(reading, async (server) => {
    const coded = gzipSync(noise(200_000))
    const client = await connect(server)
    client.send(head('POST', '/', 'Content-Encoding: gzip', `Content-Length: ${coded.length}`))
    await client.sendSeen(server, coded.subarray(0, 100_000))
    client.crash()
    assert.is(await failed.opened, 'ERR_CLIENT_GONE')
    await counts(server, { open: 0 })
  })
})

test.run()
