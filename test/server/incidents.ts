// Requests by which other servers were deceived: what the incident was called, what it was, its bytes, and the status
// that they get here. `/smuggled` is what hides behind them: no app may ever be asked for it.
import { get, head } from './messages.js'
import { SCHEME } from './scheme.js'

export interface Incident {
  readonly name: string
  readonly what: string
  readonly bytes: string
  readonly status: number
}

const SMUGGLED = get('/smuggled')

const lines = (...all: string[]) => [...all, '', ''].join('\r\n')
const post = (...fields: string[]) => head('POST', '/', ...fields)
const chunked = (body: string) => post('Transfer-Encoding: chunked') + body
const version = (text: string) => `GET / ${text}\r\nHost: brink\r\n\r\n`

const parsers: [string, string, string, number][] = [
  [
    'CVE-2019-15605',
    'a coding that is not just chunked, beside a length',
    `${post('Content-Length: 10', 'Transfer-Encoding: eee, chunked')}HELLOWORLD${SMUGGLED}`,
    400,
  ],
  [
    'CVE-2020-8287',
    'two Transfer-Encodings, of which the first counted',
    `${post('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked-false')}1\r\nA\r\n0\r\n\r\n${SMUGGLED}`,
    400,
  ],
  ['CVE-2021-22959', 'a space before the colon', `${post('Content-Length : 5')}hello`, 400],
  ['CVE-2021-22960', 'a chunk size that ends in a space and LF', chunked(`2 \nxx\r\n4c\r\n0\r\n\r\n${SMUGGLED}`), 400],
  [
    'CVE-2022-32213',
    'a coding that only begins as chunked',
    `${post('Transfer-Encoding: chunkedchunked')}1\r\na\r\n0\r\n\r\n${SMUGGLED}`,
    400,
  ],
  [
    'CVE-2022-32214',
    'LF alone between two fields',
    `GET / HTTP/1.1\r\nHost: brink\r\nDummy: x\nContent-Length: 23\r\n\r\n${SMUGGLED}`,
    400,
  ],
  [
    'CVE-2022-32215',
    'a Transfer-Encoding of two lines',
    `POST / HTTP/1.1\r\nHost: brink\r\nTransfer-Encoding: chunked\r\n , identity\r\n\r\n1\r\na\r\n0\r\n\r\n${SMUGGLED}`,
    400,
  ],
  [
    'CVE-2022-35256',
    'CR alone between two fields',
    `GET / HTTP/1.1\r\nHost: brink\r\nDummy: x\rContent-Length: 23\r\n\r\n${SMUGGLED}`,
    400,
  ],
  [
    'CVE-2023-30589',
    'a CR that ended a field',
    `POST / HTTP/1.1\r\nHost: brink\r\nX-Abc:\rxTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n${SMUGGLED}`,
    400,
  ],
  [
    'CVE-2024-27982',
    'a space before Content-Length',
    `POST / HTTP/1.1\r\nHost: brink\r\n Content-Length: 40\r\n\r\n${SMUGGLED}`,
    400,
  ],
  ['CVE-2024-22019', 'a chunk extension without end', chunked(`1;${'a'.repeat(200_000)}`), 413],
  [
    'CVE-2025-23167',
    'a head that ends in CR LF CR and anything',
    `GET / HTTP/1.1\r\nHost: brink\r\n\rX\r\n${SMUGGLED}`,
    400,
  ],
  ['http-garden 31', 'a CR and anything in a chunk line', chunked(`1\rX\r\na\r\n0\r\n\r\n${SMUGGLED}`), 400],
  ['llhttp#257', 'a field without a name', get('/', ': b'), 400],
  ['http-garden 16', 'no chunk size', chunked(`\r\n\r\n${SMUGGLED}`), 400],
  ['http-garden 17', 'an empty Content-Length', `${post('Content-Length:')}${SMUGGLED}`, 400],
  [
    'http-garden 18',
    'an empty Content-Length beside chunks',
    `${post('Content-Length:', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
    400,
  ],
  ['llhttp#213', 'a target without end', `GET /${'a'.repeat(100_000)}`, 414],
  ['llhttp#213', 'a value without end', `GET / HTTP/1.1\r\nHost: brink\r\nA: ${'b'.repeat(100_000)}`, 431],
  ['llhttp#213', 'fields without end', `GET / HTTP/1.1\r\nHost: brink\r\n${'a: b\r\n'.repeat(20_000)}`, 431],
  ['CVE-2023-34188', 'a length below zero', `${post('Content-Length: -1')}${SMUGGLED}`, 400],
  ['CVE-2025-22871', 'LF alone behind a chunk size', chunked(`5\nhello\r\n0\r\n\r\n${SMUGGLED}`), 400],
  [
    'CVE-2023-44487',
    'the preface of HTTP/2, and its rapid resets',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0',
    505,
  ],
]

const servers: [string, string, string, number][] = [
  ['uWebSockets#1497', 'two lengths that differ', `${post('Content-Length: 0', 'Content-Length: 40')}${SMUGGLED}`, 400],
  ['uWebSockets#1497', 'an empty Host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n', 400],
  ['uWebSockets#1497', 'an empty name', `${get('/', ':', ': x')}`, 400],
  ['uWebSockets', 'what stands behind a body that is refused', `${post('Content-Length: 2000000')}${SMUGGLED}`, 413],
  ['bun#29732', 'two bytes that are no CRLF behind a chunk', chunked(`5\r\nhelloXX0\r\n\r\n${SMUGGLED}`), 400],
  ['bun#29732', 'two bytes that are no CRLF behind the last chunk', chunked(`0\r\nXX${SMUGGLED}`), 400],
  ['bun#35295', 'gzip, chunked', `${post('Transfer-Encoding: gzip, chunked')}0\r\n\r\n${SMUGGLED}`, 501],
  [
    'bun#35864',
    'a coding in HTTP/1.0',
    `${lines('POST / HTTP/1.0', 'Host: brink', 'Connection: keep-alive', 'Transfer-Encoding: chunked')}0\r\n\r\n${SMUGGLED}`,
    400,
  ],
]

// What node:http answers with 200, or runs the handler for.
const llhttpAlone: [string, string, number][] = [
  ['two different Hosts', lines('GET / HTTP/1.1', 'Host: a', 'Host: b'), 400],
  ['an empty Host', lines('GET / HTTP/1.1', 'Host: '), 400],
  ['a Host with a path', lines('GET / HTTP/1.1', 'Host: a/b'), 400],
  ['gzip, chunked', `${post('Transfer-Encoding: gzip, chunked')}0\r\n\r\n`, 501],
  ['chunked in HTTP/1.0', `${lines('POST / HTTP/1.0', 'Transfer-Encoding: chunked')}0\r\n\r\n`, 400],
  ['HTTP/2.0', version('HTTP/2.0'), 505],
  ['a request without a version', 'GET /\r\n\r\n', 400],
  ['GET *', head('GET', '*'), 400],
  ['a fragment in a target', get('/a#b'), 400],
  ['an absolute target of another host', lines(`GET ${SCHEME}://a/ HTTP/1.1`, 'Host: b'), 400],
  ['LF alone behind a chunk size', chunked('1\na\r\n0\r\n\r\n'), 400],
  // What it refuses by itself, and has to go on refusing.
  ['a length and a coding', `${post('Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\n`, 400],
  ['the same length twice', `${post('Content-Length: 1', 'Content-Length: 1')}a`, 400],
  ['a list of lengths', `${post('Content-Length: 1, 1')}a`, 400],
  ['LF alone behind a field', 'GET / HTTP/1.1\r\nHost: brink\nA: b\r\n\r\n', 400],
  ['a folded field', get('/', 'A: b', ' c'), 400],
  ['a space before a colon', get('/', 'A : b'), 400],
  ['a method in lower case', head('get', '/'), 400],
  ['HTTP/1.2', version('HTTP/1.2'), 505],
  ['NUL in a target', get('/\0'), 400],
  ['a target that is not ASCII', get('/ü'), 400],
]

export const incidents: readonly Incident[] = [
  ...[...parsers, ...servers].map(([name, what, bytes, status]) => ({ name, what, bytes, status })),
  ...llhttpAlone.map(([what, bytes, status]) => ({ name: 'llhttp alone', what, bytes, status })),
]
