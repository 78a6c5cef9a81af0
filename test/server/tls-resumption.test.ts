// Sessions that are resumed, and those that must not be.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, get as getOverTls } from 'node:https'
import type { ConnectionOptions } from 'node:tls'
import type { ServeOptions } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { certificate, signedBy } from './certificates.js'
import { get } from './messages.js'
import { counts, serving } from './serving.js'
import { app, getAt, other, own, TLS, tlsOf } from './tls_app.js'
import { connectTls, failedHandshake, sessionOf } from './tls_client.js'
import { until } from './waiting.js'

const authority = certificate('authority')
const client = signedBy(authority, 'client')
const mutual = { ...own, requestCert: true, ca: authority.cert }
const REFUSED = /certificate required|handshake failure/i

async function jsonOf(url: string, agent: Agent): Promise<{ readonly resumed: boolean }> {
  const [response] = (await once(getOverTls(url, { agent }), 'response')) as [IncomingMessage]
  return JSON.parse(String(Buffer.concat(await response.toArray())))
}

for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
  const versions: ConnectionOptions = { minVersion: version, maxVersion: version }
  const ticketOf = async (server: { port: number }, options: ConnectionOptions = {}, request = get('/')) => {
    const made = await connectTls(server, { ...versions, ...options })
    const session = await sessionOf(made, request)
    made.raw.leave()
    return session
  }

  test(`${version}: an agent of node:https resumes its session for each connection`, () =>
    serving(
      app,
      async (server) => {
        const agent = new Agent({ keepAlive: false, ca: own.cert, servername: 'localhost', ...versions })
        const told = []
        for (let i = 0; i < 8; i++) told.push((await jsonOf(`${server.url}/tls`, agent)).resumed)
        assert.equal(told, [false, ...Array(7).fill(true)])
        await counts(server, { handshakes: 8, resumed: 7 })
        agent.destroy()
      },
      TLS,
    ))

  test(`${version}: a session is resumed whichever certificate is there by then`, () =>
    serving(
      app,
      async (server) => {
        const session = await ticketOf(server)
        for (const tls of [other, own, { ...own, contexts: { 'a.example': other } }]) {
          server.setSecureContext(tls)
          for (let i = 0; i < 4; i++) assert.is((await tlsOf(server, { ...versions, session })).resumed, true)
        }
      },
      TLS,
    ))

  test(`${version}: a session that is resumed has the client's certificate`, () =>
    serving(
      app,
      async (server) => {
        const session = await ticketOf(server, client)
        const told = await tlsOf(server, { ...versions, session })
        assert.equal([told.resumed, told.authorized, told.subject], [true, true, 'CN=client'])
        assert.match(await failedHandshake(server, versions), REFUSED)
      },
      { tls: mutual },
    ))

  test(`${version}: a session is not resumed where other authorities are trusted`, () =>
    serving(
      app,
      async (server) => {
        const session = await ticketOf(server, client)
        server.setSecureContext({ ...mutual, ca: other.cert })
        const knows = () => tlsOf(server, { ...versions, ...other }).then(({ authorized }) => authorized === true)
        await until(() => knows().catch(() => false), 'the other authorities are there')
        assert.match(await failedHandshake(server, { ...versions, session }), REFUSED)
      },
      { tls: mutual },
    ))

  test(`${version}: a session of one listener opens no other one that asks for certificates`, () =>
    serving(
      app,
      async (server) => {
        const [open, asks] = server.listeners.map(({ port }) => ({ port: port ?? 0 }))
        if (open === undefined || asks === undefined) return assert.unreachable()
        const session = await ticketOf(open)
        assert.match(await failedHandshake(asks, { ...versions, session }), REFUSED)
      },
      listeners({ ...own, ticketKeys: Buffer.alloc(48, 1) }, { ...mutual, ticketKeys: Buffer.alloc(48, 1) }),
    ))

  test(`${version}: a session of a name that takes any certificate opens none that takes trusted ones only`, () =>
    serving(
      app,
      async (server) => {
        const lax = { ...other, servername: 'lax.example' }
        const session = await ticketOf(server, lax, getAt('lax.example', '/'))
        const again = await tlsOf(server, { ...versions, session, servername: 'lax.example' })
        assert.equal([again.resumed, again.authorized], [true, false])
        for (const servername of ['strict.example', 'also.example']) {
          assert.match(await failedHandshake(server, { ...versions, session, servername }), REFUSED)
        }
        assert.is((await tlsOf(server, { ...versions, session, servername: 'any.example' })).resumed, false)
      },
      {
        tls: {
          ...own,
          contexts: {
            'lax.example': { ...mutual, rejectUnauthorized: false },
            'strict.example': mutual,
            'also.example': mutual,
          },
        },
      },
    ))
}

function listeners(...each: ServeOptions['tls'][]): ServeOptions {
  return { port: undefined, listen: each.map((tls) => ({ port: 0, tls })) } as ServeOptions
}

test('a session is resumed for sessionTimeout', () =>
  serving(
    app,
    async (server) => {
      const made = await connectTls(server)
      const session = await sessionOf(made, get('/'))
      made.raw.leave()
      await until(async () => (await tlsOf(server, { session })).resumed === false, 'it is too old')
    },
    { tls: { ...own, sessionTimeout: 1 } },
  ))

test.run()
