// Proofs: where the body of a request ends, and what stands in it.
import * as assert from 'uvu/assert'
import { get, head, post, postChunked } from '../server/messages.js'
import { connect } from '../server/raw_client.js'
import { counts, serving } from '../server/serving.js'
import { after, all, app, type Bytes, lines, type Proof, refused, seen } from './proof.js'

const length = (...values: string[]) => `${head('POST', '/', ...values.map((value) => `Content-Length: ${value}`))}a`
const coding = (...values: string[]) =>
  `${head('POST', '/', ...values.map((value) => `Transfer-Encoding: ${value}`))}0\r\n\r\n`
const chunked = (body: string) => head('POST', '/', 'Transfer-Encoding: chunked') + body

/** What ends in the middle of a body is never handed on. */
function incomplete(...requests: readonly Bytes[]): Proof {
  return async () => {
    for (const bytes of requests) {
      await serving(app, async (server) => {
        const client = (await connect(server)).send(bytes).finish()
        assert.is((await client.response()).status, 400)
        assert.is(await client.closed(), 'fin')
        await counts(server, { open: 0 })
      })
    }
  }
}

export const bodies = {
  'a body in chunks is taken': all(
    seen(postChunked('/', ['the ', 'body']), { body: 'the body' }),
    seen(postChunked('/', []), { body: '' }),
    seen(chunked('00a\r\n0123456789\r\n000\r\n\r\n'), { body: '0123456789' }),
    seen(chunked('A\r\n0123456789\r\n0\r\n\r\n'), { body: '0123456789' }),
  ),
  'chunked is the same in any case': seen(coding('CHUNKED')),
  'a body of announced length is taken, whatever the method': all(
    seen(post('/', 'the body'), { body: 'the body' }),
    seen(`${get('/', 'Content-Length: 3')}abc`, { method: 'GET', body: 'abc' }),
    seen(`${head('DELETE', '/', 'Content-Length: 3')}abc`, { method: 'DELETE', body: 'abc' }),
    seen(`${get('/', 'Transfer-Encoding: chunked')}3\r\nabc\r\n0\r\n\r\n`, { body: 'abc' }),
    seen(length('0001'), { body: 'a' }),
  ),
  'without a length and chunks there is no body': seen(head('POST', '/'), { body: '' }),
  'a coding that is not spoken is answered with 501': refused(
    501,
    coding('gzip, chunked'),
    coding('deflate, chunked'),
    coding('gzip, br, CHUNKED'),
  ),
  'a coding with a parameter is refused': all(
    refused(400, coding('chunked;q=1'), coding('chunked; a=b')),
    refused(400, coding('gzip;q=1, chunked')),
  ),
  'a coding that does not end in chunked is refused': refused(
    400,
    coding('gzip'),
    coding('identity'),
    coding('chunked, gzip'),
    coding('chunked', 'identity'),
    coding('identity', 'chunked'),
    coding('chunked, chunked'),
    coding('xchunked'),
    coding('chunk'),
    coding(''),
  ),
  'an empty element beside chunked is refused': refused(
    400,
    coding(', chunked'),
    coding('chunked,'),
    coding('chunked', ''),
  ),
  'a length beside chunks is refused': refused(
    400,
    `${head('POST', '/', 'Content-Length: 1', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
    `${head('POST', '/', 'Transfer-Encoding: chunked', 'Content-Length: 0')}0\r\n\r\n`,
    `${head('POST', '/', 'Transfer-Encoding: gzip', 'Content-Length: 1')}a`,
  ),
  'a coding in HTTP/1.0 is refused': refused(
    400,
    `${lines('POST / HTTP/1.0', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
    `${lines('POST / HTTP/1.0', 'Transfer-Encoding: chunked', 'Connection: keep-alive', 'Content-Length: 5')}0\r\n\r\n`,
  ),
  'a length that is none is refused': refused(
    400,
    ...['', '-1', '+1', '0x1', '1.0', '1 1', '1,2', 'one', '1;', '１'].map((value) => length(value)),
  ),
  'lengths that differ are refused': refused(400, length('1', '2'), length('1, 2'), length('1', '1'), length('1, 1')),
  'a length that no integer holds is refused': all(
    refused(400, length('18446744073709551617'), length('100000000000000000000000000000000000001')),
    refused(413, length('9223372036854775808'), length('9999999999999999999'), length('4294967297')),
  ),
  'a chunk size that no integer holds is refused': all(
    refused(400, chunked('10000000000000001\r\na\r\n0\r\n\r\n'), chunked(`1${'0'.repeat(40)}\r\na\r\n0\r\n\r\n`)),
    refused(413, chunked('ffffffffffffffff\r\na\r\n0\r\n\r\n'), chunked('100000001\r\na\r\n0\r\n\r\n')),
  ),
  'a chunk size that is none is refused': refused(
    400,
    ...['', 'g', '0x1', '+1', '-1', ' 1', '1 ', '1\t', '1,', '１'].map((size) => chunked(`${size}\r\na\r\n0\r\n\r\n`)),
  ),
  'a chunk ends where its size says, with CRLF': refused(
    400,
    chunked('1\r\nab\r\n0\r\n\r\n'),
    chunked('2\r\na\r\n0\r\n\r\n'),
    chunked('1\r\na\n0\r\n\r\n'),
    chunked('1\r\naXX0\r\n\r\n'),
    chunked('1\na\r\n0\r\n\r\n'),
    chunked('1\r\na\r\n0\r\n\n'),
  ),
  'chunk extensions are passed over': all(
    seen(chunked('1;a\r\na\r\n0;b=c\r\n\r\n'), { body: 'a' }),
    seen(chunked('1;a=b;c="d;\\"e"\r\na\r\n0;f\r\n\r\n'), { body: 'a' }),
  ),
  'a chunk extension that is none is refused': refused(
    400,
    ...[';', ';a\0', ';a\nb', ';a\rb', ';a="\x01"', ';a b', ';a="b'].map((text) =>
      chunked(`1${text}\r\na\r\n0\r\n\r\n`),
    ),
  ),
  'white space around a chunk extension is refused': refused(
    400,
    ...[' ;a', '; a', ';a =b', ';a= b', '\t;a'].map((text) => chunked(`1${text}\r\na\r\n0\r\n\r\n`)),
  ),
  'chunk extensions without end are refused': refused(413, chunked(`1;${'a'.repeat(300_000)}`)),
  'trailers become no fields of the head': seen(
    chunked('1\r\na\r\n0\r\nX-Role: admin\r\nHost: evil\r\nCookie: a=b\r\n\r\n'),
    { body: 'a', url: 'http://brink/', headers: { host: 'brink', 'transfer-encoding': 'chunked' } },
  ),
  'a trailer changes nothing of the connection': all(
    seen(chunked('0\r\nConnection: close\r\n\r\n'), { method: 'POST' }),
    seen(chunked('0\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'), { method: 'POST' }),
  ),
  'a trailer of framing is refused': refused(
    400,
    chunked('0\r\nContent-Length: 5\r\n\r\n'),
    chunked('0\r\nTransfer-Encoding: chunked\r\n\r\n'),
  ),
  'a trailer that is none is refused': refused(
    400,
    ...['A', 'A : b', ': b', 'A: b\0', 'A: b\r\n c', 'A: b\n'].map((trailer) => chunked(`0\r\n${trailer}\r\n\r\n`)),
  ),
  'a body that ends too early is never handed on': incomplete(
    length('2'),
    chunked('2\r\na'),
    chunked('1\r\na\r\n'),
    chunked('1\r\na\r\n0\r\n'),
    chunked('0\r\nA: b\r\n'),
  ),
  'the rest of a body is never a request': refused(
    413,
    `${head('POST', '/', 'Content-Length: 2000000')}${after}${after}`,
    chunked(`200000\r\n${after.repeat(40_000).slice(0, 0x200000)}`),
  ),
} satisfies Record<string, Proof>
