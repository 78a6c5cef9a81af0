// What a client says of its connection, and how it may be written: RFC 9112, 9, and RFC 9110, 7.8.
import { Router } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get } from './messages.js'
import { connect } from './raw_client.js'
import { serving } from './serving.js'

const taken = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n'
const app = new Router().get('/*', ({ path }) => path).upgrade('/raw', (_req, socket) => void socket.end(taken))
const old = (...fields: string[]) => ['GET / HTTP/1.0', ...fields, '', ''].join('\r\n')

const closing: [string, string][] = [
  ['close before a tab', get('/', 'Connection: close\t')],
  ['close behind a tab', get('/', 'Connection:\tclose')],
  ['close between tabs in a list', get('/', 'Connection: a\t,\tclose\t,b')],
  ['close in the second of two fields', get('/', 'Connection: a', 'Connection:\tb,close')],
  ['close beside keep-alive', get('/', 'Connection: keep-alive,\tClose')],
  ['HTTP/1.0 and Proxy-Connection: keep-alive', old('Proxy-Connection: keep-alive')],
  ['HTTP/1.0 and a word that only begins as keep-alive', old('Connection: keep-alives')],
  ['HTTP/1.0, keep-alive and close', old('Connection: keep-alive, close')],
]
for (const [what, bytes] of closing) {
  test(`${what} ends the connection`, () =>
    serving(app, async (server) => {
      // Twice, since a head that comes again is remembered.
      for (let times = 0; times < 4; times += 1) {
        const client = (await connect(server)).send(bytes, get('/after'))
        assert.is((await client.response()).header('connection'), 'close')
        assert.is(await client.closed(), 'fin')
      }
    }))
}

const goingOn: [string, string][] = [
  ['Proxy-Connection: close', get('/', 'Proxy-Connection: close')],
  ['a trailer Connection: close', `${get('/', 'Transfer-Encoding: chunked')}0\r\nConnection: close\r\n\r\n`],
  ['a word that only begins as close', get('/', 'Connection: closed,\tx-close, clo se')],
  ['HTTP/1.0 and keep-alive between tabs', old('Connection:\tkeep-alive\t')],
  ['HTTP/1.0, keep-alive and Proxy-Connection: close', old('Proxy-Connection: close', 'Connection: keep-alive')],
]
for (const [what, bytes] of goingOn) {
  test(`${what} lets the connection go on`, () =>
    serving(app, async (server) => {
      const client = await connect(server)
      for (let times = 0; times < 4; times += 1) {
        const [first, next] = await client.send(bytes, get('/after')).receive(2)
        assert.is.not(first?.header('connection'), 'close')
        assert.is(next?.text, '/after')
      }
    }))
}

const offers: [string, string[]][] = [
  ['Upgrade before a tab', ['Connection: upgrade\t', 'Upgrade: raw']],
  ['Upgrade between tabs in a list', ['Connection: keep-alive\t,\tUpgrade\t,x', 'Upgrade:\traw\t']],
]
for (const [what, lines] of offers) {
  test(`${what} is an offer`, () =>
    serving(app, async (server) => {
      const client = (await connect(server)).send(get('/raw', ...lines)).finish()
      assert.is(await client.everything(), taken)
    }))
}

const noOffers: [string, string[]][] = [
  ['Upgrade in Proxy-Connection', ['Proxy-Connection: upgrade', 'Upgrade: raw']],
  ['Upgrade to nothing', ['Connection: upgrade', 'Upgrade: ,\t,']],
  ['a word that only begins as upgrade', ['Connection: upgrades', 'Upgrade: raw']],
]
for (const [what, lines] of noOffers) {
  test(`${what} is no offer`, () =>
    serving(app, async (server) => {
      const client = (await connect(server)).send(get('/raw', ...lines), get('/after'))
      const answers = await client.receive(2)
      assert.equal(
        answers.map(({ text }) => text),
        ['/raw', '/after'],
      )
    }))
}

test.run()
