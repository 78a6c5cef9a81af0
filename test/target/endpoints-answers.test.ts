// Statuses, redirects, cookies, authentication, caches, formats: as go-httpbin answers them.
import { createHash } from 'node:crypto'
import zlib, { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get } from '../server/messages.js'
import { ask, connect } from '../server/raw_client.js'
import type { RawResponse } from '../server/raw_response.js'
import {
  contract,
  HTML_TYPE,
  invalid,
  JSON_TYPE,
  onTarget,
  type Row,
  refused,
  SMALL,
  TEXT_TYPE,
  withFields,
} from './contract.js'

const REDIRECTED = { location: '/redirect/1' }

contract('/status answers with any status', [
  { asks: '/status/200', status: 200, fields: { 'content-type': TEXT_TYPE }, body: '' },
  {
    asks: '/status/300',
    status: 300,
    fields: { location: '/image/jpeg' },
    body: /\/image\/jpeg\n\/image\/png\n\/image\/svg/,
  },
  ...[301, 302, 303, 307].map((status): Row => ({ asks: `/status/${status}`, status, fields: REDIRECTED, body: '' })),
  { asks: '/status/308', status: 308, fields: { location: '/image/jpeg' }, body: /\/image\/jpeg/ },
  { asks: '/status/304', status: 304, body: '' },
  { asks: '/status/204', status: 204, body: '' },
  { asks: '/status/401', status: 401, fields: { 'www-authenticate': 'Basic realm="Fake Realm"' }, body: '' },
  { asks: '/status/407', status: 407, fields: { 'proxy-authenticate': 'Basic realm="Fake Realm"' }, body: '' },
  { asks: '/status/406', status: 406, fields: { 'content-type': JSON_TYPE }, body: /"accept"/ },
  { asks: '/status/418', status: 418, fields: { 'x-more-info': /rfc2324/ }, body: "I'm a teapot!" },
  { asks: '/status/500', status: 500, body: '' },
  { asks: '/status/599', status: 599, body: '' },
  { asks: '/status/503', method: 'DELETE', status: 503, body: '' },
  { asks: '/status/503', method: 'HEAD', status: 503, body: '' },
  ...refused(404, '/status', '/status/', '/status/200/foo'),
  ...invalid('/status/3.14', '/status/foo', '/status/600', '/status/1024', '/status/100', '/status/-200'),
  ...invalid(
    '/status/200:x,500:1',
    '/status/200,foo',
    '/status/200:0,500:0',
    '/status/200:-1,500:1',
    '/status/100,200',
  ),
])

test('/status with weights answers with each by its share', () =>
  onTarget(SMALL, async (t) => {
    const client = await connect(t)
    const count = 600
    const counts: Record<number, number> = {}
    for (let round = 0; round < count / 60; round += 1) {
      client.send(get('/status/200:0.7,429:0.2,503:0.1,404:0').repeat(60))
      for (const { status } of await client.receive(60)) counts[status] = (counts[status] ?? 0) + 1
    }
    assert.equal(Object.keys(counts), ['200', '429', '503'])
    // Five standard deviations from what is expected.
    for (const [status, share] of [
      [200, 0.7],
      [429, 0.2],
      [503, 0.1],
    ] as const) {
      const off = Math.abs((counts[status] ?? 0) - count * share)
      assert.ok(off < 5 * Math.sqrt(count * share * (1 - share)), `${status}: ${counts[status]}`)
    }
  }))

contract('/unstable fails by a rate, and the same way for the same seed', [
  { asks: '/unstable?failure_rate=0', status: 200, fields: { 'content-type': TEXT_TYPE }, body: '' },
  { asks: '/unstable?failure_rate=1', status: 500, fields: { 'content-type': TEXT_TYPE }, body: '' },
  ...Array.from({ length: 8 }, (): Row => ({ asks: '/unstable?seed=3', status: 500 })),
  ...Array.from({ length: 8 }, (): Row => ({ asks: '/unstable?seed=-1234567890', status: 500 })),
  ...invalid('/unstable?failure_rate=foo', '/unstable?failure_rate=-1', '/unstable?failure_rate=1.23'),
  ...invalid('/unstable?seed=3.14', '/unstable?seed=foo', '/unstable?seed=12345678901234567890'),
])

const redirection = (asks: string, location: string): Row => ({ asks, status: 302, fields: { location } })

contract('/redirect, /relative-redirect and /absolute-redirect send on so many times', [
  redirection('/redirect/1', '/get'),
  redirection('/redirect/2', '/relative-redirect/1'),
  redirection('/redirect/100', '/relative-redirect/99'),
  redirection('/redirect/1?absolute=true', 'http://brink/get'),
  redirection('/redirect/2?absolute=TRUE', 'http://brink/absolute-redirect/1'),
  redirection('/redirect/100?absolute=1', '/relative-redirect/99'),
  redirection('/relative-redirect/1', '/get'),
  redirection('/relative-redirect/2', '/relative-redirect/1'),
  redirection('/absolute-redirect/1', 'http://brink/get'),
  redirection('/absolute-redirect/2', 'http://brink/absolute-redirect/1'),
  ...['redirect', 'relative-redirect', 'absolute-redirect'].flatMap((kind) => [
    ...refused(404, `/${kind}`, `/${kind}/`, `/${kind}/10/foo`),
    ...invalid(`/${kind}/-1`, `/${kind}/0`, `/${kind}/3.14`, `/${kind}/foo`),
  ]),
])

const to = (url: string, more = '') => `/redirect-to?url=${encodeURIComponent(url)}${more}`
const sentTo = (url: string, status = 302, more = ''): Row => ({
  asks: to(url, more),
  status,
  fields: { location: url },
})
const forbidden = (url: string): Row => ({
  asks: to(url),
  status: 403,
  fields: { 'content-type': TEXT_TYPE, location: null },
  body: /example\.org/,
})

contract(
  '/redirect-to sends to paths, and to hosts that are allowed',
  [
    sentTo('http://www.example.com/'),
    sentTo('http://www.example.com/', 307, '&status_code=307'),
    sentTo('/get'),
    sentTo('/get', 308, '&status_code=308'),
    sentTo('http://brink/own'),
    sentTo('http://httpbingo.org'),
    sentTo('https://httpbingo.org/a?b#c'),
    sentTo('https://example.org:8443/foo/bar'),
    sentTo('http://localhost:8080/x'),
    ...invalid(
      '/redirect-to',
      '/redirect-to?status_code=302',
      to('/get', '&status_code=201'),
      to('/get', '&status_code=418'),
    ),
    ...invalid(
      to('/get', '&status_code=/get'),
      to('http://foo%%bar'),
      to('http:%2F%2Fevil.com'),
      to('http://evil.com\\@example.org'),
      to(' //evil.com'),
    ),
    ...['foo', 'https://foo.example.org/foo/bar', 'https://evil.com', '//evil.com'].map(forbidden),
    ...[
      'http%3A%2F%2Fevil.com',
      'http://example.org@evil.com/',
      'javascript:alert(1)',
      'data:text/html,x',
      'http://localhost:8081/',
    ].map(forbidden),
    { asks: to('/\\evil.com'), status: 400 },
    { asks: to('/\t/evil.com'), status: 400 },
  ],
  {
    host: '127.0.0.1',
    limits: { allowedRedirects: ['httpbingo.org', 'example.org', 'www.example.com', 'localhost:8080'] },
  },
)

contract('without a list, /redirect-to leads nowhere else', [
  sentTo('/get'),
  { asks: to('https://example.org/'), status: 403 },
  { asks: to('//example.org/'), status: 403 },
])

contract(
  '/redirect-to may lead to any host where that is wanted, but only by HTTP',
  [sentTo('https://example.org/'), { asks: to('javascript:alert(1)'), status: 403 }],
  { host: '127.0.0.1', limits: { allowedRedirects: '*' } },
)

contract('/cookies tells the cookies', [
  { asks: '/cookies', status: 200, json: { cookies: {} } },
  {
    asks: withFields('/cookies', 'Cookie: k1=v1; k2="v 2"', 'Cookie: k3=a=b; bad name=1'),
    status: 200,
    json: { cookies: { k1: 'v1', k2: 'v 2', k3: 'a=b' } },
  },
])

const set = (query: string, ...cookies: string[]): Row => ({
  asks: `/cookies/set?${query}`,
  status: 302,
  fields: { location: '/cookies', 'set-cookie': cookies.length === 0 ? null : cookies.join('|') },
})

contract('/cookies/set sets cookies with attributes', [
  set('k1=v1&k2=v2', 'k1=v1; Path=/; HttpOnly', 'k2=v2; Path=/; HttpOnly'),
  set('k=v&attr[Secure]=true', 'k=v; Path=/; HttpOnly; Secure'),
  set('k=v&attr[Secure]=1', 'k=v; Path=/; HttpOnly; Secure'),
  set('k=v&attr[Secure]=bananas', 'k=v; Path=/; HttpOnly'),
  set('k=v&attr[HttpOnly]=false', 'k=v; Path=/'),
  set('k=v&attr[Path]=/custom', 'k=v; Path=/custom; HttpOnly'),
  set('k=v&attr[Domain]=example.com', 'k=v; Path=/; Domain=example.com; HttpOnly'),
  set('k=v&attr[SameSite]=strict', 'k=v; Path=/; HttpOnly; SameSite=Strict'),
  set('k=v&attr[SameSite]=bogus', 'k=v; Path=/; HttpOnly'),
  set(
    'k=v&attr[secure]=true&attr[httponly]=false&attr[path]=/x&attr[DOMAIN]=a.com&attr[SameSite]=Lax',
    'k=v; Path=/x; Domain=a.com; Secure; SameSite=Lax',
  ),
  set('k=a%3B%20Path%3D/x&attr[Path]=/y%3B%20Domain%3Devil', 'k="a Path=/x"; Path=/y Domain=evil; HttpOnly'),
  set('k=a%0D%0ASet-Cookie:%20x&bad%20name=1', 'k="aSet-Cookie: x"; Path=/; HttpOnly'),
  set('attr[Path]=/x'),
  ...['X-Forwarded-Proto: https', 'X-Forwarded-Ssl: on', 'X-Forwarded-Protocol: https'].map(
    (field): Row => ({
      asks: withFields('/cookies/set?k=v', field),
      status: 302,
      fields: { 'set-cookie': 'k=v; Path=/; HttpOnly; Secure' },
    }),
  ),
  {
    asks: '/cookies/delete?k2&attr[Domain]=example.com',
    status: 302,
    fields: {
      location: '/cookies',
      'set-cookie': 'k2=; Path=/; Domain=example.com; HttpOnly; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0',
    },
  },
])

const basic = (login: string) => `Authorization: Basic ${Buffer.from(login).toString('base64')}`
const KNOWN = { authenticated: true, authorized: true, user: 'user' }

contract('/basic-auth asks for a user and a password', [
  { asks: withFields('/basic-auth/user/pass', basic('user:pass')), status: 200, json: KNOWN },
  { asks: withFields('/basic-auth/user/pa%3Ass', basic('user:pa:ss')), status: 200, json: KNOWN },
  { asks: withFields('/basic-auth/user/pass', basic('user:pass').replace('Basic', 'basic')), status: 200, json: KNOWN },
  ...[[], [basic('bad:auth')], [basic('user')], ['Authorization: Basic ***']].map(
    (fields): Row => ({
      asks: withFields('/basic-auth/user/pass', ...fields),
      status: 401,
      fields: { 'content-type': JSON_TYPE, 'www-authenticate': 'Basic realm="Fake Realm"' },
      json: { authenticated: false, authorized: false, user: fields[0] === basic('bad:auth') ? 'bad' : '' },
    }),
  ),
  { asks: '/basic-auth/user/pass', method: 'POST', status: 401 },
  ...refused(404, '/basic-auth', '/basic-auth/user', '/basic-auth/user/pass/extra'),
  { asks: withFields('/hidden-basic-auth/user/pass', basic('user:pass')), status: 200, json: KNOWN },
  {
    asks: '/hidden-basic-auth/user/pass',
    status: 404,
    fields: { 'www-authenticate': null },
    json: { status_code: 404 },
  },
  {
    asks: withFields('/hidden-basic-auth/user/pass', basic('bad:auth')),
    status: 404,
    fields: { 'www-authenticate': null },
  },
  ...refused(404, '/hidden-basic-auth', '/hidden-basic-auth/user', '/hidden-basic-auth/user/pass/extra'),
])

contract('/bearer asks for a token', [
  {
    asks: withFields('/bearer', 'Authorization: Bearer valid_token'),
    status: 200,
    json: { authenticated: true, token: 'valid_token' },
  },
  { asks: withFields('/bearer', 'Authorization: bearer x'), status: 200, json: { token: 'x' } },
  ...[
    [],
    ['Authorization: Bearer'],
    ['Authorization: Bearer x y'],
    ['Authorization: Bearer1 x'],
    ['Authorization: xBearer x'],
  ].map(
    (fields): Row => ({
      asks: withFields('/bearer', ...fields),
      status: 401,
      fields: { 'www-authenticate': 'Bearer' },
    }),
  ),
])

function digest(
  path: string,
  challenge: string,
  { user = 'user', password = 'pass', change = {} as Record<string, string> } = {},
): string {
  const param = (name: string) => new RegExp(`${name}="?([^",]+)`).exec(challenge)?.[1] ?? ''
  const algorithm = param('algorithm')
  const hash = (text: string) =>
    createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
      .update(text)
      .digest('hex')
  const [realm, nonce, nc, cnonce] = [param('realm'), param('nonce'), '00000001', 'a,b']
  const response = hash(`${hash(`${user}:${realm}:${password}`)}:${nonce}:${nc}:${cnonce}:auth:${hash(`GET:${path}`)}`)
  const all = {
    username: `"${user}"`,
    realm: `"${realm}"`,
    nonce: `"${nonce}"`,
    uri: `"${path}"`,
    algorithm,
    qop: 'auth',
    nc,
    cnonce: `"${cnonce}"`,
    response: `"${response}"`,
    ...change,
  }
  return `Authorization: Digest ${Object.entries(all)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ')}`
}

for (const [path, algorithm] of [
  ['/digest-auth/auth/user/pass', 'MD5'],
  ['/digest-auth/auth/user/pass/MD5', 'MD5'],
  ['/digest-auth/auth/user/pass/SHA-256', 'SHA-256'],
] as const) {
  test(`${path} asks for a proof of the password by ${algorithm}`, () =>
    onTarget(SMALL, async (t) => {
      const asked = await ask(t, get(path))
      assert.is(asked.status, 401)
      const challenge = String(asked.header('www-authenticate'))
      assert.match(
        challenge,
        new RegExp(
          `^Digest realm="brink", qop="auth", algorithm=${algorithm}, nonce="[0-9a-f]{32}", opaque="[0-9a-f]{32}"$`,
        ),
      )
      const told = await ask(t, get(path, digest(path, challenge)))
      assert.equal([told.status, JSON.parse(told.text)], [200, KNOWN])
      const wrong = [
        digest(path, challenge, { password: 'guess' }),
        digest(path, challenge, { user: 'other' }),
        digest('/digest-auth/auth/user/other', challenge),
        digest(path, challenge, { change: { qop: 'auth-int' } }),
        digest(path, challenge, { change: { nc: '1' } }),
        digest(path, challenge, { change: { algorithm: algorithm === 'MD5' ? 'SHA-256' : 'MD5' } }),
        'Authorization: Digest',
        basic('user:pass'),
      ]
      for (const field of wrong) assert.is((await ask(t, get(path, field))).status, 401, field)
    }))
}

contract('/digest-auth takes what a browser has sent once, and refuses what it does not know', [
  {
    // The example of RFC 7616 §3.9.1 has other parameters; this one was computed by hand for the realm of go-httpbin.
    asks: withFields(
      '/digest-auth/auth/user/pass/MD5',
      digest(
        '/digest-auth/auth/user/pass/MD5',
        'realm="go-httpbin", algorithm=MD5, nonce="6fb213c6593975c877bb1247370527ad"',
      ),
    ),
    status: 200,
    json: KNOWN,
  },
  ...refused(404, '/digest-auth', '/digest-auth/user', '/digest-auth/user/pass', '/digest-auth/auth/user/pass/MD5/foo'),
  ...invalid('/digest-auth/bad-qop/user/pass/MD5', '/digest-auth/auth/user/pass/SHA-512'),
])

const unpacked = (unpack: (bytes: Buffer) => Buffer, mark: string) => (answer: RawResponse) => {
  const told = JSON.parse(unpack(answer.body).toString()) as Record<string, unknown>
  assert.is(told[mark], true)
  assert.equal(
    [told.method, told.url, told.origin],
    [
      'GET',
      `http://brink/${answer.header('content-encoding') === 'br' ? 'brotli' : answer.header('content-encoding')}`,
      '127.0.0.1',
    ],
  )
}
const packed = (path: string, coding: string, unpack: (bytes: Buffer) => Buffer, mark: string): Row => ({
  asks: path,
  status: 200,
  fields: { 'content-encoding': coding, 'content-type': JSON_TYPE, 'content-length': /^\d+$/ },
  check: unpacked(unpack, mark),
})
/** Where there is no decoder, the answer is one block, stored behind 12 bytes. */
const { zstdDecompressSync = (bytes: Buffer) => bytes.subarray(12) } = zlib as {
  zstdDecompressSync?: (bytes: Buffer) => Buffer
}

contract('/gzip, /deflate, /brotli and /zstd are compressed, whoever asks', [
  packed('/gzip', 'gzip', gunzipSync, 'gzipped'),
  packed('/deflate', 'deflate', inflateSync, 'deflated'),
  packed('/brotli', 'br', brotliDecompressSync, 'brotli'),
  packed('/zstd', 'zstd', zstdDecompressSync, 'zstd'),
])

const IMF = /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/

contract('/cache and /etag know what the client has', [
  {
    asks: '/cache',
    status: 200,
    fields: { 'last-modified': IMF, etag: /^"[0-9a-f]{40}"$/, 'content-type': JSON_TYPE },
    json: { method: 'GET', url: 'http://brink/cache' },
  },
  { asks: withFields('/cache', 'If-None-Match: my-custom-etag'), status: 304, body: '' },
  { asks: withFields('/cache', 'If-None-Match: "mine", "other"'), status: 304, fields: { etag: '"mine"' } },
  { asks: withFields('/cache', 'If-Modified-Since: my-custom-date'), status: 304, fields: { etag: /^"/ } },
  { asks: '/cache/60', status: 200, fields: { 'content-type': JSON_TYPE, 'cache-control': 'public, max-age=60' } },
  ...refused(404, '/cache/60/foo'),
  ...invalid('/cache/foo', '/cache/3.14', '/cache/-1'),
  {
    asks: '/etag/abc',
    status: 200,
    fields: { etag: '"abc"', 'content-type': JSON_TYPE },
    json: { url: 'http://brink/etag/abc' },
  },
  ...[
    ['abc', 'If-None-Match: "abc"', 304],
    ['abc', 'If-None-Match: "123", "abc"', 304],
    ['abc', 'If-None-Match: *', 304],
    ['c3piozzzz', 'If-None-Match: W/"xyzzy", W/"r2d2xxxx", W/"c3piozzzz"', 304],
    ['abc', 'If-None-Match: "123"', 200],
    ['abc', 'If-Match: "abc"', 200],
    ['abc', 'If-Match: "123", "abc"', 200],
    ['abc', 'If-Match: *', 200],
    ['abc', 'If-Match: W/"abc"', 412],
    ['abc', 'If-Match: "xxxxxx"', 412],
  ].map(
    ([tag, field, status]): Row => ({
      asks: withFields(`/etag/${tag}`, String(field)),
      status: Number(status),
      fields: { etag: `"${tag}"` },
    }),
  ),
  {
    asks: Buffer.from('PUT /etag/abc HTTP/1.1\r\nHost: brink\r\nIf-None-Match: *\r\nContent-Length: 0\r\n\r\n'),
    status: 412,
  },
  ...refused(404, '/etag/foo/bar'),
  ...invalid('/etag/a%22b', '/etag/a%20b', '/etag/a%0D%0Ab'),
])

contract('/response-headers answers with fields of the client’s choice', [
  {
    asks: '/response-headers?Foo=foo&Bar=bar1&Bar=bar2',
    status: 200,
    fields: { foo: 'foo', bar: 'bar1, bar2', 'content-type': JSON_TYPE },
    json: { Foo: ['foo'], Bar: ['bar1', 'bar2'], 'Content-Type': [JSON_TYPE] },
  },
  { asks: '/response-headers?Content-Type=text/test', status: 200, fields: { 'content-type': 'text/test' } },
  {
    asks: '/response-headers?x=a%0D%0ASet-Cookie:%20evil%3D1',
    status: 200,
    fields: { x: 'a  Set-Cookie: evil=1', 'set-cookie': null },
  },
  { asks: '/response-headers?Set-Cookie=a%3D1&Set-Cookie=b%3D2', status: 200, fields: { 'set-cookie': 'a=1|b=2' } },
  {
    asks: '/response-headers?ETag=x&Cache-Control=no-store',
    status: 200,
    fields: { etag: 'x', 'cache-control': 'no-store' },
  },
  ...invalid(
    '/response-headers?Content-Length=5',
    '/response-headers?transfer-encoding=x',
    '/response-headers?Connection=close',
  ),
  ...invalid('/response-headers?Refresh=0%3Burl%3Dhttp://evil.com', '/response-headers?X-Content-Type-Options=x'),
  ...invalid(
    '/response-headers?Content-Security-Policy=x',
    '/response-headers?Alt-Svc=x',
    '/response-headers?Service-Worker-Allowed=/',
  ),
  ...invalid('/response-headers?Content-Type=text/javascript', '/response-headers?Content-Type=application/wasm'),
  ...invalid('/response-headers?Content-Type=nonsense', '/response-headers?Content-Type=a/b%0D%0Ax'),
])

const XSS = "<img/src/onerror=alert('xss')>"
const ESCAPED = '&lt;img/src/onerror=alert(&#39;xss&#39;)&gt;'

for (const [type, escapes] of [
  ['application/json; charset=utf8', false],
  ['text/plain', false],
  ['application/octet-string', false],
  ['', false],
  ['application/xml', true],
  ['image/png', true],
  ['image/svg+xml', true],
  ['TEXT/HTML; charset=utf8', true],
  ['text/html', true],
] as const) {
  const query = new URLSearchParams({ ...(type !== '' && { 'Content-Type': type }), xss: XSS, [XSS]: 'xss' })
  contract(`/response-headers as ${type || 'nothing'} ${escapes ? 'escapes what is echoed' : 'echoes'}`, [
    {
      asks: `/response-headers?${query}`,
      status: 200,
      fields: {
        'content-type': type || JSON_TYPE,
        'x-content-type-options': 'nosniff',
        'content-security-policy': escapes ? "default-src 'none'; sandbox" : null,
      },
      json: escapes ? { xss: [ESCAPED], [ESCAPED]: ['xss'] } : { xss: [XSS], [XSS]: ['xss'] },
    },
    {
      asks: `/base64/${Buffer.from(XSS).toString('base64').replaceAll('/', '_').replaceAll('+', '-')}?content-type=${encodeURIComponent(type)}`,
      status: 200,
      fields: { 'content-type': type || TEXT_TYPE, 'x-content-type-options': 'nosniff' },
      body: escapes ? ESCAPED : XSS,
    },
  ])
}

contract(
  'active content is echoed only where the target allows it',
  [
    {
      asks: `/response-headers?Content-Type=text/html&xss=${encodeURIComponent(XSS)}`,
      status: 200,
      fields: { 'content-type': 'text/html' },
      body: /<img\/src\/onerror/,
    },
    { asks: '/response-headers?Refresh=1', status: 200, fields: { refresh: '1' } },
    {
      asks: '/base64/PGI-?content-type=text/html',
      status: 200,
      fields: { 'content-type': 'text/html', 'content-security-policy': null },
      body: '<b>',
    },
  ],
  { host: '127.0.0.1', limits: { allowActiveContent: true } },
)

contract('/base64 decodes and encodes', [
  {
    asks: '/base64/dmFsaWRfYmFzZTY0X2VuY29kZWRfc3RyaW5n',
    status: 200,
    fields: { 'content-type': TEXT_TYPE },
    body: 'valid_base64_encoded_string',
  },
  { asks: '/base64/decode/dmFsaWRfYmFzZTY0X2VuY29kZWRfc3RyaW5n', status: 200, body: 'valid_base64_encoded_string' },
  { asks: '/base64/encode/valid_base64_encoded_string', status: 200, body: 'dmFsaWRfYmFzZTY0X2VuY29kZWRfc3RyaW5n' },
  { asks: '/base64/dGVzdC1pbWFnZQ==', status: 200, body: 'test-image' },
  { asks: '/base64/decode/YWJjMTIzIT8kKiYoKSctPUB-', status: 200, body: "abc123!?$*&()'-=@~" },
  { asks: '/base64/decode/8J+Ziywg8J+MjSEK4oCm', status: 200, body: '🙋, 🌍!\n…' },
  { asks: '/base64/encode/abc123%21%3F%24%2A%26%28%29%27-%3D%40~', status: 200, body: 'YWJjMTIzIT8kKiYoKSctPUB-' },
  {
    asks: '/base64/eyJhIjogMX0K?content-type=application/json',
    status: 200,
    fields: { 'content-type': 'application/json' },
    body: '{"a": 1}\n',
  },
  { asks: '/base64/_-8A', status: 200, body: Buffer.of(0xff, 0xef, 0x00) },
  { asks: '/base64/invalid_base64_encoded_string', status: 400, body: /decode failed/ },
  { asks: '/base64/decode/invalid_base64_encoded_string', status: 400, body: /decode failed/ },
  { asks: `/base64/decode/${'X'.repeat(1025)}`, status: 400, body: /input data exceeds max length/ },
  { asks: '/base64/unknown/dmFsaWQ=', status: 400, body: /invalid operation: unknown/ },
  ...refused(404, '/base64/', '/base64/decode/', '/base64/decode/dmFsaWQ=/extra'),
])

const accepted = (accept: string | undefined, type: string): Row => ({
  asks: withFields('/image', ...(accept === undefined ? [] : [`Accept: ${accept}`])),
  status: 200,
  fields: { 'content-type': type },
})
const MAGIC: Readonly<Record<string, RegExp>> = {
  png: /^.PNG\r\n/s,
  jpeg: /^\xff\xd8\xff/,
  webp: /^RIFF....WEBP/s,
  avif: /^....ftypavif/s,
  svg: /^<\?xml/,
}

contract('/image is a picture that is accepted', [
  accepted(undefined, 'image/png'),
  accepted('', 'image/png'),
  accepted('*/*', 'image/png'),
  accepted('image/*', 'image/png'),
  accepted('image/png', 'image/png'),
  accepted('image/jpeg', 'image/jpeg'),
  accepted('image/webp', 'image/webp'),
  accepted('image/svg+xml', 'image/svg+xml'),
  accepted('image/avif', 'image/avif'),
  accepted('image/avif,image/webp;q=0.9,image/*;q=0.1', 'image/avif'),
  accepted('image/png;q=0, image/*', 'image/webp'),
  ...['image/raw', 'image/jpg', 'image/svg', 'text/html'].map(
    (accept): Row => ({ asks: withFields('/image', `Accept: ${accept}`), status: 415 }),
  ),
  ...Object.entries(MAGIC).map(
    ([kind, magic]): Row => ({
      asks: `/image/${kind}`,
      status: 200,
      fields: { 'content-type': kind === 'svg' ? 'image/svg+xml' : `image/${kind}` },
      check: ({ body }) => assert.match(body.toString('latin1'), magic),
    }),
  ),
  ...refused(404, '/image/raw', '/image/jpg', '/image/png/foo'),
])

contract('pages and documents are what their names say', [
  { asks: '/html', status: 200, fields: { 'content-type': HTML_TYPE }, body: /<h1>Herman Melville - Moby-Dick<\/h1>/ },
  {
    asks: '/xml',
    status: 200,
    fields: { 'content-type': 'application/xml' },
    body: /^<\?xml version='1\.0' encoding='us-ascii'\?>/,
  },
  { asks: '/json/slideshow', status: 200, fields: { 'content-type': JSON_TYPE }, body: /Wake up to WonderWidgets!/ },
  {
    asks: '/encoding/utf8',
    status: 200,
    fields: { 'content-type': HTML_TYPE },
    body: /Hello world, Καλημ\u1f73ρα κ\u1f79σμε, コンニチハ/,
  },
  {
    asks: '/forms/post',
    status: 200,
    fields: { 'content-type': HTML_TYPE },
    body: /<form method="post" action="\/post">/,
  },
  { asks: '/robots.txt', status: 200, fields: { 'content-type': TEXT_TYPE }, body: /Disallow: \/deny/ },
  { asks: '/deny', status: 200, fields: { 'content-type': TEXT_TYPE }, body: /YOU SHOULDN'T BE HERE/ },
  { asks: '/hostname', status: 200, json: { hostname: 'brink' } },
  { asks: '/version', status: 200, json: { service: 'brink' }, body: /"version": "\d+\.\d+\.\d+/ },
  { asks: '/uuid', status: 200, body: /"uuid": "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"/ },
  {
    asks: '/',
    status: 200,
    fields: { 'content-type': HTML_TYPE, 'content-security-policy': /default-src 'none'/ },
    body: /<a href="\/get\?a=1&amp;a=2">\/get<\/a>/,
  },
  { asks: '/encoding/utf8', method: 'POST', status: 405 },
])

test('/env shows the variables that are meant to be shown, and no others', async () => {
  process.env.HTTPBIN_ENV_ONE = '1'
  process.env.BRINK_ENV_TWO = '2'
  process.env.BRINK_ENVIRONMENT = 'no'
  await onTarget(SMALL, async (t) => {
    const { env } = JSON.parse((await ask(t, get('/env'))).text) as { env: object }
    assert.equal(Object.entries(env).sort(), [
      ['BRINK_ENV_TWO', '2'],
      ['HTTPBIN_ENV_ONE', '1'],
    ])
  })
})

contract('links lead from page to page', [
  { asks: '/links/1', status: 302, fields: { location: '/links/1/0' } },
  { asks: '/links/100?a=1', status: 302, fields: { location: '/links/100/0?a=1' } },
  {
    asks: '/links/2/0',
    status: 200,
    fields: { 'content-type': HTML_TYPE },
    body: '<html><head><title>Links</title></head><body>0 <a href="/links/2/1">1</a> </body></html>',
  },
  {
    asks: '/links/2/1',
    status: 200,
    body: '<html><head><title>Links</title></head><body><a href="/links/2/0">0</a> 1 </body></html>',
  },
  ...['2', '10', '-1'].map(
    (offset): Row => ({
      asks: `/links/2/${offset}`,
      status: 200,
      body: /<a href="\/links\/2\/0">0<\/a> <a href="\/links\/2\/1">1<\/a> /,
    }),
  ),
  ...refused(404, '/links', '/links/10/1/foo'),
  ...invalid('/links/3.14', '/links/-1', '/links/257', '/links/1/3.14', '/links/1/foo'),
])

contract('the benchmarks ask for these', [
  { asks: '/plaintext', status: 200, fields: { 'content-type': TEXT_TYPE }, body: 'Hello, World!' },
  { asks: '/json', status: 200, fields: { 'content-type': 'application/json' }, body: '{"message":"Hello, World!"}' },
  { asks: '/pipeline', status: 200, fields: { 'content-type': TEXT_TYPE }, body: 'ok' },
  { asks: '/health', status: 200, json: { status: 'ok' } },
  { asks: '/baseline11?a=13&b=42', status: 200, body: '55' },
  { asks: '/baseline11?a=-13&b=42&fault=none&c', status: 200, body: '29' },
  { asks: '/baseline11', status: 200, body: '0' },
  {
    asks: Buffer.from('POST /baseline11?a=13&b=42 HTTP/1.1\r\nHost: brink\r\nContent-Length: 2\r\n\r\n20'),
    status: 200,
    body: '75',
  },
  {
    asks: Buffer.from(
      'POST /baseline11?a=13&b=42 HTTP/1.1\r\nHost: brink\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n2\r\n1\r\n0\r\n0\r\n\r\n',
    ),
    status: 200,
    body: '75',
  },
  ...[0, 1, 12, 50].map(
    (count): Row => ({
      asks: `/json/${count}?m=3`,
      status: 200,
      fields: { 'content-type': 'application/json', 'content-encoding': null },
      check: ({ text }) => {
        const told = JSON.parse(text) as { count: number; items: { price: number; quantity: number; total: number }[] }
        assert.equal([told.count, told.items.length], [count, count])
        for (const { price, quantity, total } of told.items) assert.is(total, price * quantity * 3)
      },
    }),
  ),
  {
    asks: withFields('/json/50?m=2', 'Accept-Encoding: gzip'),
    status: 200,
    fields: { 'content-encoding': 'gzip' },
    check: ({ body }) => assert.match(gunzipSync(body).toString(), /"count":50\}$/),
  },
  {
    asks: withFields('/json/50?m=2', 'Accept-Encoding: gzip, br'),
    status: 200,
    fields: { 'content-encoding': 'br' },
    check: ({ body }) => assert.match(brotliDecompressSync(body).toString(), /"count":50\}$/),
  },
  ...refused(400, '/json/51', '/json/-1', '/json/x', '/json/1?m=x'),
])

test.run()
