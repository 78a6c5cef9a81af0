import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { HttpError } from '#brink/fields/http_error.js'
import { contentTypeOf, encodeBody } from '#brink/reply/body.js'
import { html, Reply, redirect, reply, toReply } from '#brink/reply/reply.js'
import { codeThrownBy } from './code_thrown_by.js'

const bytes = new Uint8Array([1, 2, 3])

const plain: [what: string, value: unknown, status: number, type: string | undefined, sent: unknown][] = [
  ['nothing', undefined, 204, undefined, undefined],
  ['null', null, 204, undefined, undefined],
  ['a string', 'hi', 200, 'text/plain; charset=utf-8', 'hi'],
  ['an empty string', '', 200, 'text/plain; charset=utf-8', ''],
  ['an object', { a: 1 }, 200, 'application/json', '{"a":1}'],
  ['a list', [1, null], 200, 'application/json', '[1,null]'],
  ['a number', 0, 200, 'application/json', '0'],
  ['false', false, 200, 'application/json', 'false'],
  ['a date', new Date(0), 200, 'application/json', '"1970-01-01T00:00:00.000Z"'],
  ['bytes', bytes, 200, 'application/octet-stream', bytes],
  ['an ArrayBuffer', bytes.buffer, 200, 'application/octet-stream', bytes],
  ['a view', new DataView(bytes.buffer, 1, 1), 200, 'application/octet-stream', bytes.subarray(1, 2)],
]

for (const [what, value, status, type, sent] of plain) {
  test(`a handler that returns ${what} answers ${status}`, () => {
    const answer = toReply(value as object)
    assert.instance(answer, Reply)
    const { body } = answer as Reply
    assert.is((answer as Reply).status, status)
    assert.is(contentTypeOf(body), type)
    assert.equal(encodeBody(body), sent)
  })
}

test('a reply is itself, also out of a promise', async () => {
  const made = reply(201, { id: 7 }, { location: '/users/7' })
  assert.is(toReply(made), made)
  assert.is(await toReply(Promise.resolve(made)), made)
  assert.is(made.headers.get('Location'), '/users/7')
})

test('a standard Response keeps status, headers, cookies and bytes', async () => {
  const response = new Response('höhö', {
    status: 202,
    headers: { 'x-a': 'b', connection: 'keep-alive', 'content-length': '99' },
  })
  response.headers.append('set-cookie', 'a=1')
  response.headers.append('set-cookie', 'b=2')
  const answer = await toReply(response)
  assert.is(answer.status, 202)
  assert.is(answer.headers.get('content-type'), 'text/plain;charset=UTF-8')
  assert.is(answer.headers.get('x-a'), 'b')
  assert.equal(answer.headers.getSetCookie(), ['a=1', 'b=2'])
  assert.is(answer.headers.has('connection'), false)
  assert.is(answer.headers.has('content-length'), false)
  assert.is(new TextDecoder().decode(answer.body as Uint8Array), 'höhö')
})

test('a Response without a body is not waited for', () => {
  const answer = toReply(new Response(null, { status: 304 }))
  assert.instance(answer, Reply)
  assert.is((answer as Reply).body, undefined)
})

test('a body that cannot be sent is an error that says so', () => {
  const values = [new FormData(), new WritableStream(), { pipe: () => {} }, () => {}, Symbol('s'), 1n]
  for (const value of values) {
    assert.is(
      codeThrownBy(() => toReply(value as object)),
      'ERR_UNSUPPORTED_BODY',
    )
    assert.is(
      codeThrownBy(() => encodeBody(value)),
      'ERR_UNSUPPORTED_BODY',
    )
  }
  assert.is(
    codeThrownBy(() => encodeBody(Promise.resolve())),
    'ERR_UNSUPPORTED_BODY',
  )
})

// One key for each byte is a second for each megabyte.
test('the keys of bytes are not asked for', () => {
  const { keys } = Object
  const asked: object[] = []
  Object.keys = (of: object) => {
    if (ArrayBuffer.isView(of)) asked.push(of)
    return keys(of)
  }
  try {
    for (const bytes of [new Uint8Array(3), new Float64Array(3), new DataView(new ArrayBuffer(3))]) {
      assert.instance((toReply(bytes) as Reply).body, Uint8Array)
      assert.instance(encodeBody(bytes), Uint8Array)
      encodeBody(new Reply(200, bytes).body)
    }
  } finally {
    Object.keys = keys
  }
  assert.equal(asked, [])
})

test('a status outside of 200 to 599 is an error where it is set', () => {
  for (const status of [199, 101, 600, 0, 200.5, Number.NaN, '200' as never]) {
    assert.is(
      codeThrownBy(() => reply(status)),
      'ERR_INVALID_STATUS',
    )
    const answer = reply()
    assert.is(
      codeThrownBy(() => Object.assign(answer, { status })),
      'ERR_INVALID_STATUS',
    )
    assert.is(answer.status, 200)
  }
})

test('an HttpError has the reason phrase, a code, and shows its message below 500', () => {
  const missing = new HttpError(404)
  assert.equal([missing.message, missing.code, missing.expose], ['Not Found', 'ERR_HTTP_404', true])
  const cause = new Error('the disk is full')
  const failed = new HttpError(507, 'no room', { cause, code: 'ENOSPC' })
  assert.equal([failed.message, failed.code, failed.expose, failed.cause], ['no room', 'ENOSPC', false, cause])
  for (const status of [200, 399, 600, 404.5])
    assert.is(
      codeThrownBy(() => new HttpError(status)),
      'ERR_INVALID_STATUS',
    )
})

test('what calls itself a Blob cannot smuggle a field into the head by its type', () => {
  const blob = (type: string) => ({ [Symbol.toStringTag]: 'Blob', type, size: 1, stream: () => new ReadableStream() })
  assert.is(contentTypeOf(blob('image/png')), 'image/png')
  for (const type of ['a/b\r\nset-cookie: a=b', 'a/b\0', 'a/\u0100']) {
    assert.is(
      codeThrownBy(() => contentTypeOf(blob(type))),
      'ERR_INVALID_HEADER_VALUE',
    )
  }
})

test('html is a page, with a status and fields of its own', () => {
  const page = html('<p>é', 201, { a: 'b' })
  assert.equal([page.status, page.body], [201, '<p>é'])
  assert.equal(Object.fromEntries(page.headers), { a: 'b', 'content-type': 'text/html; charset=utf-8' })
  assert.is(html('', 200, { 'content-type': 'text/html' }).headers.get('content-type'), 'text/html')
  assert.is(
    codeThrownBy(() => html(undefined as never)),
    'ERR_INVALID_ARG_TYPE',
  )
})

const places: [string | URL, string][] = [
  ['/a?b=c#d', '/a?b=c#d'],
  ['https://example.org/%20', 'https://example.org/%20'],
  [new URL('https://example.org/é'), 'https://example.org/%C3%A9'],
  ['/café 😀', '/caf%C3%A9%20%F0%9F%98%80'],
  ['/a\r\nset-cookie: b', '/a%0D%0Aset-cookie:%20b'],
  ['/\ud800', '/%EF%BF%BD'],
]
for (const [location, expected] of places) {
  test(`a redirection to ${JSON.stringify(location)} is sent as ${expected}`, () => {
    const answer = redirect(location)
    assert.equal([answer.status, answer.body, answer.headers.get('location')], [302, undefined, expected])
  })
}

test('a redirection has a status that is one, and a place', () => {
  for (const status of [301, 302, 303, 307, 308]) assert.is(redirect('/', status).status, status)
  for (const status of [200, 300, 304, 404, '302']) {
    assert.is(
      codeThrownBy(() => redirect('/', status as number)),
      'ERR_INVALID_STATUS',
    )
  }
  for (const location of [undefined, null, 7, {}]) {
    assert.is(
      codeThrownBy(() => redirect(location as never)),
      'ERR_INVALID_ARG_TYPE',
    )
  }
})

test.run()
