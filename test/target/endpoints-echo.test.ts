// The endpoints that repeat their request, as go-httpbin answers them.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head, inChunks } from '../server/messages.js'
import { connect } from '../server/raw_client.js'
import {
  contract,
  HTML_TYPE,
  JSON_TYPE,
  onTarget,
  type Row,
  refused,
  SMALL,
  TEXT_TYPE,
  withBody,
  withFields,
} from './contract.js'

const FORM = 'application/x-www-form-urlencoded'
const BARE = { args: {}, files: {}, form: {}, json: null }

contract('/get tells query, fields, method, origin and URL', [
  {
    asks: withFields('/get', 'user-agent: test'),
    status: 200,
    fields: { 'content-type': JSON_TYPE },
    json: {
      args: {},
      headers: { Host: ['brink'], 'User-Agent': ['test'] },
      method: 'GET',
      origin: '127.0.0.1',
      url: 'http://brink/get',
    },
  },
  { asks: '/get?foo=foo&bar=bar1&bar=bar2', status: 200, json: { args: { foo: ['foo'], bar: ['bar1', 'bar2'] } } },
  {
    asks: '/get?a=%C3%A9+1&__proto__=x&a',
    status: 200,
    check: ({ text }) => {
      const { args } = JSON.parse(text) as { args: object }
      assert.equal(Object.entries(args), [
        ['a', ['é 1', '']],
        ['__proto__', ['x']],
      ])
    },
  },
  { asks: withFields('/get', 'X-Forwarded-Proto: https'), status: 200, json: { url: 'https://brink/get' } },
  { asks: withFields('/get', 'X-Forwarded-Protocol: https'), status: 200, json: { url: 'https://brink/get' } },
  { asks: withFields('/get', 'X-Forwarded-Ssl: on'), status: 200, json: { url: 'https://brink/get' } },
  { asks: withFields('/get', 'X-Forwarded-Proto: javascript'), status: 200, json: { url: 'http://brink/get' } },
  { asks: '/get', method: 'POST', status: 405, fields: { 'content-type': TEXT_TYPE, allow: /GET/ } },
  { asks: '/get', method: 'DELETE', status: 405 },
  { asks: '/nowhere', status: 404, fields: { 'content-type': TEXT_TYPE } },
])

const typed = (type: string, body: string, ...fields: string[]) =>
  withBody('POST', '/post', body, `content-type: ${type}`, ...fields)

contract('equal bodies are told by their own types, and those that differ a little by what they are', [
  { asks: typed('application/json', '{"a":"1"}'), status: 200, json: { json: { a: '1' }, data: '{"a":"1"}' } },
  { asks: typed('application/json', '{"a":"1"}'), status: 200, json: { json: { a: '1' }, data: '{"a":"1"}' } },
  { asks: typed('text/plain', '{"a":"1"}'), status: 200, json: { json: null, data: '{"a":"1"}' } },
  { asks: typed('application/json', '{"a":"2"}'), status: 200, json: { json: { a: '2' }, data: '{"a":"2"}' } },
  { asks: typed('application/json', '{"a":"2"'), status: 400 },
  { asks: typed('application/json', '{"a":"2"}', 'x-a: 1'), status: 200, json: { json: { a: '2' } } },
  { asks: typed(FORM, 'a=1'), status: 200, json: { form: { a: ['1'] } } },
  { asks: typed(`${FORM}; charset=utf-8`, 'a=1'), status: 200, json: { form: { a: ['1'] } } },
  { asks: typed(FORM, ''), status: 200, json: BARE },
])

contract('HEAD is answered as GET, without a body', [
  { asks: '/', method: 'HEAD', status: 200, body: '' },
  { asks: '/get', method: 'HEAD', status: 200, body: '' },
  { asks: '/head', method: 'HEAD', status: 200, body: '' },
  { asks: '/anything', method: 'HEAD', status: 200, body: '' },
  { asks: '/post', method: 'HEAD', status: 405 },
  { asks: '/head', status: 405 },
])

contract('pages of other origins may ask', [
  {
    asks: '/get',
    status: 200,
    fields: { 'access-control-allow-origin': '*', 'access-control-allow-credentials': 'true' },
  },
  {
    asks: withFields('/get', 'Origin: https://page.example'),
    status: 200,
    fields: { 'access-control-allow-origin': 'https://page.example', vary: 'origin' },
  },
  ...['/get', '/post', '/anything', '/status/503', '/upload'].map(
    (asks): Row => ({
      asks,
      method: 'OPTIONS',
      status: 200,
      fields: {
        'access-control-allow-origin': '*',
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': 'GET, POST, HEAD, PUT, DELETE, PATCH, OPTIONS',
        'access-control-max-age': '3600',
        'access-control-allow-headers': null,
      },
      body: '',
    }),
  ),
  {
    asks: Buffer.from(head('OPTIONS', '/get', 'Access-Control-Request-Headers: X-Test-Header')),
    status: 200,
    fields: { 'access-control-allow-headers': 'X-Test-Header' },
  },
])

contract('/ip tells who asks', [
  { asks: '/ip', status: 200, fields: { 'content-type': JSON_TYPE }, json: { origin: '127.0.0.1' } },
  { asks: withFields('/ip', 'X-Forwarded-For:'), status: 200, json: { origin: '127.0.0.1' } },
  { asks: withFields('/ip', 'X-Forwarded-For: 10.1.1.1'), status: 200, json: { origin: '10.1.1.1' } },
  { asks: withFields('/ip', 'X-Forwarded-For: 10.1.1.1, 10.2.2.2'), status: 200, json: { origin: '10.1.1.1' } },
  { asks: '/ip?format=text', status: 200, fields: { 'content-type': TEXT_TYPE }, body: '127.0.0.1\n' },
  { asks: withFields('/ip?format=text', 'X-Forwarded-For: 10.1.1.1'), status: 200, body: '10.1.1.1\n' },
])

contract('/user-agent and /headers tell the fields', [
  { asks: withFields('/user-agent', 'User-Agent: test'), status: 200, json: { 'user-agent': 'test' } },
  { asks: '/user-agent', status: 200, json: { 'user-agent': '' } },
  {
    asks: withFields('/headers', 'Foo-Header: foo', 'bar-header: bar1', 'Bar-Header: bar2', 'X: caf\u00e9'),
    status: 200,
    json: { headers: { Host: ['brink'], 'Foo-Header': ['foo'], 'Bar-Header': ['bar1', 'bar2'], X: ['café'] } },
  },
])

const verbs = [
  ['POST', '/post'],
  ['PUT', '/put'],
  ['PATCH', '/patch'],
  ['DELETE', '/delete'],
  ...['GET', 'DELETE', 'PATCH', 'POST', 'PUT'].flatMap((verb) => [
    [verb, '/anything'],
    [verb, '/anything/else'],
  ]),
] as const

for (const [method, path] of verbs) {
  const multipart = (...parts: string[]) =>
    withBody(
      method,
      path,
      `${parts.map((part) => `--b\r\n${part}\r\n`).join('')}--b--\r\n`,
      'Content-Type: multipart/form-data; boundary=b',
    )
  const part = (name: string, value: string, more = '') =>
    `Content-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}`

  contract(`${method} ${path} tells what the body says`, [
    ...['application/octet-stream', 'image/png', 'image/webp', 'unknown'].map(
      (type): Row => ({
        asks: withBody(method, path, 'encodeMe', `Content-Type: ${type}`),
        status: 200,
        fields: { 'content-type': JSON_TYPE },
        json: { ...BARE, method, data: `data:${type};base64,ZW5jb2RlTWU=` },
      }),
    ),
    {
      asks: withBody(method, path, 'a=b'),
      status: 200,
      json: { ...BARE, data: 'data:application/octet-stream;base64,YT1i' },
    },
    ...['', 'application/json; charset=utf-8', FORM, 'multipart/form-data; foo'].map(
      (type): Row => ({
        asks: withBody(method, path, '', `Content-Type: ${type}`),
        status: 200,
        json: { ...BARE, method, data: '' },
      }),
    ),
    { asks: path, method, status: 200, json: { ...BARE, method, data: '', url: `http://brink${path}` } },
    {
      asks: withBody(method, `${path}?query1=foo`, 'foo=foo&bar=bar1&bar=bar2', `Content-Type: ${FORM}`),
      status: 200,
      json: { ...BARE, args: { query1: ['foo'] }, form: { foo: ['foo'], bar: ['bar1', 'bar2'] } },
    },
    {
      asks: multipart(part('foo', 'foo'), part('bar', 'bar1'), part('bar', 'bar2')),
      status: 200,
      json: { ...BARE, form: { foo: ['foo'], bar: ['bar1', 'bar2'] } },
    },
    {
      asks: multipart(part('fieldname', 'hello\r\nworld', '; filename="a.txt"\r\nContent-Type: text/plain')),
      status: 200,
      json: { ...BARE, files: { fieldname: ['hello\r\nworld'] } },
    },
    {
      asks: withBody(method, path, '{"Foo":"foo","Bar":[1,1.5]}', 'Content-Type: application/json; charset=utf-8'),
      status: 200,
      json: { ...BARE, data: '{"Foo":"foo","Bar":[1,1.5]}', json: { Foo: 'foo', Bar: [1, 1.5] } },
    },
    {
      asks: withBody(method, path, '<html><h1>hello</h1></html>', `Content-Type: ${HTML_TYPE}`),
      status: 200,
      fields: { 'content-type': JSON_TYPE, 'x-content-type-options': 'nosniff' },
      json: { ...BARE, data: '<html><h1>hello</h1></html>' },
    },
    {
      asks: Buffer.concat([
        Buffer.from(head(method, path, 'Transfer-Encoding: chunked', 'Content-Type: text/plain')),
        inChunks(['{', '}']),
      ]),
      status: 200,
      check: ({ text }) => {
        const told = JSON.parse(text) as { data: string; headers: Record<string, string[]> }
        assert.equal([told.data, told.headers['Transfer-Encoding']], ['{}', ['chunked']])
      },
    },
    { asks: withBody(method, path, '%ZZ', `Content-Type: ${FORM}`), status: 400, json: { status_code: 400 } },
    { asks: withBody(method, path, '%ZZ', 'Content-Type: multipart/form-data; etc'), status: 400 },
    { asks: withBody(method, path, '--b\r\nno end', 'Content-Type: multipart/form-data; boundary=b'), status: 400 },
    { asks: withBody(method, path, 'foo', 'Content-Type: application/json'), status: 400 },
    { asks: withBody(method, path, Buffer.alloc(1025)), status: 413, json: { status_code: 413 } },
    {
      asks: Buffer.concat([
        Buffer.from(head(method, path, 'Transfer-Encoding: chunked')),
        inChunks([Buffer.alloc(1000), Buffer.alloc(25)]),
      ]),
      status: 413,
    },
  ])
}

for (const [method, path] of verbs.slice(0, 5)) {
  test(`${method} ${path} asks for a body that is offered, and not for an empty one`, () =>
    onTarget(SMALL, async (t) => {
      const client = await connect(t)
      client.send(head(method, path, 'Expect: 100-continue', 'Content-Type: text/plain', 'Content-Length: 9'))
      assert.is((await client.response()).status, 100)
      const answer = await client.send('test body').response()
      assert.is((JSON.parse(answer.text) as { data: string }).data, 'test body')
      client.send(head(method, path, 'Expect: 100-continue', 'Content-Type: text/plain', 'Transfer-Encoding: chunked'))
      assert.is((await client.response()).status, 100)
      const chunked = await client.send(inChunks(['test body'])).response()
      assert.is((JSON.parse(chunked.text) as { data: string }).data, 'test body')
      const empty = await client.send(head(method, path, 'Expect: 100-continue', 'Content-Length: 0')).response()
      assert.is(empty.status, 200)
    }))
}

contract('bodies are shown as they were sent, whatever their coding', [
  {
    asks: withBody(
      'POST',
      '/post',
      Buffer.from('H4sIAAAAAAAAA0vKzAYAi5ZmtwMAAAA=', 'base64'),
      'Content-Encoding: gzip',
      'Content-Type: text/x',
    ),
    status: 200,
    json: { data: 'data:text/x;base64,H4sIAAAAAAAAA0vKzAYAi5ZmtwMAAAA=' },
  },
])

contract('/dump/request repeats the bytes', [
  {
    asks: withFields('/dump/request?foo=bar', 'x-test-HEADER2: Test-Value2', 'X-Test-Header1: Test-Value1'),
    status: 200,
    fields: { 'content-type': TEXT_TYPE, 'x-content-type-options': 'nosniff' },
    body: 'GET /dump/request?foo=bar HTTP/1.1\r\nHost: brink\r\nx-test-HEADER2: Test-Value2\r\nX-Test-Header1: Test-Value1\r\n\r\n',
  },
  {
    asks: withBody('POST', '/dump/request', 'body'),
    status: 200,
    body: 'POST /dump/request HTTP/1.1\r\nHost: brink\r\nContent-Length: 4\r\n\r\nbody',
  },
  {
    asks: Buffer.concat([
      Buffer.from(head('POST', '/dump/request', 'Transfer-Encoding: chunked')),
      inChunks(['bo', 'dy']),
    ]),
    status: 200,
    body: 'POST /dump/request HTTP/1.1\r\nHost: brink\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n',
  },
])

contract('/upload counts the bytes of a body', [
  ...['POST', 'PUT', 'PATCH'].map(
    (method): Row => ({
      asks: withBody(method, '/upload', Buffer.alloc(5000), 'Content-Type: image/png'),
      status: 200,
      json: { method, bytes_received: 5000, url: 'http://brink/upload' },
    }),
  ),
  { asks: '/upload', method: 'POST', status: 200, json: { bytes_received: 0 } },
  {
    asks: Buffer.concat([
      Buffer.from(head('POST', '/upload?format=text', 'Transfer-Encoding: chunked')),
      inChunks(['abc', 'de']),
    ]),
    status: 200,
    fields: { 'content-type': TEXT_TYPE },
    body: '5',
  },
  { asks: '/upload', status: 405 },
])

test('/upload takes bodies of 20 MB, and keeps none of them', () =>
  onTarget({ host: '127.0.0.1' }, async (t) => {
    const client = await connect(t)
    const size = 20 * 1024 * 1024
    client.send(head('POST', '/upload?format=text', `Content-Length: ${size}`), Buffer.alloc(size))
    assert.is((await client.response()).text, String(size))
    const told = await client.send(get('/plaintext')).response()
    assert.is(told.text, 'Hello, World!')
  }))

contract('/echo sends a body back, and what a browser would run as text', [
  {
    asks: withBody('POST', '/echo', 'sent', 'Content-Type: text/x'),
    status: 200,
    fields: { 'content-type': 'text/x' },
    body: 'sent',
  },
  {
    asks: withBody('PUT', '/echo', 'sent'),
    status: 200,
    fields: { 'content-type': 'application/octet-stream' },
    body: 'sent',
  },
  ...[
    'text/html',
    'TEXT/HTML; charset=x',
    'image/svg+xml',
    'application/xhtml+xml',
    'text/javascript',
    'text/css',
    'no type',
  ].map(
    (type): Row => ({
      asks: withBody('POST', '/echo', '<script>', `Content-Type: ${type}`),
      status: 200,
      fields: { 'content-type': TEXT_TYPE, 'x-content-type-options': 'nosniff' },
      body: '<script>',
    }),
  ),
])

contract(
  'names that the target hides are not shown',
  [
    {
      asks: withFields('/get', 'X-Ignore-Foo: foo', 'X-Info-Foo: bar', 'x-info-this-key: baz'),
      status: 200,
      json: { headers: { Host: ['brink'], 'X-Info-Foo': ['bar'] } },
    },
    {
      asks: withFields('/dump/request', 'X-Ignore-Foo: foo'),
      status: 200,
      body: 'GET /dump/request HTTP/1.1\r\nHost: brink\r\n\r\n',
    },
  ],
  { host: '127.0.0.1', limits: { hiddenFields: ['x-ignore-*', 'x-info-this-key'] } },
)

contract(
  'what is no path of an endpoint is not found',
  refused(404, '/post/x', '/anythingelse', '/headers/x', '/upload/x'),
)

test.run()
