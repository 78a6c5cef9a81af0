// A folder of files over HTTP: what is sent, and what of it.
import { renameSync, rmSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type FilesOptions, files, Router, type Server } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fileTree, LONG_AGO, put } from '../file_tree.js'
import { get, head, noise } from './messages.js'
import { ask, connect } from './raw_client.js'
import type { RawResponse } from './raw_response.js'
import { SCHEME } from './scheme.js'
import { serving } from './serving.js'

/** More than is kept in memory. */
const LARGE = noise(200_000)
const PAGE = '<!doctype html><title>ä</title>'

const root = fileTree({
  'index.html': PAGE,
  'app.js': 'export {}',
  'large.bin': LARGE,
  empty: '',
  'ten.txt': '0123456789',
  'docs/index.html': 'the docs',
  'docs/größe ä.txt': 'named',
  'docs/a%2Fb': 'percent',
  'no-index/file.txt': 'file',
})

function withFiles(
  name: string,
  use: (server: Server) => Promise<void>,
  options: FilesOptions = {},
  folder: string = root,
): void {
  test(name, () => serving(new Router().get('/*', files(folder, options)), use))
}

function etagOf(answer: RawResponse): string {
  const etag = answer.header('etag') ?? ''
  assert.match(etag, /^"[\x21\x23-\x7e]+"$/)
  return etag
}

withFiles('a file is sent with what is known of it', async (server) => {
  const answer = await ask(server, get('/app.js'))
  assert.is(answer.status, 200)
  assert.is(answer.text, 'export {}')
  assert.is(answer.header('content-type'), 'text/javascript; charset=utf-8')
  assert.is(answer.header('last-modified'), LONG_AGO)
  assert.is(answer.header('accept-ranges'), 'bytes')
  assert.is(answer.header('cache-control'), 'no-cache')
  assert.is(answer.header('vary'), undefined)
  etagOf(answer)
})

for (const path of ['/ten.txt', '/large.bin', '/empty', '/']) {
  withFiles(`HEAD ${path} says what GET does, and sends nothing`, async (server) => {
    const client = await connect(server)
    for (let round = 0; round < 2; round += 1) {
      const asked = await client.send(get(path)).response()
      const told = await client.send(head('HEAD', path)).response('HEAD')
      assert.is(told.status, 200)
      assert.is(told.header('content-length'), String(asked.body.length))
      const fields = (answer: RawResponse) => answer.fields.filter(([name]) => name !== 'date').sort()
      assert.equal(fields(told), fields(asked))
      assert.is(told.body.length, 0)
    }
  })
}

withFiles('large files come whole, many at a time', async (server) => {
  const clients = await Promise.all(Array.from({ length: 8 }, () => connect(server)))
  for (const client of clients) client.send(get('/large.bin'), get('/ten.txt'), get('/large.bin'))
  for (const client of clients) {
    const [first, second, third] = await client.receive(3)
    assert.ok(LARGE.equals(first?.body as Buffer))
    assert.is(second?.text, '0123456789')
    assert.ok(LARGE.equals(third?.body as Buffer))
  }
})

withFiles('names are decoded once', async (server) => {
  assert.is((await ask(server, get('/docs/gr%C3%B6%c3%9fe%20%C3%A4.txt'))).text, 'named')
  assert.is((await ask(server, get('/docs/a%252Fb'))).text, 'percent')
  assert.is((await ask(server, get('/docs/%61%252Fb'))).text, 'percent')
  assert.is((await ask(server, get('/docs/a%2Fb'))).status, 404)
  assert.is((await ask(server, get('/docs/a%25252Fb'))).status, 404)
})

withFiles('a folder is answered by its index, at its own path', async (server) => {
  assert.is((await ask(server, get('/'))).text, PAGE)
  assert.is((await ask(server, get('/docs/'))).text, 'the docs')
  assert.is((await ask(server, get('/docs/index.html'))).text, 'the docs')
  for (const [target, location] of [
    ['/docs', './docs/'],
    ['/docs?a=b?c', './docs/?a=b?c'],
    ['/x/../docs', './docs/'],
    ['/%64ocs', './docs/'],
    [`${SCHEME}://brink/docs?x`, './docs/?x'],
  ] as const) {
    const answer = await ask(server, get(target))
    assert.is(answer.status, 308, target)
    assert.is(answer.header('location'), location)
  }
  for (const target of ['/no-index', '/no-index/', '/index.html/', '/docs/index.html/']) {
    assert.is((await ask(server, get(target))).status, 404, target)
  }
})

withFiles('no redirect leads to another host', async (server) => {
  for (const target of [
    '//docs',
    '///docs',
    '//docs/..',
    '//brink/docs',
    '/\\docs',
    '/%2Fdocs',
    '/docs//',
    '//docs/',
  ]) {
    const answer = await ask(server, get(target))
    const location = answer.header('location')
    if (location !== undefined) assert.is(new URL(location, 'http://brink/').host, 'brink', target)
    // No target has a backslash (RFC 3986 §2).
    else assert.is(answer.status, target.includes('\\') ? 400 : 404, target)
  }
})

withFiles(
  'without an index folders are not there',
  async (server) => {
    for (const target of ['/', '/docs', '/docs/']) assert.is((await ask(server, get(target))).status, 404)
    assert.is((await ask(server, get('/docs/index.html'))).text, 'the docs')
  },
  { index: false },
)

withFiles('other methods have no route', async (server) => {
  for (const method of ['POST', 'PUT', 'DELETE']) {
    const answer = await ask(server, head(method, '/app.js', 'Content-Length: 0'))
    assert.is(answer.status, 405)
    assert.is(answer.header('allow'), 'GET, HEAD, OPTIONS')
  }
})

test('on a route for all methods the others are refused', async () => {
  await serving(files(root), async (server) => {
    assert.is((await ask(server, get('/app.js'))).status, 200)
    const answer = await ask(server, head('POST', '/app.js', 'Content-Length: 0'))
    assert.is(answer.status, 405)
    assert.is(answer.header('allow'), 'GET, HEAD')
  })
})

for (const path of ['/ten.txt', '/large.bin']) {
  withFiles(`${path} is not sent again to whom has it`, async (server) => {
    const client = await connect(server)
    const first = await client.send(get(path)).response()
    const etag = etagOf(first)
    for (const condition of [
      `If-None-Match: ${etag}`,
      `If-None-Match: W/${etag}`,
      `If-None-Match: "x", ${etag}`,
      'If-None-Match: *',
      `If-Modified-Since: ${LONG_AGO}`,
    ]) {
      for (const method of ['GET', 'HEAD']) {
        const answer = await client.send(head(method, path, condition)).response(method)
        assert.is(answer.status, 304, condition)
        assert.is(answer.header('etag'), etag)
        assert.is(answer.header('cache-control'), 'no-cache')
        assert.is(answer.header('content-type'), undefined)
        assert.is(answer.header('last-modified'), undefined)
      }
    }
    for (const condition of ['If-None-Match: "x"', 'If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT']) {
      assert.is((await client.send(get(path, condition)).response()).status, 200, condition)
    }
    for (const condition of [
      'If-Match: "x"',
      `If-Match: W/${etag}`,
      'If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT',
    ]) {
      assert.is((await client.send(get(path, condition)).response()).status, 412, condition)
    }
    assert.is((await client.send(get(path, `If-Match: ${etag}`)).response()).status, 200)
  })

  withFiles(`a range of ${path} is sent`, async (server) => {
    const client = await connect(server)
    const whole = await client.send(get(path)).response()
    const size = whole.body.length
    const etag = etagOf(whole)
    for (const [range, first, last] of [
      ['0-0', 0, 0],
      ['2-5', 2, 5],
      ['5-', 5, size - 1],
      ['-3', size - 3, size - 1],
      ['0-999999999', 0, size - 1],
    ] as const) {
      for (const condition of [[], [`If-Range: ${etag}`], [`If-Range: ${LONG_AGO}`]]) {
        const answer = await client.send(get(path, `Range: bytes=${range}`, ...condition)).response()
        assert.is(answer.status, 206)
        assert.is(answer.header('content-range'), `bytes ${first}-${last}/${size}`)
        assert.is(answer.header('etag'), etag)
        assert.is(answer.header('content-type'), whole.header('content-type'))
        assert.ok(answer.body.equals(whole.body.subarray(first, last + 1)))
      }
    }
    for (const condition of [`If-Range: W/${etag}`, 'If-Range: "x"', 'If-Range: Sun, 06 Nov 1994 08:49:36 GMT']) {
      const answer = await client.send(get(path, 'Range: bytes=0-0', condition)).response()
      assert.is(answer.status, 200)
      assert.ok(answer.body.equals(whole.body))
    }
    const nothing = await client.send(get(path, `Range: bytes=${size}-`)).response()
    assert.is(nothing.status, 416)
    assert.is(nothing.header('content-range'), `bytes */${size}`)
    // Conditions come before ranges, and only GET knows ranges.
    assert.is((await client.send(get(path, 'Range: bytes=0-0', `If-None-Match: ${etag}`)).response()).status, 304)
    const told = await client.send(head('HEAD', path, 'Range: bytes=0-0')).response('HEAD')
    assert.is(told.status, 200)
    assert.is(told.header('content-length'), String(size))
  })

  withFiles(`several ranges of ${path} are sent as parts`, async (server) => {
    const whole = await ask(server, get(path))
    const answer = await ask(server, get(path, 'Range: bytes=7-8, 0-1, -1'))
    const size = whole.body.length
    assert.is(answer.status, 206)
    assert.is(answer.header('content-range'), undefined)
    const [, boundary] = /^multipart\/byteranges; boundary=([\w-]+)$/.exec(answer.header('content-type') ?? '') ?? []
    const parts = answer.body.toString('latin1').split(`\r\n--${boundary}`)
    assert.is(parts.shift(), '')
    assert.is(parts.pop(), '--\r\n')
    const expected = [
      [7, 8],
      [0, 1],
      [size - 1, size - 1],
    ].map(([first = 0, last = 0]) =>
      [
        '',
        `content-type: ${whole.header('content-type')}`,
        `content-range: bytes ${first}-${last}/${size}`,
        '',
        whole.body.toString('latin1', first, last + 1),
      ].join('\r\n'),
    )
    assert.equal(parts, expected)
  })
}

withFiles('who asks for the same bytes again and again gets them once', async (server) => {
  const answer = await ask(server, get('/large.bin', `Range: bytes=${'0-,'.repeat(20)}0-`))
  assert.is(answer.status, 206)
  assert.is(answer.header('content-range'), `bytes 0-${LARGE.length - 1}/${LARGE.length}`)
  assert.is((await ask(server, get('/large.bin', `Range: bytes=${'0-,'.repeat(100)}0-`))).status, 200)
})

withFiles('of an empty file there is no part', async (server) => {
  for (const range of ['bytes=0-', 'bytes=-1', 'bytes=0-0']) {
    const answer = await ask(server, get('/empty', `Range: ${range}`))
    assert.is(answer.status, 200)
    assert.is(answer.header('content-length'), '0')
  }
})

test('a change is noticed, by small files and large ones', async () => {
  const folder = fileTree({ small: 'before', large: LARGE })
  await serving(new Router().get('/*', files(folder, { revalidate: 0 })), async (server) => {
    const client = await connect(server)
    for (const name of ['small', 'large']) {
      const before = await client.send(get(`/${name}`)).response()
      assert.is((await client.send(get(`/${name}`)).response()).header('etag'), before.header('etag'))
      put(folder, name, name === 'small' ? 'afters' : noise(LARGE.length, 2), 'Mon, 07 Nov 1994 08:49:37 GMT')
      const after = await client.send(get(`/${name}`, `If-None-Match: ${before.header('etag')}`)).response()
      assert.is(after.status, 200)
      assert.is(after.header('last-modified'), 'Mon, 07 Nov 1994 08:49:37 GMT')
      assert.not.equal(after.body, before.body)
      // Another file with the same size and time.
      put(folder, 'other', name === 'small' ? 'others' : noise(LARGE.length, 3), 'Mon, 07 Nov 1994 08:49:37 GMT')
      renameSync(join(folder, 'other'), join(folder, name))
      const other = await client.send(get(`/${name}`, `If-None-Match: ${after.header('etag')}`)).response()
      assert.is(other.status, 200)
      assert.not.equal(other.body, after.body)
      unlinkSync(join(folder, name))
      assert.is((await client.send(get(`/${name}`)).response()).status, 404)
    }
  })
})

test('for a while a small file is answered from memory, and no large one is sent for another', async () => {
  const folder = fileTree({ small: 'before', large: LARGE })
  await serving(new Router().get('/*', files(folder, { revalidate: 60_000 })), async (server) => {
    const client = await connect(server)
    assert.is((await client.send(get('/small')).response()).text, 'before')
    put(folder, 'small', 'after')
    assert.is((await client.send(get('/small')).response()).text, 'before')
    const before = await client.send(get('/large')).response()
    const changed = noise(LARGE.length, 2)
    put(folder, 'large', changed)
    const after = await client.send(get('/large')).response()
    assert.ok(changed.equals(after.body))
    assert.is.not(after.header('etag'), before.header('etag'))
  })
})

test('a file that was just written is read again, whatever its time says', async () => {
  const folder = fileTree({})
  const now = new Date().toUTCString()
  put(folder, 'file', 'before', now)
  await serving(new Router().get('/*', files(folder, { revalidate: 0 })), async (server) => {
    assert.is((await ask(server, get('/file'))).text, 'before')
    // In place, with the same size and time, as within one tick of the system's clock.
    put(folder, 'file', 'afters', now)
    assert.is((await ask(server, get('/file'))).text, 'afters')
  })
})

test('a folder that was deleted and made anew is served', async () => {
  const folder = fileTree({ 'build/page.html': 'before' })
  await serving(new Router().get('/*', files(join(folder, 'build'), { revalidate: 0 })), async (server) => {
    assert.is((await ask(server, get('/page.html'))).text, 'before')
    rmSync(join(folder, 'build'), { recursive: true })
    assert.is((await ask(server, get('/page.html'))).status, 404)
    put(folder, 'build/page.html', 'after')
    assert.is((await ask(server, get('/page.html'))).text, 'after')
    put(folder, 'next/page.html', 'next')
    renameSync(join(folder, 'build'), join(folder, 'last'))
    renameSync(join(folder, 'next'), join(folder, 'build'))
    assert.is((await ask(server, get('/page.html'))).text, 'next')
  })
})

test('without memory everything is read from the files', async () => {
  const folder = fileTree({ file: 'before', empty: '' })
  await serving(new Router().get('/*', files(folder, { cacheSize: 0, revalidate: 60_000 })), async (server) => {
    assert.is((await ask(server, get('/file'))).text, 'before')
    put(folder, 'file', 'after', 'Mon, 07 Nov 1994 08:49:37 GMT')
    assert.is((await ask(server, get('/file'))).text, 'after')
    assert.is((await ask(server, get('/file', 'Range: bytes=1-2'))).text, 'ft')
    assert.is((await ask(server, get('/empty'))).header('content-length'), '0')
  })
})

test('a time to come is not told', async () => {
  const folder = fileTree({})
  put(folder, 'file', 'text', 'Sat, 01 Jan 2101 00:00:00 GMT')
  await serving(files(folder), async (server) => {
    const answer = await ask(server, get('/file', 'If-Modified-Since: Sat, 01 Jan 2101 00:00:00 GMT'))
    assert.is(answer.status, 200)
    assert.is(answer.header('last-modified'), undefined)
  })
})

test.run()
