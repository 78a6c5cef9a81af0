// /websocket/echo, with the `ws` client and with frames by hand (RFC 6455).
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Target } from 'brink/target'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { WebSocket } from 'ws'
import { get, head, noise } from '../server/messages.js'
import { ask, connect, type RawClient } from '../server/raw_client.js'
import { until, within } from '../server/waiting.js'
import { contract, onTarget, type Row, SMALL } from './contract.js'

const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
const HANDSHAKE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  `Sec-WebSocket-Key: ${KEY}`,
  'Sec-WebSocket-Version: 13',
]
const handshake = (path = '/websocket/echo') => get(path, ...HANDSHAKE)
/** Of the key, by the example of RFC 6455 §1.3. */
const ACCEPTED =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n'

const failed = (status: number, path: string, ...fields: string[]): Row => ({
  asks: Buffer.from(get(path, ...fields)),
  status,
  json: { status_code: status },
})
const without = (name: string) => HANDSHAKE.filter((field) => !field.startsWith(name))

contract('a handshake that lacks something is refused', [
  failed(400, '/websocket/echo'),
  failed(400, '/websocket/echo', ...without('Upgrade')),
  failed(400, '/websocket/echo', ...without('Sec-WebSocket-Key')),
  failed(400, '/websocket/echo', ...without('Sec-WebSocket-Key'), 'Sec-WebSocket-Key: short'),
  {
    ...failed(426, '/websocket/echo', ...without('Sec-WebSocket-Version'), 'Sec-WebSocket-Version: 8'),
    fields: { 'sec-websocket-version': '13' },
  },
  { asks: '/websocket/echo', method: 'POST', status: 405 },
  ...[
    ...[
      'max_fragment_size=-1',
      'max_fragment_size=0',
      'max_fragment_size=3',
      'max_fragment_size=foo',
      'max_fragment_size=1025',
    ].map((query) => `${query}&max_message_size=2`),
    ...['max_message_size=0', 'max_message_size=-1', 'max_message_size=bar', 'max_message_size=1025'].map(
      (query) => `max_fragment_size=1&${query}`,
    ),
  ].map((query) => failed(400, `/websocket/echo?${query}`, ...HANDSHAKE)),
])

for (const query of [
  '',
  '?max_fragment_size=1&max_message_size=2',
  '?max_fragment_size=1024&max_message_size=1024',
  '?max_message_size=5',
]) {
  test(`a handshake is accepted with ${query || 'no query'}`, () =>
    onTarget(SMALL, async (t) => {
      const client = (await connect(t)).send(handshake(`/websocket/echo${query}`), frame(0x88, Buffer.of(3, 232)))
      assert.is(await client.everything(), `${ACCEPTED}\x88\x02\x03\xe8`)
    }))
}

/** A masked frame of a client. */
function frame(first: number, payload: string | Uint8Array, { length }: { length?: Buffer } = {}): Buffer {
  const bytes = Buffer.from(payload)
  const mask = randomBytes(4)
  const size =
    length ??
    (bytes.length <= 125
      ? Buffer.of(bytes.length)
      : bytes.length <= 0xffff
        ? Buffer.of(126, bytes.length >> 8, bytes.length & 0xff)
        : Buffer.from([
            127,
            0,
            0,
            0,
            0,
            ...Buffer.of(
              bytes.length >>> 24,
              (bytes.length >> 16) & 0xff,
              (bytes.length >> 8) & 0xff,
              bytes.length & 0xff,
            ),
          ]))
  size[0] = (size[0] as number) | 0x80
  return Buffer.concat([Buffer.of(first), size, mask, bytes.map((byte, index) => byte ^ (mask[index % 4] as number))])
}

const TEXT = 0x81
const CLOSE = Buffer.from('\x88\x02\x03\xe8', 'latin1')

/** What comes back for frames, without the handshake and up to the end of the connection. */
async function echoed(t: Target, frames: readonly Uint8Array[], path = '/websocket/echo'): Promise<Buffer> {
  const client = (await connect(t)).send(handshake(path), ...frames)
  const all = await client.everything()
  assert.ok(all.startsWith(ACCEPTED))
  return Buffer.from(all.slice(ACCEPTED.length), 'latin1')
}

const closing = frame(0x88, Buffer.of(3, 232))

const echoes: readonly (readonly [name: string, frames: readonly Buffer[], back: string, path?: string])[] = [
  ['a text', [frame(TEXT, 'hello')], '\x81\x05hello'],
  ['bytes', [frame(0x82, Buffer.of(0, 255))], '\x82\x02\x00\xff'],
  ['an empty message', [frame(TEXT, '')], '\x81\x00'],
  ['125 bytes', [frame(TEXT, 'x'.repeat(125))], `\x81\x7d${'x'.repeat(125)}`],
  ['126 bytes', [frame(TEXT, 'x'.repeat(126))], `\x81\x7e\x00\x7e${'x'.repeat(126)}`],
  ['a message in fragments', [frame(0x01, 'he'), frame(0x00, ''), frame(0x80, 'llo')], '\x81\x05hello'],
  ['a character that is cut', [frame(0x01, Buffer.of(0xc3)), frame(0x80, Buffer.of(0xa9))], '\x81\x02\xc3\xa9'],
  ['a ping between fragments', [frame(0x01, 'a'), frame(0x89, 'p'), frame(0x80, 'b')], '\x8a\x01p\x81\x02ab'],
  ['a ping with 125 bytes', [frame(0x89, 'p'.repeat(125))], `\x8a\x7d${'p'.repeat(125)}`],
  ['a pong that nobody has asked for', [frame(0x8a, 'x'), frame(TEXT, 'y')], '\x81\x01y'],
  ['several messages at once', [frame(TEXT, 'a'), frame(TEXT, 'b')], '\x81\x01a\x81\x01b'],
  [
    'a message above the size of fragments',
    [frame(0x01, 'abc'), frame(0x80, 'de')],
    '\x01\x03abc\x80\x02de',
    '/websocket/echo?max_fragment_size=3',
  ],
]

for (const [name, frames, back, path] of echoes) {
  test(`${name}: comes back`, () =>
    onTarget(SMALL, async (t) => {
      assert.equal(await echoed(t, [...frames, closing], path), Buffer.concat([Buffer.from(back, 'latin1'), CLOSE]))
      // Byte by byte, as a slow network brings them.
      const client = (await connect(t)).send(handshake(path))
      for (const byte of Buffer.concat([...frames, closing])) client.send(Buffer.of(byte))
      assert.is(await client.everything(), `${ACCEPTED}${back}${CLOSE.toString('latin1')}`)
    }))
}

const refusals: readonly (readonly [name: string, code: number, frames: readonly Buffer[], path?: string])[] = [
  ['a frame without a mask', 1002, [Buffer.from('\x81\x01a', 'latin1')]],
  ['a reserved bit', 1002, [frame(0xc1, 'a')]],
  ['a reserved opcode', 1002, [frame(0x83, 'a')]],
  ['a reserved opcode of control', 1002, [frame(0x8b, 'a')]],
  ['a fragmented ping', 1002, [frame(0x09, 'a')]],
  ['a ping of 126 bytes', 1002, [frame(0x89, 'a'.repeat(126))]],
  ['a continuation of nothing', 1002, [frame(0x80, 'a')]],
  ['a message within a message', 1002, [frame(0x01, 'a'), frame(TEXT, 'b')]],
  ['a length of 16 bits for 5 bytes', 1002, [frame(TEXT, 'hello', { length: Buffer.of(126, 0, 5) })]],
  ['a length of 64 bits for 5 bytes', 1002, [frame(TEXT, 'hello', { length: Buffer.of(127, 0, 0, 0, 0, 0, 0, 0, 5) })]],
  ['a length above 63 bits', 1002, [frame(TEXT, '', { length: Buffer.of(127, 128, 0, 0, 0, 0, 0, 0, 0) })]],
  ['a text that is not UTF-8', 1007, [frame(TEXT, Buffer.of(0xc3, 0x28))]],
  ['a text that ends in a character', 1007, [frame(0x01, 'a'), frame(0x80, Buffer.of(0xc3))]],
  ['a surrogate in the second fragment', 1007, [frame(0x01, 'a'), frame(0x00, Buffer.of(0xed, 0xa0, 0x80))]],
  ['a frame that is too large', 1009, [frame(TEXT, 'x'.repeat(513))]],
  ['a length of 2 GiB', 1009, [frame(TEXT, '', { length: Buffer.of(127, 0, 0, 0, 0, 128, 0, 0, 0) })]],
  ['a message that is too large', 1009, [frame(0x01, 'x'.repeat(512)), frame(0x00, 'x'.repeat(512)), frame(0x80, 'x')]],
  [
    'a message above the asked size',
    1009,
    [frame(0x01, 'ab'), frame(0x80, 'cd')],
    '/websocket/echo?max_fragment_size=2&max_message_size=3',
  ],
  ['a close frame with half a code', 1002, [frame(0x88, Buffer.of(3))]],
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535].map(
    (code) => [`the code ${code}`, 1002, [frame(0x88, Buffer.of(code >> 8, code & 255))]] as const,
  ),
  ['a reason that is not UTF-8', 1007, [frame(0x88, Buffer.of(3, 232, 0xff))]],
]

test('what breaks the protocol is answered with its code, and the connection ends', () =>
  onTarget(SMALL, async (t) => {
    for (const [name, code, frames, path] of refusals) {
      const back = await echoed(t, [...frames, frame(TEXT, 'later')], path)
      assert.is(back[0], 0x88, name)
      assert.is(back.readUInt16BE(2), code, name)
      assert.is(back.length, 2 + (back[1] as number), name)
      assert.match(back.toString('utf8', 4), /^[a-z].+/, name)
    }
  }))

for (const code of [1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999]) {
  test(`the code ${code} is answered with itself`, () =>
    onTarget(SMALL, async (t) => {
      const payload = Buffer.concat([Buffer.of(code >> 8, code & 255), Buffer.from('bye ☮')])
      assert.equal(await echoed(t, [frame(0x88, payload)]), Buffer.of(0x88, 2, code >> 8, code & 255))
    }))
}

test('a close frame without a code is answered without one', () =>
  onTarget(SMALL, async (t) => assert.equal(await echoed(t, [frame(0x88, '')]), Buffer.of(0x88, 0))))

test('a client that ends without a close frame ends the connection', () =>
  onTarget(SMALL, async (t) => {
    const client = (await connect(t)).send(handshake(), frame(TEXT, 'a')).finish()
    assert.is(await client.everything(), `${ACCEPTED}\x81\x01a`)
    await until(() => t.server.stats().open === 0, 'the connection is gone')
  }))

test('a connection is closed when it was open for too long', () =>
  onTarget({ host: '127.0.0.1', limits: { maxWebSocketDuration: 50 } }, async (t) => {
    const back = await echoed(t, [frame(TEXT, 'a')])
    assert.is(back.readUInt16BE(5), 1008)
  }))

async function opened(t: Target, path = '/websocket/echo'): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${t.port}${path}`)
  await within(once(socket, 'open'), 'the WebSocket to open')
  return socket
}

async function answerTo(
  socket: WebSocket,
  message: string | Buffer,
): Promise<readonly [data: Buffer, isBinary: boolean]> {
  const answered = once(socket, 'message') as Promise<[Buffer, boolean]>
  socket.send(message)
  return within(answered, 'an echo')
}

test('the ws client gets every message back, pings and closes', () =>
  onTarget({ host: '127.0.0.1' }, async (t) => {
    const socket = await opened(t)
    const large = noise(500_000)
    for (const message of ['hello', '', 'é☮🌊', 'x'.repeat(70_000), Buffer.of(0, 1, 255), large]) {
      const [data, isBinary] = await answerTo(socket, message)
      assert.ok(data.equals(Buffer.from(message)))
      assert.is(isBinary, typeof message !== 'string')
    }
    const pong = once(socket, 'pong')
    socket.ping('here')
    assert.is(String((await within(pong, 'a pong'))[0]), 'here')
    const whole = once(socket, 'message') as Promise<[Buffer]>
    socket.send('a', { fin: false })
    socket.send('b', { fin: true })
    assert.is(String((await within(whole, 'an echo'))[0]), 'ab')
    const closed = once(socket, 'close') as Promise<[number]>
    socket.close(4001, 'enough')
    assert.is((await within(closed, 'the end'))[0], 4001)
    await until(() => t.server.stats().open === 0, 'the connection is gone')
  }))

test('a message of the largest size comes back in fragments', () =>
  onTarget({ host: '127.0.0.1' }, async (t) => {
    const socket = await opened(t, `/websocket/echo?max_fragment_size=${1024 * 1024}&max_message_size=${1024 * 1024}`)
    const [data] = await answerTo(socket, noise(1024 * 1024))
    assert.ok(data.equals(noise(1024 * 1024)))
    socket.terminate()
  }))

test('a client that takes no echoes is not read any more', () =>
  onTarget({ host: '127.0.0.1' }, async (t) => {
    const client: RawClient = (await connect(t)).send(handshake())
    await until(() => client.arrived.length === ACCEPTED.length, 'it is accepted')
    client.pause()
    const message = frame(0x82, noise(500_000))
    for (let sent = 0; sent < 100; sent += 1) client.send(message)
    // It reads until its output is full, and then no more, while others are served.
    let read = -1
    for (let round = 0; round < 50 && read !== t.server.stats().bytesIn; round += 1) {
      read = t.server.stats().bytesIn
      for (let asked = 0; asked < 20; asked += 1) await ask(t, get('/plaintext'))
    }
    assert.ok(t.server.stats().bytesIn < 40_000_000, String(t.server.stats().bytesIn))
    client.leave()
  }))

test('an upgrade to another protocol is not one to a WebSocket', () =>
  onTarget(SMALL, async (t) => {
    const answer = await ask(t, head('GET', '/websocket/echo', 'Connection: Upgrade', 'Upgrade: other'))
    assert.is(answer.status, 400)
  }))

test.run()
