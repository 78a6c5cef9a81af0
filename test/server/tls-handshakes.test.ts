// Handshakes that fail and records that are broken: what the client and the app are told.
import { createPrivateKey } from 'node:crypto'
import { once } from 'node:events'
import { type ClientError, Router } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get } from './messages.js'
import { HEADER } from './proxy_headers.js'
import { ask, connect } from './raw_client.js'
import { relayTo } from './relay.js'
import { serving } from './serving.js'
import { app, own, TLS, tlsOf } from './tls_app.js'
import { connectTls, failedHandshake, sessionOf } from './tls_client.js'
import { until, within } from './waiting.js'

test('plain HTTP is answered in plain, and told', async () => {
  const errors: ClientError[] = []
  await serving(
    app,
    async (server) => {
      const answer = await ask(server, get('/'))
      assert.is(answer.status, 400)
      assert.is(String(answer.body), 'This port speaks HTTPS.')
      await until(() => errors.length > 0, 'the error is told')
      assert.is(errors[0]?.code, 'PLAIN_HTTP')
    },
    { ...TLS, onClientError: (error) => errors.push(error) },
  )
})

test('TLS on a plain port is told, and the client knows at once', async () => {
  const errors: ClientError[] = []
  await serving(
    app,
    async (server) => {
      assert.match(await failedHandshake(server), /wrong version number|packet length too long/i)
      await until(() => errors.length > 0, 'the error is told')
      assert.is(errors[0]?.code, 'TLS_ON_PLAIN_PORT')
    },
    { onClientError: (error) => errors.push(error) },
  )
})

test('a handshake that fails is told with the reason', async () => {
  const errors: ClientError[] = []
  await serving(
    app,
    async (server) => {
      await failedHandshake(server, { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' })
      await until(() => errors.length > 0, 'the error is told')
      assert.is(errors[0]?.code, 'TLS_HANDSHAKE_FAILED')
      assert.match(errors[0]?.reason ?? '', /unsupported protocol/)
    },
    { tls: { ...own, minVersion: 'TLSv1.3' }, onClientError: (error) => errors.push(error) },
  )
})

test('a broken record ends the connection with an alert', async () => {
  const errors: ClientError[] = []
  await serving(
    app,
    async (server) => {
      let breaks = false
      const relay = await relayTo(server.port, (chunk, to) => {
        const last = chunk.length - 1
        if (breaks) chunk.writeUInt8(chunk.readUInt8(last) ^ 1, last)
        to.write(chunk)
      })
      const { socket, raw } = await connectTls(relay)
      await raw.send(get('/')).response()
      const failed = once(socket, 'error')
      breaks = true
      raw.send(get('/'))
      const [error] = (await within(failed, 'an alert')) as [Error]
      assert.match(error.message, /bad record mac/i)
      await until(() => errors.length > 0, 'the error is told')
      assert.is(errors[0]?.code, 'TLS_BROKEN')
      assert.match(errors[0]?.reason ?? '', /bad record mac/)
      relay.close()
    },
    { ...TLS, onClientError: (error) => errors.push(error) },
  )
})

test('a handshake that does not end is timed out', async () => {
  const errors: ClientError[] = []
  await serving(
    app,
    async (server) => {
      const client = await connect(server)
      client.send(Buffer.from([0x16, 3, 1]))
      await until(() => client.ending !== undefined, 'the end of the connection')
      await until(() => errors.length > 0, 'the error is told')
      assert.is(errors[0]?.code, 'TLS_HANDSHAKE_TIMEOUT')
    },
    { ...TLS, handshakeTimeout: 100, onClientError: (error) => errors.push(error) },
  )
})

test('http/1.1 is chosen by ALPN, and who does not speak it is refused', () =>
  serving(
    app,
    async (server) => {
      const { socket, raw } = await connectTls(server, { ALPNProtocols: ['h2', 'http/1.1'] })
      assert.is(socket.alpnProtocol, 'http/1.1')
      raw.leave()
      assert.match(await failedHandshake(server, { ALPNProtocols: ['h2'] }), /no application protocol/i)
    },
    TLS,
  ))

test('what OpenSSL complains of here is no error of Node, and the reverse', () =>
  serving(
    app,
    async (server) => {
      for (let i = 0; i < 3; i++) {
        await failedHandshake(server, { ALPNProtocols: ['h2'] })
        assert.is(createPrivateKey(own.key).type, 'private')
        assert.throws(() => createPrivateKey('nothing'))
        assert.is((await tlsOf(server)).version, 'TLSv1.3')
      }
    },
    TLS,
  ))

test('a server name with a zero in it is refused, also with a session', async () => {
  const errors: ClientError[] = []
  await serving(
    app,
    async (server) => {
      const versions = { maxVersion: 'TLSv1.2', servername: 'zero.example' } as const
      const first = await connectTls(server, versions)
      const session = await sessionOf(first, get('/'))
      first.raw.leave()
      const relay = await relayTo(server.port, (chunk, to) => {
        const at = chunk.indexOf('zero.example')
        if (at > 0) chunk[at + 4] = 0
        to.write(chunk)
      })
      assert.match(await failedHandshake(relay, { ...versions, session }), /unrecognized name/i)
      await until(() => errors.length > 0, 'the error is told')
      assert.is(errors[0]?.code, 'TLS_HANDSHAKE_FAILED')
      relay.close()
    },
    { ...TLS, onClientError: (error) => errors.push(error) },
  )
})

test('a server name without a byte is refused', () =>
  serving(
    app,
    async (server) => {
      const relay = await relayTo(server.port, (chunk, to) => {
        const at = chunk.indexOf('name')
        // What was the name is an entry of another type behind it.
        if (at > 0) Buffer.of(0, 0, 1, 0, 1, 0x78).copy(chunk, at - 2)
        to.write(chunk)
      })
      assert.match(await failedHandshake(relay, { servername: 'name' }), /decode error/i)
      relay.close()
    },
    TLS,
  ))

for (const how of ['in one piece with it', 'in a piece of its own'] as const) {
  test(`the header of the PROXY protocol comes before the handshake, ${how}`, () =>
    serving(
      new Router().get('/', ({ ip, peer, url }) => ({ ip, peer, url })),
      async (server) => {
        let sent: Promise<void> | undefined
        const relay = await relayTo(server.port, (chunk, to) => {
          if (sent !== undefined) return void sent.then(() => to.write(chunk))
          if (how === 'in one piece with it') to.write(Buffer.concat([HEADER, chunk]))
          else to.write(HEADER)
          sent = until(() => server.stats().bytesIn >= HEADER.length, 'the header is read')
          if (how === 'in a piece of its own') sent.then(() => to.write(chunk))
        })
        const { raw } = await connectTls(relay)
        const answer = await raw.send(get('/')).response()
        assert.equal(JSON.parse(answer.text), { ip: '192.0.2.1', peer: '127.0.0.1', url: 'https://brink/' })
        relay.close()
      },
      { ...TLS, proxyProtocol: 'require' },
    ))
}

test.run()
