// Names of fields, as they are on the wire.
import { join } from 'node:path'
import { compress, file, HttpError, Router, reply } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fileTree } from '../file_tree.js'
import { get } from './messages.js'
import { connect } from './raw_client.js'
import { serving } from './serving.js'

const path = join(fileTree({ 'a.txt': 'a file' }), 'a.txt')
const FIELDS = { 'X-Request-ID': '7', 'x-lower': 'a', SOAPAction: 'c', VARY: 'origin' }

async function* pieces() {
  yield 'streamed'
}

const app = new Router()
  .get('/text', () => reply(200, 'text', FIELDS))
  .get('/stream', () => reply(200, pieces(), FIELDS))
  .get('/file', () => file(path, { headers: FIELDS }))
  .get('/error', () => {
    throw new HttpError(404, undefined, { headers: FIELDS })
  })
  .get('/set', () => {
    const answer = reply(200, 'set', { 'x-request-id': '6' })
    for (const [name, value] of Object.entries(FIELDS)) answer.headers.set(name, value)
    return answer
  })
  .fixed('/fixed', reply(200, 'fixed', FIELDS))
  .mount(
    '/compressed',
    new Router().use(compress()).get('/', () => reply(200, 'text '.repeat(1000), FIELDS)),
  )

for (const target of ['/text', '/stream', '/file', '/error', '/set', '/fixed', '/compressed']) {
  test(`names are sent as the app wrote them, at ${target}`, () =>
    serving(app, async (server) => {
      const client = await connect(server)
      const all = await client.send(get(target, 'Connection: close', 'Accept-Encoding: gzip')).everything()
      for (const [name, value] of Object.entries(FIELDS)) {
        const added = target === '/compressed' && name === 'VARY' ? ', accept-encoding' : ''
        assert.ok(all.includes(`\r\n${name}: ${value}${added}\r\n`), `${name} in ${all}`)
      }
    }))
}

test('the type and the trailers have the names that the app wrote', () => {
  const routes = new Router()
    .get('/type', () => reply(200, 'a,b', { 'CONTENT-TYPE': 'text/csv' }))
    .get('/trailers', () => {
      const answer = reply(200, pieces())
      answer.trailers = { 'X-Checksum': 'abc' }
      return answer
    })
  return serving(routes, async (server) => {
    const read = async (target: string) => (await connect(server)).send(get(target, 'Connection: close')).everything()
    assert.match(await read('/type'), '\r\nCONTENT-TYPE: text/csv\r\n')
    assert.match(await read('/trailers'), '\r\n0\r\nX-Checksum: abc\r\n')
  })
})

test.run()
