// The endpoints that take their time, or are told by their size: as go-httpbin answers them.
import { exactTimers } from 'brink/target'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head } from '../server/messages.js'
import { ask, connect } from '../server/raw_client.js'
import { until } from '../server/waiting.js'
import {
  contract,
  invalid,
  JSON_TYPE,
  onTarget,
  type Row,
  refused,
  SMALL,
  TEXT_TYPE,
  withBody,
  withFields,
} from './contract.js'

const BINARY = 'application/octet-stream'

const delayed = (path: string, ms: string): Row => ({
  asks: path,
  status: 200,
  fields: { 'content-type': JSON_TYPE, 'server-timing': `initial_delay;dur=${ms};desc="initial delay"` },
  json: { method: 'GET', data: '', url: `http://brink${path}` },
})

contract('/delay answers after seconds, or after a duration with units', [
  delayed('/delay/0ms', '0.00'),
  delayed('/delay/10ms', '10.00'),
  delayed('/delay/0', '0.00'),
  delayed('/delay/0.01', '10.00'),
  delayed('/delay/1ms500us', '1.50'),
  {
    asks: withBody('POST', '/delay/0', 'x=1', 'Content-Type: text/plain'),
    status: 200,
    json: { method: 'POST', data: 'x=1' },
  },
  ...refused(404, '/delay', '/delay/1/foo'),
  ...invalid(
    '/delay/foo',
    '/delay/1.5s',
    '/delay/-1ms',
    '/delay/1.5',
    '/delay/-1',
    '/delay/-3.14',
    '/delay/1m',
    '/delay/1e3',
  ),
])

test('/delay and /drip never answer too early', () =>
  onTarget(SMALL, async (t) => {
    for (const [path, ms] of [
      ['/delay/50ms', 50],
      ['/drip?delay=20ms&duration=30ms&numbytes=4', 50],
      ['/sse?count=3&duration=40ms', 40],
      ['/jsonl?count=2&delay=20ms&duration=20ms', 40],
      ['/range/100?duration=50ms', 50],
    ] as const) {
      const begin = performance.now()
      await ask(t, get(path))
      assert.ok(performance.now() - begin >= ms, `${path}: ${performance.now() - begin} ms`)
    }
  }))

const dripped = (query: string, count: number, status = 200): Row => ({
  asks: `/drip?${query}`,
  status,
  fields: { 'content-type': TEXT_TYPE, 'content-length': String(count), 'transfer-encoding': null },
  body: '*'.repeat(count),
})

contract('/drip sends so many bytes over a time, with a length', [
  dripped('delay=0&duration=0', 10),
  dripped('delay=0&duration=5ms', 10),
  dripped('delay=5ms&duration=0h', 10),
  dripped('delay=0.01&duration=0.01', 10),
  dripped('delay=0&duration=0&numbytes=1', 1),
  dripped('delay=0&duration=20ms&numbytes=1', 1),
  dripped('delay=0&duration=20ms&numbytes=1024', 1024),
  dripped('delay=0&duration=0&code=404', 10, 404),
  dripped('delay=0&duration=0&code=599', 10, 599),
  { asks: '/drip?delay=0&duration=0&code=204', status: 204, body: '' },
  { asks: '/drip?delay=100ms&duration=900ms', method: 'HEAD', status: 200, fields: { 'content-length': '10' } },
  {
    asks: '/drip?delay=5ms&duration=9ms&numbytes=10',
    status: 200,
    fields: {
      'server-timing':
        'total_duration;dur=14.00;desc="total request duration", initial_delay;dur=5.00;desc="initial delay", ' +
        'write_duration;dur=9.00;desc="duration of writes after initial delay", pause_per_write;dur=1.00;desc="computed pause between writes"',
    },
  },
  ...['1m', '-1ms', '1001', '-1', 'foo'].flatMap((wrong) =>
    invalid(`/drip?delay=0&duration=${wrong}`, `/drip?duration=0&delay=${wrong}`),
  ),
  ...['foo', '0', '-1', '0xff', '1025'].flatMap((wrong) => invalid(`/drip?delay=0&duration=0&numbytes=${wrong}`)),
  ...['foo', '-1', '25', '600', '100'].flatMap((wrong) => invalid(`/drip?delay=0&duration=0&code=${wrong}`)),
  ...invalid('/drip?duration=750ms&delay=500ms'),
])

contract(
  'what a client does not ask for fits into the longest time',
  [
    dripped('', 10),
    dripped('delay=1ms', 10),
    dripped('duration=1ms', 10),
    dripped('delay=50ms', 10),
    { asks: '/sse?count=1', status: 200 },
    { asks: '/sse?count=1&delay=50ms', status: 200 },
  ],
  { host: '127.0.0.1', limits: { maxDuration: 50 } },
)

test('/drip writes byte by byte', () =>
  onTarget(SMALL, async (t) => {
    const client = (await connect(t)).send(get('/drip?delay=0&duration=1s&numbytes=2'))
    await until(() => client.arrived.includes('\r\n\r\n*'), 'the first byte is there')
    assert.ok(client.arrived.toString('latin1').endsWith('\r\n\r\n*'))
    assert.is((await client.response()).text, '**')
  }))

const RANGE = { etag: '"range26"', 'accept-ranges': 'bytes' }
const ranged = (range: string, content: string, body: string, path = '/range/26'): Row => ({
  asks: withFields(path, `Range: ${range}`),
  status: 206,
  fields: {
    'content-range': content,
    'content-length': String(body.length),
    'content-type': TEXT_TYPE,
    'accept-ranges': 'bytes',
  },
  body,
})
const whole = (...fields: string[]): Row => ({
  asks: withFields('/range/26', ...fields),
  status: 200,
  fields: { ...RANGE, 'content-range': null },
  body: 'abcdefghijklmnopqrstuvwxyz',
})

contract('/range sends letters, and ranges of them', [
  whole(),
  {
    asks: '/range/1023',
    status: 200,
    fields: { etag: '"range1023"', 'content-length': '1023', 'content-type': TEXT_TYPE },
    body: /^(abcdefghijklmnopqrstuvwxyz){39}abcdefghi$/,
  },
  ranged('bytes=10-24', 'bytes 10-24/100', 'klmnopqrstuvwxy', '/range/100'),
  ranged('bytes=0-15', 'bytes 0-15/1000', 'abcdefghijklmnop', '/range/1000'),
  ranged('bytes=20-', 'bytes 20-25/26', 'uvwxyz'),
  ranged('bytes=-5', 'bytes 21-25/26', 'vwxyz'),
  ranged('bytes=-50', 'bytes 0-25/26', 'abcdefghijklmnopqrstuvwxyz'),
  ranged('bytes=10-24', 'bytes 10-24/100', 'klmnopqrstuvwxy', '/range/100?duration=50ms'),
  // RFC 9110 §14.1.2, §14.2: the last position may lie behind the end; what is not understood is ignored.
  ranged('bytes=0-40', 'bytes 0-25/26', 'abcdefghijklmnopqrstuvwxyz'),
  whole('Range: bytes=10-5'),
  whole('Range: bytes=a-b'),
  whole('Range: bytes=-'),
  whole('Range: letters=0-1'),
  whole('Range: bytes=0-1', 'If-Range: "range27"'),
  whole('Range: bytes=0-25,0-25'),
  { asks: withFields('/range/26', 'Range: bytes=0-1', 'If-Range: "range26"'), status: 206, body: 'ab' },
  {
    asks: withFields('/range/26', 'Range: bytes=32-40'),
    status: 416,
    fields: { 'content-range': 'bytes */26' },
    json: { status_code: 416, error: 'Range Not Satisfiable' },
  },
  { asks: withFields('/range/26', 'Range: bytes=-0'), status: 416 },
  { asks: '/range/26', method: 'HEAD', status: 200, fields: { ...RANGE, 'content-length': '26' } },
  {
    asks: withFields('/range/100', 'Range: bytes=10-24, 50-64'),
    status: 206,
    fields: {
      etag: '"range100"',
      'content-type': /^multipart\/byteranges; boundary=[0-9a-f]{48}$/,
      'content-range': null,
    },
    check: (answer) => {
      const between = String(answer.header('content-type')).split('=')[1]
      const part = (range: string, body: string) =>
        `--${between}\r\nContent-Type: ${TEXT_TYPE}\r\nContent-Range: bytes ${range}/100\r\n\r\n${body}\r\n`
      assert.is(answer.text, `${part('10-24', 'klmnopqrstuvwxy')}${part('50-64', 'yzabcdefghijklm')}--${between}--\r\n`)
    },
  },
  ...refused(404, '/range/1/foo', '/range/'),
  ...invalid('/range/foo', '/range/1.5', '/range/-1', '/range/0', '/range/1025'),
  ...invalid('/range/100?duration=-1', '/range/100?duration=XYZ', '/range/100?duration=2h'),
])

contract('/bytes and /stream-bytes send random bytes', [
  { asks: '/bytes/1024', status: 200, fields: { 'content-type': BINARY, 'content-length': '1024' } },
  { asks: '/bytes/0', status: 200, fields: { 'content-length': '0' }, body: '' },
  { asks: '/bytes/1', status: 200, fields: { 'content-length': '1' } },
  { asks: '/bytes/16?seed=-12345', status: 200, fields: { 'content-length': '16' } },
  { asks: '/bytes/77', method: 'HEAD', status: 200, fields: { 'content-type': BINARY, 'content-length': '77' } },
  ...refused(404, '/bytes', '/bytes/16/foo'),
  ...invalid('/bytes/-1', '/bytes/1025', '/bytes/99999999', '/bytes/99999999999999999999', '/bytes/foo', '/bytes/3.14'),
  ...invalid('/bytes/16?seed=12345678901234567890', '/bytes/16?seed=foo', '/bytes/16?seed=3.14'),
  ...['', '?chunk_size=4', '?chunk_size=256', '?chunk_size=7', '?chunk_size=512', '?chunk_size=-10'].map(
    (query): Row => ({
      asks: `/stream-bytes/256${query}`,
      status: 200,
      fields: { 'content-type': BINARY, 'content-length': null, 'transfer-encoding': 'chunked' },
      check: ({ body }) => assert.is(body.length, 256),
    }),
  ),
  { asks: '/stream-bytes/0', status: 200, fields: { 'transfer-encoding': 'chunked' }, body: '' },
  ...refused(404, '/stream-bytes', '/stream-bytes/10/foo'),
  ...invalid(
    '/stream-bytes/foo',
    '/stream-bytes/3.1415',
    '/stream-bytes/16?chunk_size=foo',
    '/stream-bytes/16?chunk_size=3.14',
  ),
  ...invalid('/stream-bytes/1024?chunk_size=1', '/stream-bytes/1025'),
])

test('the same seed gives the same bytes, however they are asked for', () =>
  onTarget({ host: '127.0.0.1' }, async (t) => {
    const client = await connect(t)
    const bytesOf = async (path: string) => (await client.send(get(path)).response()).body
    for (const count of [1, 4, 1023, 200_000]) {
      const all = await bytesOf(`/bytes/${count}?seed=1234567890`)
      assert.is(all.length, count)
      assert.ok((await bytesOf(`/bytes/${count}?seed=1234567890`)).equals(all))
      assert.ok((await bytesOf(`/bytes/${count + 5}?seed=1234567890`)).subarray(0, count).equals(all))
      assert.ok((await bytesOf(`/stream-bytes/${count}?seed=1234567890&chunk_size=999`)).equals(all), String(count))
      if (count > 1) assert.not.ok((await bytesOf(`/bytes/${count}?seed=1234567891`)).equals(all))
      if (count > 4) assert.not.ok((await bytesOf(`/bytes/${count}`)).equals(await bytesOf(`/bytes/${count}`)))
    }
    const counts = new Array<number>(256).fill(0)
    const sample = await bytesOf('/bytes/256000?seed=5')
    for (const byte of sample) counts[byte] = (counts[byte] ?? 0) + 1
    // The chi-square of 255 degrees of freedom: above 340 it is less than once in 3000.
    const chiSquare = counts.reduce((sum, found) => sum + (found - 1000) ** 2 / 1000, 0)
    assert.ok(chiSquare < 340, String(chiSquare))
  }))

const linesOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
const lines = (asks: string, count: number, type: string): Row => ({
  asks,
  status: 200,
  fields: { 'content-type': type, 'content-length': null, 'transfer-encoding': 'chunked' },
  check: ({ text }) => {
    const all = linesOf(text)
    assert.equal(
      all.map(({ id }) => id),
      Array.from({ length: count }, (_, id) => id),
    )
    assert.equal(
      [all[0]?.url, all[0]?.origin, all[0]?.headers],
      [`http://brink${asks}`, '127.0.0.1', { Host: ['brink'] }],
    )
  },
})
const NDJSON = 'application/x-ndjson; charset=utf-8'

contract('/stream and /jsonl send lines of JSON', [
  lines('/stream/20', 20, JSON_TYPE),
  lines('/stream/100', 100, JSON_TYPE),
  lines('/stream/1000', 100, JSON_TYPE),
  lines('/stream/0', 1, JSON_TYPE),
  lines('/stream/-100', 1, JSON_TYPE),
  ...refused(404, '/stream', '/stream/10/foo'),
  ...invalid('/stream/foo', '/stream/3.1415'),
  lines('/jsonl', 10, NDJSON),
  lines('/jsonl?count=1', 1, NDJSON),
  lines('/jsonl?count=0', 1, NDJSON),
  lines('/jsonl?count=-5', 1, NDJSON),
  lines('/jsonl?count=564', 64, NDJSON),
  lines('/jsonl?count=3&duration=30ms', 3, NDJSON),
  lines('/jsonl?count=1&duration=30ms&delay=0s', 1, NDJSON),
  ...['0', '0.5', '1'].map((jitter) => lines(`/jsonl?count=3&duration=30ms&jitter=${jitter}`, 3, NDJSON)),
  ...invalid(
    '/jsonl?count=foo',
    '/jsonl?count=3.14',
    '/jsonl?duration=foo',
    '/jsonl?duration=0',
    '/jsonl?delay=foo',
    '/jsonl?duration=5s&delay=8s',
  ),
  ...invalid('/jsonl?duration=600ms&delay=600ms', '/jsonl?jitter=-0.1', '/jsonl?jitter=1.5', '/jsonl?jitter=abc'),
  { asks: '/jsonl?duration=900ms&delay=100ms', method: 'HEAD', status: 200 },
])

const eventsOf = (text: string) =>
  text
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => {
      const data = /^event: ping\ndata: (\{.*\})$/.exec(event)?.[1]
      return JSON.parse(String(data)) as { id: number; timestamp: number }
    })
const sse = (query: string, count: number): Row => ({
  asks: `/sse?${query}`,
  status: 200,
  fields: {
    'content-type': 'text/event-stream; charset=utf-8',
    'transfer-encoding': 'chunked',
    trailer: 'server-timing',
  },
  check: ({ text, trailers }) => {
    const all = eventsOf(text)
    assert.equal(
      all.map(({ id }) => id),
      Array.from({ length: count }, (_, id) => id),
    )
    assert.ok(all.every(({ timestamp }) => Math.abs(timestamp - Date.now()) < 60_000))
    assert.match(
      trailers.join(),
      /^server-timing: total_duration;dur=[\d.]+;desc="[^"]+", initial_delay;dur=[\d.]+;.*, write_duration;dur=[\d.]+;.*, pause_per_write;dur=[\d.]+;/,
    )
  },
})

contract('/sse sends events, and how long it took', [
  sse('duration=5ms', 10),
  sse('duration=10ns', 10),
  sse('duration=0.01&delay=5ms', 10),
  sse('duration=10ms&delay=0h', 10),
  sse('count=1&duration=1ms', 1),
  sse('count=011&duration=1ms', 11),
  sse('count=64&duration=1ms', 64),
  ...['0', '0.5', '1'].map((jitter) => sse(`duration=20ms&jitter=${jitter}`, 10)),
  ...['0', '0s', '1m', '-1ms', '1001', '-1', 'foo'].flatMap((wrong) => invalid(`/sse?duration=${wrong}`)),
  ...['1m', '-1ms', '1001', '-1', 'foo'].flatMap((wrong) => invalid(`/sse?duration=1ms&delay=${wrong}`)),
  ...['foo', '0', '-1', '0xff', '65'].flatMap((wrong) => invalid(`/sse?duration=1ms&count=${wrong}`)),
  ...['-0.1', '1.5', 'abc'].flatMap((wrong) => invalid(`/sse?duration=1ms&jitter=${wrong}`)),
  ...invalid('/sse?duration=750ms&delay=500ms'),
  { asks: '/sse?duration=900ms&delay=100ms', method: 'HEAD', status: 200 },
])

test('/sse and /jsonl write one part after the other', () =>
  onTarget(SMALL, async (t) => {
    for (const [path, first] of [
      ['/sse?count=2&duration=1s', '"id":0,"timestamp"'],
      ['/jsonl?count=2&duration=1s', '{"id":0,'],
    ] as const) {
      const client = (await connect(t)).send(get(path))
      await until(() => client.arrived.includes(first), 'the first part is there')
      assert.not.ok(client.arrived.includes('"id":1'))
      assert.match((await client.response()).text, /"id":1/)
    }
  }))

const trailed = (query: string, ...trailers: string[]): Row => ({
  asks: `/trailers${query}`,
  status: 200,
  fields: { 'transfer-encoding': 'chunked', 'content-type': JSON_TYPE },
  json: { method: 'GET', url: `http://brink/trailers${query}`, data: '' },
  check: (answer) => assert.equal(answer.trailers, trailers),
})

contract('/trailers sends the query as trailers', [
  trailed(''),
  trailed('?test-trailer-1=v1&Test-Trailer-2=v2', 'test-trailer-1: v1', 'Test-Trailer-2: v2'),
  trailed('?x=a%0D%0Ab', 'x: a  b'),
  { asks: withBody('POST', '/trailers?x=1', 'body', 'Content-Type: text/plain'), status: 200, json: { data: 'body' } },
  ...invalid(
    '/trailers?test-trailer-1&Authorization=Bearer',
    '/trailers?content-length=1',
    '/trailers?Set-Cookie=a',
    '/trailers?bad%20name=1',
  ),
])

const inFlight = [
  '/delay/9s',
  '/drip?delay=9s&duration=0',
  '/drip?delay=0&duration=9s',
  '/sse?duration=9s',
  '/jsonl?count=3&duration=9s',
  '/range/100?duration=9s',
]

for (const path of inFlight) {
  test(`${path} ends when its client leaves`, () =>
    onTarget({ host: '127.0.0.1' }, async (t) => {
      const client = (await connect(t)).send(get(path))
      await until(() => exactTimers.size === 1, 'it waits for its time')
      client.leave()
      await until(() => exactTimers.size === 0, 'it waits no more')
    }))
}

test('a client that takes nothing has no more than a little written for it', () =>
  onTarget({ host: '127.0.0.1', limits: { maxResponseSize: 1_000_000_000 } }, async (t) => {
    const before = process.memoryUsage().rss
    const client = (await connect(t)).pause().send(get('/stream-bytes/1000000000?chunk_size=1000000'))
    await until(() => t.server.stats().bytesOut > 0, 'the answer has begun')
    // Others are answered meanwhile, and nothing is made for the one that waits.
    let sent = -1
    for (let round = 0; round < 50 && sent !== t.server.stats().bytesOut; round += 1) {
      sent = t.server.stats().bytesOut
      for (let asked = 0; asked < 20; asked += 1) await ask(t, get('/plaintext'))
    }
    assert.ok(t.server.stats().bytesOut < 100_000_000, String(t.server.stats().bytesOut))
    assert.ok(process.memoryUsage().rss - before < 150_000_000)
    client.leave()
  }))

test('HEAD of a huge body costs nothing', () =>
  onTarget({ host: '127.0.0.1', limits: { maxResponseSize: 1_000_000_000 } }, async (t) => {
    const client = await connect(t)
    const { rss } = process.memoryUsage()
    for (const path of [
      '/bytes/1000000000',
      '/bytes/1000000000?seed=1',
      '/range/1000000000',
      '/drip?numbytes=1000000000',
      '/stream-bytes/1000000000',
    ]) {
      const answer = await client.send(head('HEAD', path)).response('HEAD')
      assert.is(answer.status, 200, path)
      if (!path.startsWith('/stream')) assert.is(answer.header('content-length'), '1000000000', path)
    }
    assert.ok(process.memoryUsage().rss - rss < 100_000_000)
  }))

test.run()
