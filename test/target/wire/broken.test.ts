// Faults that break HTTP: each of them with each kind of answer, to the byte.
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { compress } from '#brink/compression/compression.js'
import { events } from '#brink/events/event_stream.js'
import { file } from '#brink/files/file.js'
import { reply } from '#brink/reply/reply.js'
import { Router } from '#brink/routing/router.js'
import { connect } from '../../server/raw_client.js'
import { until } from '../../server/waiting.js'
import { asking, type Fault, faulty } from './faulty_server.js'

const folder = mkdtempSync(join(tmpdir(), 'brink-broken-'))
writeFileSync(join(folder, 'some.txt'), '0123456789')

async function* pieces() {
  yield 'one '
  yield 'two'
}

const app = () =>
  new Router()
    .get('/whole', () => '0123456789')
    .get('/sized', () => reply(200, pieces(), { 'content-length': '7' }))
    .get('/stream', () => reply(200, pieces(), { 'content-type': 'text/plain' }))
    .get('/file', () => file(join(folder, 'some.txt')))
    .get('/none', () => undefined)
    .get('/unchanged', () => reply(304, undefined, { etag: '"a"' }))
    .get('/sse', (req) =>
      events(req, async function* () {
        yield 'first'
        yield 'second'
      }),
    )
    .mount(
      '/packed',
      new Router().use(compress({ threshold: 0 })).get('/', () => 'a'.repeat(5000)),
    )

const DATE = /Date: [^\r]*\r\n/

/** All that comes until the connection ends, with the date left out. */
async function got(target: { port: number }, request: string): Promise<string> {
  const client = await connect(target)
  client.send(request)
  await until(() => client.ending !== undefined, `the end of ${request}`)
  return client.arrived.toString('latin1').replace(DATE, '')
}

const head = (status: string, ...lines: string[]) =>
  `HTTP/1.1 ${status}\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`
const TEXT = 'Content-Type: text/plain; charset=utf-8'
const KEEPS = 'Connection: keep-alive'
const CLOSES = 'Connection: close'
const CHUNKED = 'Transfer-Encoding: chunked'
const PLAIN = 'content-type: text/plain'

const cut = (at: 'before-head' | 'head' | 'body', by: 'close' | 'reset' | 'stall', amount: object = {}): Fault => ({
  cut: { at, by, ...amount },
})

const rows: readonly (readonly [string, Fault, string])[] = [
  ['/whole', { empty: true }, ''],
  ['/whole', cut('before-head', 'close'), ''],
  ['/whole', cut('head', 'close', { bytes: 12 }), 'HTTP/1.1 200'],
  ['/whole', cut('head', 'close', { bytes: 0 }), ''],
  ['/whole', cut('body', 'close'), `${head('200 OK', TEXT, KEEPS, 'Content-Length: 10')}01234`],
  ['/whole', cut('body', 'close', { bytes: 3 }), `${head('200 OK', TEXT, KEEPS, 'Content-Length: 10')}012`],
  ['/whole', cut('body', 'close', { bytes: 0 }), head('200 OK', TEXT, KEEPS, 'Content-Length: 10')],
  ['/whole', cut('body', 'close', { share: 0.9 }), `${head('200 OK', TEXT, KEEPS, 'Content-Length: 10')}012345678`],
  ['/whole', cut('body', 'close', { bytes: 99 }), `${head('200 OK', TEXT, KEEPS, 'Content-Length: 10')}0123456789`],
  [
    '/sized',
    cut('body', 'close', { bytes: 5 }),
    `${head('200 OK', 'Content-Type: application/octet-stream', KEEPS, 'Content-Length: 7')}one t`,
  ],
  ['/stream', cut('body', 'close', { bytes: 5 }), `${head('200 OK', KEEPS, CHUNKED, PLAIN)}4\r\none \r\n3\r\nt`],
  ['/stream', cut('body', 'close'), `${head('200 OK', KEEPS, CHUNKED, PLAIN)}4\r\non`],
  ['/stream', cut('body', 'close', { bytes: 99 }), `${head('200 OK', KEEPS, CHUNKED, PLAIN)}4\r\none \r\n3\r\ntwo\r\n`],
  ['/none', cut('body', 'close'), head('204 No Content', KEEPS)],
  ['/unchanged', cut('body', 'close'), head('304 Not Modified', KEEPS, 'etag: "a"')],
  ['/nowhere', cut('body', 'close', { bytes: 4 }), `${head('404 Not Found', TEXT, KEEPS, 'Content-Length: 9')}Not `],
  ['/whole', { length: 5 }, `${head('200 OK', TEXT, CLOSES, 'Content-Length: 15')}0123456789`],
  ['/stream', { length: 5 }, `${head('200 OK', CLOSES, CHUNKED, PLAIN)}9\r\none \r\n3\r\ntwo\r\n0\r\n\r\n`],
  ['/whole', { length: -4, close: true }, `${head('200 OK', TEXT, CLOSES, 'Content-Length: 6')}0123456789`],
  ['/whole', { length: -99, close: true }, `${head('200 OK', TEXT, CLOSES, 'Content-Length: 0')}0123456789`],
  ['/whole', { malformed: 'head' }, `${head('two hundred', TEXT, CLOSES, 'Content-Length: 10')}0123456789`],
  ['/whole', { malformed: 'chunk' }, `${head('200 OK', TEXT, CLOSES, CHUNKED)}5\r\n01234\r\nno chunk\r\n56789`],
  ['/stream', { malformed: 'chunk' }, `${head('200 OK', CLOSES, CHUNKED, PLAIN)}4\r\none \r\nno chunk\r\ntwo`],
  ['/none', { malformed: 'chunk' }, head('204 No Content', CLOSES)],
  [
    '/whole',
    { size: 4, length: 2 },
    `${head('200 OK', 'Content-Type: application/octet-stream', CLOSES, 'Content-Length: 6')}brin`,
  ],
  [
    '/whole',
    { status: 503, ...cut('body', 'close', { bytes: 7 }) },
    `${head('503 Service Unavailable', TEXT, KEEPS, 'Content-Length: 19')}Service`,
  ],
]

for (const [path, fault, expected] of rows) {
  test(`${path} with ${JSON.stringify(fault)}`, () =>
    faulty(app(), async (target) => {
      assert.is(await got(target, asking(path, fault)), expected)
    }))
}

test('bytes before a reset arrive', () =>
  faulty(app(), async (target) => {
    for (const [fault, expected] of [
      [cut('head', 'reset', { bytes: 12 }), 'HTTP/1.1 200'],
      [cut('body', 'reset'), `${head('200 OK', TEXT, KEEPS, 'Content-Length: 10')}01234`],
    ] as const) {
      const client = await connect(target)
      client.send(asking('/whole', fault))
      await until(() => client.ending !== undefined, 'the end')
      assert.is(client.arrived.toString('latin1').replace(DATE, ''), expected)
    }
  }))

test('a reset is one, wherever it comes', () =>
  faulty(app(), async (target) => {
    let resets = 0
    for (const at of ['before-head', 'head', 'body'] as const) {
      for (const path of ['/whole', '/stream', '/file', '/none', '/sse', '/packed/']) {
        const client = await connect(target)
        client.send(asking(path, cut(at, 'reset', { bytes: 1 }), 'GET', 'accept-encoding: gzip\r\n'))
        await until(() => client.ending !== undefined, 'the end')
        // A client that is very late is told of both at once, and then of an end.
        if (client.ending === 'reset') resets += 1
        else assert.ok(client.arrived.length > 0, `${at} ${path}`)
      }
    }
    assert.ok(resets >= 12, `${resets} of 18`)
  }))

test('the body of an answer that is cut is cancelled, wherever the cut is', async () => {
  const cancelled: string[] = []
  const streaming = new Router().get('/:at', ({ params }) =>
    reply(
      200,
      new ReadableStream({
        pull: (controller) => controller.enqueue('more'),
        cancel: () => void cancelled.push(params.at),
      }),
    ),
  )
  await faulty(streaming, async (target) => {
    for (const at of ['head', 'body'] as const) {
      await got(target, asking(`/${at}`, cut(at, 'close', { bytes: 3 })))
      await until(() => cancelled.includes(at), `the body is cancelled of a cut in the ${at}`)
    }
  })
})

test('files, events and compressed bodies are cut as others are', () =>
  faulty(app(), async (target) => {
    const file = await got(target, asking('/file', cut('body', 'close', { bytes: 6 })))
    assert.match(file, /\r\nContent-Length: 10\r\n[\s\S]*\r\n\r\n012345$/)
    const dripped = await got(target, asking('/file', { drip: { pieces: 3, every: 1 }, close: true }))
    assert.match(dripped, /\r\nContent-Length: 10\r\n[\s\S]*\r\n\r\n0123456789$/)
    const sse = await got(target, asking('/sse', cut('body', 'close', { bytes: 8 })))
    assert.match(sse, /text\/event-stream[\s\S]*\r\n\r\n[0-9a-f]+\r\ndata: fi$/)
    const packed = await got(
      target,
      asking('/packed/', cut('body', 'close', { bytes: 2 }), 'GET', 'accept-encoding: gzip\r\n'),
    )
    assert.ok(packed.includes('content-encoding: gzip') && packed.endsWith('\r\n\r\n\x1f\x8b'))
  }))

test('HEAD and HTTP/1.0 are broken, too', () =>
  faulty(app(), async (target) => {
    assert.is(await got(target, asking('/whole', cut('head', 'close', { bytes: 5 }), 'HEAD')), 'HTTP/')
    assert.is(
      await got(target, asking('/whole', { length: 3 }, 'HEAD')),
      head('200 OK', TEXT, CLOSES, 'Content-Length: 13'),
    )
    assert.is(
      await got(target, asking('/whole', cut('body', 'close'), 'HEAD')),
      head('200 OK', TEXT, KEEPS, 'Content-Length: 10'),
    )
    const old = (path: string, fault: Fault) => `GET ${path} HTTP/1.0\r\nx-fault: ${JSON.stringify(fault)}\r\n\r\n`
    assert.is(
      await got(target, old('/whole', cut('body', 'close'))),
      `${head('200 OK', TEXT, CLOSES, 'Content-Length: 10')}01234`,
    )
    assert.is(
      await got(target, old('/stream', cut('body', 'close', { bytes: 5 }))),
      `${head('200 OK', CLOSES, PLAIN)}one t`,
    )
    assert.is(
      await got(target, old('/stream', { malformed: 'chunk' })),
      `${head('200 OK', CLOSES, CHUNKED, PLAIN)}4\r\none \r\nno chunk\r\ntwo`,
    )
  }))

test('garbage is the same for the same seed, and no answer', () =>
  faulty(app(), async (target) => {
    const first = await got(target, asking('/whole', { garbage: 100, seed: 7 }))
    assert.is(first.length, 100)
    assert.is(await got(target, asking('/whole', { garbage: 100, seed: 7 })), first)
    assert.is.not(await got(target, asking('/whole', { garbage: 100, seed: 8 })), first)
    assert.is((await got(target, asking('/whole', { garbage: 100_000 }))).length, 100_000)
    assert.not.match(first, /^HTTP/)
  }))

test('a connection stays behind an answer that says less than it sends', () =>
  faulty(app(), async (target) => {
    const client = await connect(target)
    client.send(asking('/whole', { length: -4 }), asking('/whole'))
    await until(() => client.arrived.toString('latin1').split('0123456789').length === 3, 'both answers')
    assert.match(client.arrived.toString('latin1'), /Content-Length: 6\r\n\r\n0123456789HTTP\/1\.1 200 OK/)
    assert.is(client.ending, undefined)
  }))

test.run()
