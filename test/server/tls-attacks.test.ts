// Clients that never mean to finish a handshake. Each is told why by an alert, not by a reset, and others are served.
import { connect as connectSocket } from 'node:net'
import type { ClientError } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  ALERT,
  APPLICATION_DATA,
  beginOfHello,
  CHANGE_CIPHER_SPEC,
  clientHello,
  HANDSHAKE,
  record,
} from './client_hello.js'
import { get } from './messages.js'
import { RawClient } from './raw_client.js'
import { counts, serving } from './serving.js'
import { app, TLS, tlsOf } from './tls_app.js'
import { connectTls } from './tls_client.js'
import { until } from './waiting.js'

const hello = await clientHello()
const RECORD_HEAD = 5
const MANY = 5000
const NONE = Buffer.alloc(0)

/** RFC 8446, 6. */
const UNEXPECTED_MESSAGE = 10
const RECORD_OVERFLOW = 22
const ILLEGAL_PARAMETER = 47

function inRecords(message: Buffer, size: number): Buffer {
  const count = Math.ceil(message.length / size)
  return Buffer.concat(
    Array.from({ length: count }, (_, n) => record(HANDSHAKE, message.subarray(n * size, (n + 1) * size))),
  )
}

function times(count: number, bytes: Buffer): Buffer {
  return Buffer.concat(Array<Buffer>(count).fill(bytes))
}

/** The same ClientHello with another extension before its own ones, so that it has nearly the length that is possible. */
function longHello(): Buffer {
  const message = hello.subarray(RECORD_HEAD)
  let at = 4 + 2 + 32 // type, length, version, random
  at += 1 + message.readUInt8(at) // session
  at += 2 + message.readUInt16BE(at) // ciphers
  at += 1 + message.readUInt8(at) // compression
  const extensions = message.subarray(at + 2)
  const unknown = Buffer.alloc(0xffff - extensions.length)
  unknown.writeUInt16BE(0x5a5a, 0) // RFC 8701
  unknown.writeUInt16BE(unknown.length - 4, 2)
  const long = Buffer.concat([message.subarray(0, at), Buffer.of(0xff, 0xff), unknown, extensions])
  long.writeUIntBE(long.length - 4, 1, 3)
  return long
}

const CCS = record(CHANGE_CIPHER_SPEC, Buffer.of(1))
const WARNING = record(ALERT, Buffer.of(1, 90))

const refused: [what: string, bytes: Buffer, alert: number][] = [
  ['empty records of a handshake', times(MANY, record(HANDSHAKE, NONE)), UNEXPECTED_MESSAGE],
  ['empty records of data', times(MANY, record(APPLICATION_DATA, NONE)), UNEXPECTED_MESSAGE],
  ['a change of ciphers first', CCS, UNEXPECTED_MESSAGE],
  ['nothing but changes of ciphers', times(MANY, CCS), UNEXPECTED_MESSAGE],
  ['nothing but warnings', times(MANY, WARNING), UNEXPECTED_MESSAGE],
  ['its end before its begin', record(ALERT, Buffer.of(1, 0)), UNEXPECTED_MESSAGE],
  [
    'a ClientHello, and empty records',
    Buffer.concat([hello, times(MANY, record(HANDSHAKE, NONE))]),
    UNEXPECTED_MESSAGE,
  ],
  ['a ClientHello, and changes of ciphers', Buffer.concat([hello, times(MANY, CCS)]), UNEXPECTED_MESSAGE],
  ['a ClientHello, and warnings', Buffer.concat([hello, times(MANY, WARNING)]), UNEXPECTED_MESSAGE],
  ['a ClientHello that is said to have 16 MiB', record(HANDSHAKE, beginOfHello(0xff_ff_ff)), ILLEGAL_PARAMETER],
  [
    'a record that is too long',
    Buffer.concat([Buffer.of(HANDSHAKE, 3, 1, 255, 255), Buffer.alloc(70_000)]),
    RECORD_OVERFLOW,
  ],
]

function dial(port: number): RawClient {
  return new RawClient(connectSocket({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true }))
}

for (const [what, bytes, alert] of refused) {
  test(`a client that sends ${what} is sent an alert`, async () => {
    const errors: ClientError[] = []
    await serving(
      app,
      async (server) => {
        const client = dial(server.port).send(bytes)
        await until(() => client.ending !== undefined, 'the end of the connection')
        assert.is(client.ending, 'fin')
        // Behind a ServerHello it is in a record that only the client could open.
        if (client.arrived[0] === ALERT) assert.equal([...client.arrived.subarray(RECORD_HEAD)], [2, alert])
        else assert.is(client.arrived[0], HANDSHAKE)
        await until(() => errors.length > 0, 'the error is told')
        assert.is(errors[0]?.code, 'TLS_HANDSHAKE_FAILED')
        client.leave()
        assert.is((await tlsOf(server)).version, 'TLSv1.3')
      },
      { ...TLS, onClientError: (error) => errors.push(error) },
    )
  })
}

const taken: [what: string, bytes: Buffer][] = [
  ['a record for each byte', inRecords(hello.subarray(RECORD_HEAD), 1)],
  ['64 KiB', inRecords(longHello(), 16_384)],
]

for (const [what, bytes] of taken) {
  test(`a ClientHello with ${what} is answered`, () =>
    serving(
      app,
      async (server) => {
        const client = dial(server.port).send(bytes)
        await until(() => client.arrived.length > 0, 'an answer')
        assert.is(client.arrived[0], HANDSHAKE)
        client.leave()
      },
      TLS,
    ))
}

test('a ClientHello of 64 KiB with a record for each byte is more than a handshake may have', () =>
  serving(
    app,
    async (server) => {
      const client = dial(server.port).send(inRecords(longHello(), 1))
      await until(() => client.ending !== undefined, 'the end of the connection')
      assert.is(client.ending, 'fin')
      client.leave()
    },
    TLS,
  ))

test('while many are half way through a handshake, others are served, and then they are let go', () =>
  serving(
    app,
    async (server) => {
      const clients = Array.from({ length: 200 }, () => dial(server.port).send(hello))
      await until(() => clients.every(({ arrived }) => arrived.length > 0), 'all have an answer')
      assert.is((await tlsOf(server)).version, 'TLSv1.3')
      await until(() => clients.every(({ ending }) => ending !== undefined), 'all are let go')
      for (const client of clients) client.leave()
      await until(() => server.stats().open === 0, 'nobody is left')
      await counts(server, { handshakes: 1 })
    },
    { ...TLS, handshakeTimeout: 2000 },
  ))

test('a client of TLS 1.2 that begins a handshake again is refused', () =>
  serving(
    app,
    async (server) => {
      const { socket, raw } = await connectTls(server, { maxVersion: 'TLSv1.2' })
      assert.is((await raw.send(get('/fixed')).response()).status, 200)
      const failed = new Promise<Error | null>((resolve) => socket.renegotiate({}, resolve))
      const error = await Promise.race([failed, new Promise<Error>((resolve) => socket.once('error', resolve))])
      assert.match(String(error), /no renegotiation/i)
      await counts(server, { handshakes: 1 })
    },
    TLS,
  ))

test.run()
