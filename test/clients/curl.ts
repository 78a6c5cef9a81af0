// What curl can do with a server, and brink's end of it.

import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { compress, events, file, files, HttpError, parts, Router, reply, serve } from 'brink'
import * as assert from 'uvu/assert'
import { fileTree, LONG_AGO } from '../file_tree.js'
import { noise } from '../server/messages.js'
import { type CurlRun, curlTool, runCurl } from './curl_program.js'
import type { Suite } from './suite.js'

const LARGE = noise(3_000_000)
const PAGE = 'brink answers curl, over and over.\n'.repeat(1000)
const tree = fileTree({ 'large.bin': LARGE, 'page.html': PAGE })
const scratch = fileTree({})
const large = join(tree, 'large.bin')

async function digest(body: AsyncIterable<Uint8Array> | null): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of body ?? []) hash.update(piece)
  return hash.digest('hex')
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function* inPieces(): Generator<string> {
  for (let at = 0; at < PAGE.length; at += 1000) yield PAGE.slice(at, at + 1000)
}

const app = new Router()
  .use('/packed', compress())
  .get('/packed/page', () => PAGE)
  .get('/packed/stream', () => reply(200, inPieces(), { 'content-type': 'text/plain' }))
  .get('/files/*', files(tree))
  .get('/file', () => file(large))
  .get('/stream', inPieces)
  .get('/sized', () => reply(200, inPieces(), { 'content-length': PAGE.length }))
  .get('/sum', () => {
    const answer = reply(200, inPieces())
    answer.trailers = () => ({ 'x-sum': digestOf(Buffer.from(PAGE)) })
    return answer
  })
  .get('/events', (req) =>
    events(req, async function* () {
      for (let id = 1; id <= 5; id += 1) yield { id: `${id}`, data: `event ${id}` }
    }),
  )
  .all('/digest', (req) => digest(req.body), { stream: true, bodyLimit: Infinity })
  .post(
    '/refused',
    () => {
      throw new HttpError(403, 'Not you.')
    },
    { bodyLimit: Infinity },
  )
  .post('/early', () => 'early', { stream: true, bodyLimit: Infinity })
  .post('/text', (req) => req.text())
  .post('/form', async (req) => [...(await req.formData())])
  .post(
    '/parts',
    async (req) => {
      const seen: string[] = []
      for await (const { name, filename, type, body } of parts(req)) {
        seen.push(`${name} ${filename} ${type} ${await digest(body)}`)
      }
      return seen
    },
    { bodyLimit: Infinity },
  )

const cases: Record<string, (origin: string) => Promise<void>> = {
  'one range (-r 0-99)': async (origin) => {
    for (const path of ['/files/large.bin', '/file']) {
      const { status, heads, body } = await runCurl(['-r', '0-99', origin + path])
      assert.is(status, 206)
      assert.match(heads, /^content-range: bytes 0-99\/3000000\r$/im)
      assert.ok(body.equals(LARGE.subarray(0, 100)))
    }
  },
  'the end of a file (-r -100)': async (origin) => {
    const { status, body } = await runCurl(['-r', '-100', `${origin}/files/large.bin`])
    assert.is(status, 206)
    assert.ok(body.equals(LARGE.subarray(-100)))
  },
  'several ranges (-r 0-99,1000-1099,-1)': async (origin) => {
    for (const path of ['/files/large.bin', '/file']) {
      const { status, heads, body } = await runCurl(['-r', '0-99,1000-1099,-1', origin + path])
      assert.is(status, 206)
      assert.match(heads, /^content-type: multipart\/byteranges; boundary=/im)
      for (const [from, to] of [
        [0, 99],
        [1000, 1099],
        [2_999_999, 2_999_999],
      ] as const) {
        const head = `Content-Range: bytes ${from}-${to}/3000000\r\n`
        const at = body.toString('latin1').toLowerCase().indexOf(head.toLowerCase())
        const start = body.indexOf('\r\n\r\n', at) + 4
        assert.ok(at >= 0 && body.subarray(start, start + to - from + 1).equals(LARGE.subarray(from, to + 1)))
      }
    }
  },
  'a range that is not there': async (origin) => {
    const { status, heads } = await runCurl(['-r', '3000000-', `${origin}/files/large.bin`])
    assert.is(status, 416)
    assert.match(heads, /^content-range: bytes \*\/3000000\r$/im)
  },
  'a download that broke off goes on (-C -)': async (origin) => {
    for (const path of ['/files/large.bin', '/file']) {
      const output = join(scratch, `half-${Math.random()}`)
      writeFileSync(output, LARGE.subarray(0, 1_234_567))
      const { status, heads } = await runCurl(['-C', '-', origin + path], { output })
      assert.is(status, 206)
      assert.match(heads, /^content-range: bytes 1234567-2999999\/3000000\r$/im)
      assert.ok(readFileSync(output).equals(LARGE))
    }
  },
  'coded answers (--compressed)': async (origin) => {
    for (const path of ['/packed/page', '/packed/stream']) {
      const { heads, text } = await runCurl(['--compressed', origin + path])
      assert.match(heads, /^content-encoding: (br|zstd|gzip)\r$/im)
      assert.is(text, PAGE)
      const plain = await runCurl([origin + path])
      assert.not.match(plain.heads, /content-encoding/i)
      assert.is(plain.text, PAGE)
    }
  },
  'coded bodies of requests': async (origin) => {
    const { text } = await runCurl(
      ['-H', 'Content-Encoding: gzip', '-H', 'Content-Type: text/plain', '--data-binary', '@-', `${origin}/text`],
      { input: [gzipSync(PAGE)] },
    )
    assert.is(text, PAGE)
  },
  'a chunked upload from a pipe (-T -)': async (origin) => {
    const pieces = Array.from({ length: 40 }, (_, n) => noise(100_000, n))
    const { status, text, sent } = await runCurl(['-T', '-', `${origin}/digest`], { input: pieces })
    assert.is(status, 200)
    assert.is(text, digestOf(Buffer.concat(pieces)))
    assert.ok(sent >= 4_000_000)
  },
  'a file is uploaded, when the server has said that it may be (-T file)': async (origin) => {
    const { text, heads } = await runCurl(['-T', large, '-H', 'Expect: 100-continue', `${origin}/digest`])
    assert.is(text, digestOf(LARGE))
    assert.match(heads, /^HTTP\/1\.1 100 Continue\r\n/)
  },
  'a large body is refused before it is sent (--expect100-timeout)': async (origin) => {
    const { status, text, sent, seconds } = await expecting(`${origin}/refused`)
    assert.is(status, 403)
    assert.is(text, 'Not you.')
    assert.is(sent, 0)
    assert.ok(seconds < 5, `${seconds} s`)
  },
  'a large body is sent as soon as the server wants it (--expect100-timeout)': async (origin) => {
    const { status, text, sent, seconds } = await expecting(`${origin}/digest`)
    assert.is(status, 200)
    assert.is(text, digestOf(LARGE))
    assert.is(sent, LARGE.length)
    assert.ok(seconds < 5, `${seconds} s`)
  },
  'an answer before the body is in, and its client gets it': async (origin) => {
    const { status, text } = await runCurl(['-H', 'Expect:', '--data-binary', `@${large}`, `${origin}/early`])
    assert.is(status, 200)
    assert.is(text, 'early')
  },
  'a form (-d, --data-urlencode)': async (origin) => {
    const { text } = await runCurl(['-d', 'a=1', '--data-urlencode', 'b=ä & ö', `${origin}/form`])
    assert.equal(JSON.parse(text), [
      ['a', '1'],
      ['b', 'ä & ö'],
    ])
  },
  'a form with a file (-F)': async (origin) => {
    const { text } = await runCurl(['-F', 'name=Ada', '-F', `file=@${large};type=image/x-noise`, `${origin}/parts`])
    assert.equal(JSON.parse(text), [
      `name undefined text/plain ${digestOf(Buffer.from('Ada'))}`,
      `file large.bin image/x-noise ${digestOf(LARGE)}`,
    ])
  },
  'what there would be (-I)': async (origin) => {
    for (const [path, length] of [
      ['/files/large.bin', LARGE.length],
      ['/file', LARGE.length],
      ['/sized', PAGE.length],
    ] as const) {
      const { status, heads, exitCode } = await runCurl(['-I', origin + path])
      assert.is(status, 200)
      assert.is(exitCode, 0)
      assert.match(heads, new RegExp(`^content-length: ${length}\r$`, 'im'))
    }
    const { heads, exitCode } = await runCurl(['-I', `${origin}/stream`])
    assert.is(exitCode, 0)
    assert.match(heads, /^transfer-encoding: chunked\r$/im)
  },
  'HTTP/1.0 (--http1.0)': async (origin) => {
    for (const path of ['/stream', '/sized', '/files/page.html', '/sum']) {
      const { text, heads, exitCode } = await runCurl(['--http1.0', origin + path])
      assert.is(exitCode, 0)
      assert.is(text, PAGE)
      assert.not.match(heads, /transfer-encoding/i)
    }
  },
  'only what has changed (-z)': async (origin) => {
    for (const path of ['/files/large.bin', '/file']) {
      assert.is((await runCurl(['-z', LONG_AGO, origin + path])).status, 304)
      assert.is((await runCurl(['-z', 'Sat, 05 Nov 1994 08:49:37 GMT', origin + path])).status, 200)
    }
  },
  'only what is another one (--etag-compare)': async (origin) => {
    for (const path of ['/files/large.bin', '/file']) {
      const etag = join(scratch, `etag-${Math.random()}`)
      assert.is((await runCurl(['--etag-save', etag, origin + path])).status, 200)
      assert.match(readFileSync(etag, 'utf8'), /^".+"/)
      const again = await runCurl(['--etag-compare', etag, origin + path])
      assert.is(again.status, 304)
      assert.is(again.body.length, 0)
      writeFileSync(etag, '"another"\n')
      assert.is((await runCurl(['--etag-compare', etag, origin + path])).status, 200)
    }
  },
  'trailers behind a stream': async (origin) => {
    const { heads, text } = await runCurl([`${origin}/sum`])
    assert.is(text, PAGE)
    assert.match(heads, new RegExp(`^x-sum: ${digestOf(Buffer.from(PAGE))}\r$`, 'm'))
  },
  'events as they come (-N)': async (origin) => {
    const { heads, text } = await runCurl(['-N', '-H', 'Accept: text/event-stream', `${origin}/events`])
    assert.match(heads, /^content-type: text\/event-stream\r$/im)
    assert.equal(text.match(/^data: .*$/gm), [
      'data: event 1',
      'data: event 2',
      'data: event 3',
      'data: event 4',
      'data: event 5',
    ])
  },
  'one connection for all of it': async (origin) => {
    const urls = ['/stream', '/files/large.bin', '/events', '/sized', '/sum', '/file'].map((path) => origin + path)
    const { connections, exitCode } = await runCurl(urls.flatMap((url) => [url, '-o', '/dev/null']))
    assert.is(exitCode, 0)
    assert.is(connections, 1)
  },
  'many at a time (-Z)': async (origin) => {
    const { exitCode } = await runCurl([
      ...['-Z', '--parallel-immediate', '-f', '--parallel-max', '50'],
      ...[`${origin}/files/large.bin?[1-50]`, '-o', '/dev/null'],
    ])
    assert.is(exitCode, 0)
  },
  'no way out of the folder (--path-as-is)': async (origin) => {
    for (const path of ['/files/../../etc/passwd', '/files/..%2f..%2fetc/passwd', '/files//etc/passwd']) {
      const { status, text } = await runCurl(['--path-as-is', origin + path])
      assert.is(status, 404)
      assert.not.match(text, /root:/)
    }
  },
}

/** A large body, which curl holds back for long until it is asked for it. */
function expecting(url: string): Promise<CurlRun> {
  return runCurl(['--expect100-timeout', '20', '-H', 'Expect: 100-continue', '--data-binary', `@${large}`, url])
}

export const curl: Suite = {
  name: 'curl',
  tool: curlTool,
  async run({ backend, threads }, check) {
    const logged: unknown[] = []
    const server = await serve(app, {
      port: 0,
      host: '127.0.0.1',
      backend,
      threads,
      log: (error) => logged.push(error),
    })
    try {
      for (const [what, test] of Object.entries(cases)) await check(what, () => test(server.url))
      await check('nothing is logged', async () => assert.equal(logged.map(String), []))
    } finally {
      await server.close({ force: 0 })
    }
  },
}
