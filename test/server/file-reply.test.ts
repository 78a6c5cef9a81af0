// One file as a reply.
import { execFileSync } from 'node:child_process'
import { createReadStream, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { file, files, Router, reply } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fileTree, LONG_AGO, put } from '../file_tree.js'
import { get, head, noise } from './messages.js'
import { ask, connect } from './raw_client.js'
import { serving } from './serving.js'

const LARGE = noise(300_000)
const tree = fileTree({
  'report.pdf': 'the report',
  'uploads/ä b.txt': 'uploaded',
  'uploads/large': LARGE,
  'uploads/.hidden': 'hidden',
  secret: 'secret',
  empty: '',
})
symlinkSync('../secret', join(tree, 'uploads', 'link'))

test('a file is sent with what is known of it', async () => {
  const routes = new Router()
    .get('/path', () => file(join(tree, 'report.pdf')))
    .get('/url', async () => file(pathToFileURL(join(tree, 'report.pdf'))))
    .get('/empty', () => file(join(tree, 'empty'), { cacheControl: false }))
  await serving(routes, async (server) => {
    for (const target of ['/path', '/url']) {
      const answer = await ask(server, get(target))
      assert.is(answer.status, 200)
      assert.is(answer.text, 'the report')
      assert.is(answer.header('content-type'), 'application/pdf')
      assert.is(answer.header('last-modified'), LONG_AGO)
      assert.is(answer.header('cache-control'), 'no-cache')
      assert.match(answer.header('etag') ?? '', /^".+"$/)
    }
    const empty = await ask(server, get('/empty'))
    assert.is(empty.header('content-length'), '0')
    assert.is(empty.header('cache-control'), undefined)
  })
})

const posix = process.platform === 'win32' ? test.skip : test

posix('what is no regular file is refused: with an error for the app, with 404 below a root', async () => {
  execFileSync('mkfifo', [join(tree, 'pipe')])
  const streamed = () => createReadStream('/proc/self/status')
  const paths = ['/dev/null', join(tree, 'pipe')]
  if (process.platform === 'linux') paths.push('/proc/self/status', '/proc/cpuinfo', '/sys/kernel/uevent_seqnum')
  const codes: unknown[] = []
  const app = new Router()
    .get('/own/:place', ({ params }) => file(paths[Number(params.place)] as string))
    .get('/below/*path', ({ params }) => file(params.path, { root: '/' }))
    .get('/pipe', () => file('pipe', { root: tree }))
    .get('/stream', () => (process.platform === 'linux' ? streamed() : 'Name:'))
  await serving(
    app,
    async (server) => {
      for (const [place, path] of paths.entries()) {
        assert.is((await ask(server, get(`/own/${place}`))).status, 500, path)
        assert.is((await ask(server, get(`/below${path}`))).status, 404, path)
      }
      assert.equal(
        codes.splice(0),
        paths.map(() => 'ERR_NOT_A_REGULAR_FILE'),
      )
      assert.is((await ask(server, get('/pipe'))).status, 404)
      assert.match((await ask(server, get('/stream'))).text, /^Name:/, 'a stream of it can be sent')
    },
    { log: (error) => codes.push((error as { code?: string }).code) },
  )
})

test('an empty file is a regular one', async () => {
  const routes = new Router().get('/one', () => file(join(tree, 'empty'))).get('/*', files(tree))
  await serving(routes, async (server) => {
    for (const target of ['/one', '/empty']) assert.is((await ask(server, get(target))).header('content-length'), '0')
  })
})

test('a file of 1970, or older, has no time that is told or compared', async () => {
  const dates = ['1970-01-01T00:00:00Z', '1970-01-01T00:00:01Z', '1970-12-31T23:59:59Z', '1969-06-01T00:00:00Z']
  for (const [at, date] of [...dates, '1971-01-01T00:00:00Z'].entries()) put(tree, `dated/${at}`, 'dated', date)
  const routes = new Router()
    .get('/one/:at', ({ params }) => file(join(tree, 'dated', params.at)))
    .get('/*', files(tree))
  const since = 'If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT'
  await serving(routes, async (server) => {
    for (const folder of ['/one', '/dated']) {
      for (const at of dates.keys()) {
        const answer = await ask(server, get(`${folder}/${at}`, since))
        assert.is(answer.status, 200)
        assert.is(answer.header('last-modified'), undefined)
        const tagged = get(`${folder}/${at}`, `If-None-Match: ${answer.header('etag')}`)
        assert.is((await ask(server, tagged)).status, 304, 'its entity tag tells')
      }
      const known = await ask(server, get(`${folder}/${dates.length}`))
      assert.is(known.header('last-modified'), 'Fri, 01 Jan 1971 00:00:00 GMT')
      assert.is((await ask(server, get(`${folder}/${dates.length}`, since))).status, 304)
    }
  })
})

test('conditions and ranges are answered', async () => {
  const routes = new Router().get('/', () => file(join(tree, 'uploads', 'large')))
  await serving(routes, async (server) => {
    const client = await connect(server)
    const whole = await client.send(get('/')).response()
    const etag = whole.header('etag')
    assert.ok(LARGE.equals(whole.body))
    assert.is((await client.send(get('/', `If-None-Match: ${etag}`)).response()).status, 304)
    assert.is((await client.send(get('/', `If-Modified-Since: ${LONG_AGO}`)).response()).status, 304)
    assert.is((await client.send(get('/', 'If-Match: "x"')).response()).status, 412)
    const rest = await client.send(get('/', 'Range: bytes=299990-', `If-Range: ${etag}`)).response()
    assert.is(rest.status, 206)
    assert.is(rest.header('content-range'), 'bytes 299990-299999/300000')
    assert.ok(LARGE.subarray(299_990).equals(rest.body))
    const parts = await client.send(get('/', 'Range: bytes=0-0,2-2')).response()
    assert.match(parts.header('content-type') ?? '', /^multipart\/byteranges; /)
    assert.is((await client.send(get('/', 'Range: bytes=300000-')).response()).status, 416)
    const told = await client.send(head('HEAD', '/')).response('HEAD')
    assert.is(told.header('content-length'), '300000')
    assert.is(told.header('etag'), etag)
  })
})

test('a reply of which something else was made stays that', async () => {
  const routes = new Router()
    .get('/status', () => {
      const answer = file(join(tree, 'report.pdf'))
      answer.status = 203
      return answer
    })
    .get('/body', () => {
      const answer = file(join(tree, 'report.pdf'))
      answer.body = 'other'
      return answer
    })
    .get('/fields', () => {
      const answer = file(join(tree, 'report.pdf'), { type: 'text/plain', headers: { 'x-a': 'b' } })
      answer.headers.set('x-c', 'd')
      return answer
    })
    .post('/', () => file(join(tree, 'report.pdf')))
  await serving(routes, async (server) => {
    const status = await ask(server, get('/status', 'Range: bytes=0-1'))
    assert.is(status.status, 203)
    assert.is(status.text, 'the report')
    assert.is((await ask(server, get('/body', 'Range: bytes=0-1'))).text, 'other')
    const fields = await ask(server, get('/fields', 'Range: bytes=0-1'))
    assert.is(fields.text, 'th')
    assert.is(fields.header('content-type'), 'text/plain')
    assert.is(fields.header('x-a'), 'b')
    assert.is(fields.header('x-c'), 'd')
    const posted = await ask(server, head('POST', '/', 'If-None-Match: *', 'Content-Length: 0'))
    assert.is(posted.status, 200)
  })
})

test('a name that a client gives does not lead out of its root', async () => {
  const routes = new Router().get('/:name', ({ params }) => file(params.name, { root: join(tree, 'uploads') }))
  await serving(routes, async (server) => {
    assert.is((await ask(server, get('/%C3%A4%20b.txt'))).text, 'uploaded')
    for (const name of [
      '.hidden',
      '..%2Fsecret',
      'x%2F..%2F..%2Fsecret',
      '%2Fetc%2Fpasswd',
      'link',
      '..%2Fuploads',
      'missing',
    ]) {
      const answer = await ask(server, get(`/${name}`))
      assert.is(answer.status, 404, name)
      assert.not.match(answer.text, /secret|root:/)
    }
  })
})

test('a file that is not there is 404, a root that is not there an error', async () => {
  const logged: unknown[] = []
  const routes = new Router()
    .get('/missing', () => file(join(tree, 'missing')))
    .get('/folder', () => file(tree))
    .get('/root', () => file('x', { root: join(tree, 'missing') }))
    .get('/instead', () => {
      try {
        return file(join(tree, 'missing'))
      } catch {
        return reply(200, 'instead')
      }
    })
  await serving(
    routes,
    async (server) => {
      for (const target of ['/missing', '/folder']) {
        assert.is((await ask(server, get(target))).status, 404, target)
      }
      assert.equal(logged, [])
      assert.is((await ask(server, get('/root'))).status, 500)
      assert.match(String(logged), /ENOENT.*missing/)
      assert.is((await ask(server, get('/instead'))).text, 'instead')
    },
    { log: (error) => logged.push(error) },
  )
})

test('a download has a name', async () => {
  const routes = new Router()
    .get('/own', () => file('ä b.txt', { root: join(tree, 'uploads'), download: true }))
    .get('/other', () => file(join(tree, 'report.pdf'), { download: 'Report "1".pdf' }))
  await serving(routes, async (server) => {
    const own = await ask(server, get('/own'))
    assert.is(own.header('content-disposition'), `attachment; filename="_ b.txt"; filename*=UTF-8''%C3%A4%20b.txt`)
    const other = await ask(server, get('/other'))
    assert.is(other.header('content-disposition'), 'attachment; filename="Report \\"1\\".pdf"')
  })
})

test('a reply of file() that is kept is an error which says so, the second time', async () => {
  const logged: unknown[] = []
  const kept = file(join(tree, 'report.pdf'))
  await serving(
    new Router().get('/', () => kept),
    async (server) => {
      assert.is((await ask(server, get())).text, 'the report')
      assert.is((await ask(server, get())).status, 500)
      assert.equal(
        logged.map((error) => (error as { code?: string }).code),
        ['ERR_REPLY_USED'],
      )
    },
    { log: (error) => logged.push(error) },
  )
})

test('below a root, names that begin with a dot are hidden unless they are wanted', async () => {
  const root = pathToFileURL(join(tree, 'uploads'))
  const routes = new Router()
    .get('/usual/*path', ({ params }) => file(params.path, { root }))
    .get('/all/*path', ({ params }) => file(params.path, { root, dotfiles: true }))
    .get('/one', () => file(join(tree, 'uploads', '.hidden')))
  await serving(routes, async (server) => {
    for (const name of ['.hidden', './.hidden', 'a/../.hidden', 'a%2F..%2F.hidden']) {
      assert.is((await ask(server, get(`/usual/${name}`))).status, 404, name)
    }
    assert.is((await ask(server, get('/usual/%C3%A4%20b.txt'))).text, 'uploaded')
    assert.is((await ask(server, get('/all/.hidden'))).text, 'hidden')
    assert.is((await ask(server, get('/one'))).text, 'hidden')
  })
})

test.run()
