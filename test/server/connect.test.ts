// CONNECT, asked of an app that takes connections over: RFC 9110, 9.3.6.
import { Router } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head } from './messages.js'
import { connect } from './raw_client.js'
import { refusals } from './refusal_counts.js'
import { counts, serving } from './serving.js'

const established = 'HTTP/1.1 200 Connection established\r\n\r\n'
const asked: (string | undefined)[] = []
const app = new Router()
  .get('/*', ({ path }) => path)
  .connect((req, socket) => {
    asked.push(req.url)
    socket.end(established)
    socket.resume()
  })

test('CONNECT to what is no host and port is refused before the app is asked', () =>
  serving(app, async (server) => {
    const targets = [
      'brink',
      'brink:',
      'brink:0',
      'brink:00',
      'brink:65536',
      'brink:http',
      ':80',
      '[::1]',
      '1.2.3.999:80',
    ]
    targets.push('/', '*', 'http://brink:80/', 'http://brink:80', 'u@brink:80', 'brink:80/', 'brink:80?a', '[v1.a]:80')
    for (const target of targets) {
      asked.length = 0
      const client = (await connect(server)).send(head('CONNECT', target), get('/after'))
      assert.is((await client.response()).status, 400, target)
      assert.is(await client.closed(), 'fin')
      assert.equal(asked, [], target)
    }
    await refusals(server, { INVALID_TARGET: targets.length })
    await counts(server, { requests: 0 })
  }))

test('CONNECT to a host and a port is the app’s to answer', () =>
  serving(app, async (server) => {
    for (const target of ['brink:1', 'brink:65535', '[::1]:443', '127.0.0.1:80', 'a-b.example:0443']) {
      asked.length = 0
      const client = (await connect(server)).send(head('CONNECT', target), get('/bytes-of-the-tunnel')).finish()
      assert.is(await client.everything(), established, target)
      assert.equal(asked, [target])
    }
  }))

test('what follows a CONNECT that nobody takes is no request', () => {
  const run: string[] = []
  const plain = new Router().all('/*', ({ path }) => run.push(path))
  return serving(plain, async (server) => {
    const client = (await connect(server)).send(head('CONNECT', 'brink:80'), get('/in-the-tunnel'))
    const refused = await client.response()
    assert.is(`${refused.status} ${refused.header('connection')}`, '501 close')
    assert.is(await client.closed(), 'fin')
    assert.equal(run, [])
    await counts(server, { requests: 1 })
  })
})

test.run()
