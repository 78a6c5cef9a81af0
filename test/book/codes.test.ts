// SECURITY.md lists every code, with the status that goes with it, and one request gets each.
import { readFileSync } from 'node:fs'
import { Router, type ServeOptions } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { native } from '#brink/exchange/native.js'
import { get, head } from '../server/messages.js'
import { connect } from '../server/raw_client.js'
import { refusals } from '../server/refusal_counts.js'
import { serving } from '../server/serving.js'

const page = readFileSync(new URL('../../../SECURITY.md', import.meta.url), 'utf8')
const rows = [...page.matchAll(/^\| `([A-Z0-9_]+)` \| (\d*) ?\| /gm)].map(([, code, status]) => [code, Number(status)])

test('SECURITY.md lists every code, in order', () => {
  const codes = native.refusals.filter(({ code }) => code !== '').map(({ code, status }) => [code, status])
  assert.equal(rows, codes)
})

const chunked = (body: string) => head('POST', '/', 'Transfer-Encoding: chunked') + body
const host = (...lines: string[]) => ['GET / HTTP/1.1', ...lines, '', ''].join('\r\n')
const small: ServeOptions = {
  maxHeaderSize: 200,
  maxHeaders: 3,
  maxTargetSize: 20,
  bodyLimit: 10,
  maxChunkOverhead: 50,
}

/** Requests for each code that does not need time to pass, or more clients than one. */
const requests: Record<string, string | readonly string[]> = {
  INVALID_REQUEST_LINE: 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n',
  INVALID_METHOD: head('get', '/'),
  INVALID_TARGET: get('/#a'),
  INVALID_VERSION: 'GET / HTTP/x\r\nHost: a\r\n\r\n',
  MISSING_VERSION: 'GET /\r\n\r\n',
  INVALID_FIELD: get('/', 'A : b'),
  MISSING_HOST: host(),
  REPEATED_HOST: host('Host: a', 'Host: a'),
  INVALID_HOST: host('Host: a/b'),
  HOST_MISMATCH: head('GET', 'http://other/'),
  INVALID_CONTENT_LENGTH: head('POST', '/', 'Content-Length: x'),
  INVALID_TRANSFER_ENCODING: head('POST', '/', 'Transfer-Encoding: xchunked'),
  REPEATED_TRANSFER_ENCODING: head('POST', '/', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'),
  LENGTH_AND_TRANSFER_ENCODING: [
    head('POST', '/', 'Content-Length: 1', 'Transfer-Encoding: chunked'),
    head('POST', '/', 'Transfer-Encoding: chunked', 'Content-Length: 1'),
  ],
  TRANSFER_ENCODING_IN_HTTP_1_0: 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n',
  INVALID_CHUNK: chunked('x\r\n'),
  INVALID_LINE_END: `\n${get()}`,
  BODY_TOO_LARGE: head('POST', '/', 'Content-Length: 11'),
  CHUNK_OVERHEAD_TOO_LARGE: chunked(`1;${'a'.repeat(500)}`),
  TARGET_TOO_LONG: get(`/${'a'.repeat(20)}`),
  UNKNOWN_EXPECTATION: get('/', 'Expect: x'),
  INSECURE_SCHEME: head('GET', 'https://brink/'),
  HEADER_TOO_LARGE: get('/', `A: ${'b'.repeat(200)}`),
  TOO_MANY_FIELDS: get('/', 'A: b', 'A: b', 'A: b'),
  UNKNOWN_METHOD: head('A'.repeat(33), '/'),
  UNKNOWN_TRANSFER_CODING: head('POST', '/', 'Transfer-Encoding: gzip, chunked'),
  UNSUPPORTED_VERSION: 'GET / HTTP/2.0\r\nHost: a\r\n\r\n',
}

for (const [code, all] of Object.entries(requests)) {
  const examples = [all].flat()
  test(`${code} is what a request can get`, () =>
    serving(
      new Router().all('/*', () => 'not refused'),
      async (server) => {
        for (const bytes of examples) {
          const answer = await (await connect(server)).send(bytes).response()
          assert.is(answer.status, rows.find(([name]) => name === code)?.[1])
        }
        await refusals(server, { [code]: examples.length })
      },
      small,
    ))
}

test('every other code is one of time, of number, of the PROXY protocol, of TLS, or of none of the above', () => {
  const others = rows.map(([code]) => String(code)).filter((code) => !(code in requests))
  assert.equal(others, [
    'INVALID_REQUEST',
    'HEADERS_TIMEOUT',
    'REQUEST_TIMEOUT',
    'REQUEST_TOO_SLOW',
    'TOO_MANY_CONNECTIONS',
    'WRITE_TIMEOUT',
    'RESPONSE_TAKEN_TOO_SLOWLY',
    'INVALID_PROXY_HEADER',
    'PROXY_HEADER_TOO_LONG',
    'PROXY_HEADER_TIMEOUT',
    'UNTRUSTED_PROXY',
    'PLAIN_HTTP',
    'TLS_ON_PLAIN_PORT',
    'TLS_HANDSHAKE_FAILED',
    'TLS_HANDSHAKE_TIMEOUT',
    'TLS_BROKEN',
  ])
})

test.run()
