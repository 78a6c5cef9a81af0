// What may be said of a folder of files, and where its routes may stand.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { type FilesOptions, files, HttpError, Router, reply } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fileTree, put } from '../file_tree.js'
import { get, head, noise } from './messages.js'
import { ask, connect } from './raw_client.js'
import { serving } from './serving.js'

const LARGE = noise(200_000)
const root = fileTree({
  'index.html': 'home',
  'app.js': 'plain',
  'app.js.br': 'in br',
  'app.js.gz': 'in gzip',
  'large.js': LARGE,
  'large.js.gz': gzipSync(LARGE),
  'style.css': 'style',
  'more.css': 'more',
  'assets/app-4f2a.js': 'hashed',
  'data.custom': 'custom',
  'README.MD': 'read me',
})

test('what was compressed beforehand is sent to those who take it', async () => {
  await serving(files(root, { precompressed: true }), async (server) => {
    const client = await connect(server)
    const etags = new Set<string | undefined>()
    for (const [accepted, coding, text] of [
      ['', undefined, 'plain'],
      ['gzip', 'gzip', 'in gzip'],
      ['gzip, deflate, br, zstd', 'br', 'in br'],
      ['br;q=0.5, gzip', 'gzip', 'in gzip'],
      ['zstd', undefined, 'plain'],
      ['identity, gzip;q=0.5', undefined, 'plain'],
      ['*', 'br', 'in br'],
      ['gzip;q=0', undefined, 'plain'],
      ['identity;q=0', undefined, 'plain'],
    ] as const) {
      const answer = await client.send(get('/app.js', `Accept-Encoding: ${accepted}`)).response()
      assert.is(answer.text, text, accepted)
      assert.is(answer.header('content-encoding'), coding)
      assert.is(answer.header('content-type'), 'text/javascript; charset=utf-8')
      assert.is(answer.header('vary'), 'accept-encoding')
      etags.add(answer.header('etag'))
      const condition = `If-None-Match: ${answer.header('etag')}`
      const again = await client.send(get('/app.js', `Accept-Encoding: ${accepted}`, condition)).response()
      assert.is(again.status, 304)
      assert.is(again.header('vary'), 'accept-encoding')
      assert.is(again.header('content-encoding'), undefined)
    }
    assert.is(etags.size, 3)
    const range = await client.send(get('/app.js', 'Accept-Encoding: br', 'Range: bytes=3-')).response()
    assert.is(range.text, 'br')
    assert.is(range.header('content-range'), 'bytes 3-4/5')
    const large = await client.send(get('/large.js', 'Accept-Encoding: gzip')).response()
    assert.ok(gzipSync(LARGE).equals(large.body))
    const other = await client.send(get('/style.css', 'Accept-Encoding: gzip')).response()
    assert.is(other.header('vary'), undefined)
    // By its own name it is an archive.
    const archive = await client.send(get('/app.js.gz')).response()
    assert.is(archive.header('content-type'), 'application/gzip')
    assert.is(archive.header('content-encoding'), undefined)
  })
})

test('what was compressed later is found, and what is gone is not sent', async () => {
  const folder = fileTree({ 'app.js': 'plain' })
  await serving(files(folder, { precompressed: ['gzip'], revalidate: 0 }), async (server) => {
    const asked = get('/app.js', 'Accept-Encoding: br, gzip')
    assert.is((await ask(server, asked)).text, 'plain')
    put(folder, 'app.js.gz', 'in gzip')
    put(folder, 'app.js.br', brotliCompressSync('not asked for'))
    assert.is((await ask(server, asked)).text, 'in gzip')
    put(folder, 'app.js.gz', 'anew in gzip')
    assert.is((await ask(server, asked)).text, 'anew in gzip')
  })
})

test('not unless that was asked for', async () => {
  await serving(files(root), async (server) => {
    const answer = await ask(server, get('/app.js', 'Accept-Encoding: br, gzip'))
    assert.is(answer.text, 'plain')
    assert.is(answer.header('vary'), undefined)
  })
})

test('an app that routes in the browser is answered for any path of its own', async () => {
  await serving(files(root, { fallback: 'index.html' }), async (server) => {
    const client = await connect(server)
    const page = 'Accept: text/html,application/xhtml+xml,*/*;q=0.8'
    for (const fields of [[page], ['Accept: TEXT/HTML;q=0.1'], ['Accept: text/html , */*;q=0']]) {
      for (const target of ['/users/7', '/users/', '/a/b/c?x']) {
        const answer = await client.send(get(target, ...fields)).response()
        assert.is(answer.status, 200, target)
        assert.is(answer.text, 'home')
        assert.is(answer.header('content-type'), 'text/html; charset=utf-8')
        assert.is(answer.header('vary'), 'accept')
        const condition = `If-None-Match: ${answer.header('etag')}`
        assert.is((await client.send(get(target, condition, ...fields)).response()).status, 304)
      }
    }
    for (const [target, ...fields] of [
      ['/missing.js'],
      ['/users/missing.png', page],
      ['/users/7', 'Accept: application/json'],
      ['/users/7', 'Accept: image/*'],
      ['/users/7', 'Accept: text/html;q=0, */*'],
      ['/users/7'],
      ['/users/7', 'Accept: */*'],
      ['/users/7', 'Accept: text/*'],
      ['/users/7', 'Accept: */*', 'Sec-Fetch-Mode: navigate'],
      ['/users/missing.png', page, 'Sec-Fetch-Mode: no-cors'],
      ['/missing.js', 'Accept: */*', 'Sec-Fetch-Mode: navigate'],
      ['/.env', page],
      ['/a%2Fb', page],
    ] as const) {
      assert.is((await client.send(get(target, ...fields)).response()).status, 404, target)
    }
    const other = await client.send(get('/users/7', 'Accept: application/json')).response()
    assert.is(other.header('vary'), 'accept')
    const own = await client.send(get('/')).response()
    assert.is(own.header('vary'), undefined)
    assert.is((await client.send(head('HEAD', '/users/7', page)).response('HEAD')).header('content-length'), '4')
  })
})

test('a route in the browser may have a dot: a browser that goes there gets the page', async () => {
  await serving(files(root, { fallback: 'index.html' }), async (server) => {
    const client = await connect(server)
    const going = ['Accept: text/html,*/*;q=0.8', 'Sec-Fetch-Mode: navigate']
    for (const target of ['/users/jane.doe', '/versions/1.2', '/at/example.com/']) {
      const answer = await client.send(get(target, ...going)).response()
      assert.is(answer.text, 'home', target)
    }
    for (const fields of [going, []]) {
      const answer = await client.send(get('/users/jane.doe', ...fields)).response()
      assert.is(answer.header('vary'), 'accept, sec-fetch-mode', 'caches keep the two apart')
    }
    assert.is((await client.send(get('/app.js', ...going)).response()).text, 'plain', 'what is there is sent')
  })
})

const cacheControls: readonly (readonly [FilesOptions, Record<string, string | undefined>])[] = [
  [{}, { '/app.js': 'no-cache' }],
  [{ cacheControl: false }, { '/app.js': undefined }],
  [{ cacheControl: 'max-age=60' }, { '/app.js': 'max-age=60', '/': 'max-age=60' }],
  [
    {
      cacheControl: [
        ['assets/**', 'max-age=9'],
        [/\.css$/g, 'private'],
        ['index.html', 'no-store'],
      ],
    },
    {
      '/assets/app-4f2a.js': 'max-age=9',
      '/style.css': 'private',
      '/more.css': 'private',
      '/': 'no-store',
      '/app.js': undefined,
    },
  ],
  [
    { cacheControl: (path) => (path === 'app.js' ? 'max-age=1' : undefined) },
    { '/app.js': 'max-age=1', '/style.css': undefined },
  ],
  [
    { immutable: '*-*.js', cacheControl: 'max-age=60' },
    { '/assets/app-4f2a.js': 'public, max-age=31536000, immutable', '/app.js': 'max-age=60' },
  ],
  [
    { immutable: [/-[0-9a-f]{4}\./, '*.css'] },
    {
      '/assets/app-4f2a.js': 'public, max-age=31536000, immutable',
      '/style.css': 'public, max-age=31536000, immutable',
      '/app.js': 'no-cache',
    },
  ],
]

for (const [options, expected] of cacheControls) {
  test(`cache-control by ${JSON.stringify(options)}`, async () => {
    await serving(files(root, options), async (server) => {
      for (const [target, value] of Object.entries(expected)) {
        assert.is((await ask(server, get(target))).header('cache-control'), value, target)
      }
    })
  })
}

test('types and header fields are added', async () => {
  const options = {
    types: { '.custom': 'text/x-custom', md: 'text/plain; charset=us-ascii' },
    headers: { 'x-frame-options': 'DENY', 'content-security-policy': "default-src 'self'", 'content-language': 'en' },
  }
  await serving(files(root, options), async (server) => {
    const answer = await ask(server, get('/data.custom'))
    assert.is(answer.header('content-type'), 'text/x-custom; charset=utf-8')
    assert.is((await ask(server, get('/README.MD'))).header('content-type'), 'text/plain; charset=us-ascii')
    assert.is(answer.header('x-frame-options'), 'DENY')
    assert.is(answer.header('content-language'), 'en')
    const unchanged = await ask(server, get('/data.custom', `If-None-Match: ${answer.header('etag')}`))
    assert.is(unchanged.header('x-frame-options'), 'DENY')
    assert.is(unchanged.header('content-security-policy'), "default-src 'self'")
    assert.is(unchanged.header('content-language'), undefined)
  })
})

test('a folder is served wherever its route stands', async () => {
  const api = new Router().get('/:tenant/files/*path', files(root)).get('/one/:name', files(root))
  const app = new Router()
    .get('/static/*', files(pathToFileURL(root)))
    .mount('/api', api)
    .notFound(files(root))
    .onError((error) => (error instanceof HttpError ? reply(error.status, { sorry: error.status }) : undefined))
  await serving(app, async (server) => {
    for (const target of ['/static/app.js', '/api/acme/files/app.js', '/api/one/app.js', '/app.js']) {
      assert.is((await ask(server, get(target))).text, 'plain', target)
    }
    assert.is((await ask(server, get('/static/'))).text, 'home')
    assert.is((await ask(server, get('/'))).text, 'home')
    const missing = await ask(server, get('/static/missing'))
    assert.is(missing.status, 404)
    assert.equal(JSON.parse(missing.text), { sorry: 404 })
  })
})

test('middleware may change the reply, and nobody else sees that', async () => {
  const app = new Router().get('/*', files(root)).use(async (req, next) => {
    const answer = await next()
    if (req.query.has('mark')) answer.headers.set('x-marked', 'yes')
    if (req.query.has('bare')) answer.headers.delete('cache-control')
    return answer
  })
  await serving(app, async (server) => {
    assert.is((await ask(server, get('/app.js?mark'))).header('x-marked'), 'yes')
    assert.is((await ask(server, get('/app.js?bare'))).header('cache-control'), undefined)
    const plain = await ask(server, get('/app.js'))
    assert.is(plain.header('x-marked'), undefined)
    assert.is(plain.header('cache-control'), 'no-cache')
  })
})

test('a folder that is not there is an error at once', () => {
  for (const [folder, code] of [
    [join(root, 'nowhere'), 'ENOENT'],
    [join(root, 'app.js'), 'ENOTDIR'],
  ] as const) {
    assert.throws(
      () => files(folder),
      (error: Error & { code?: string }) => error.code === code && error.message.includes(folder),
    )
  }
})

test.run()
