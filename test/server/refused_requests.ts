// Requests that must not reach an app: what they are, their bytes, and the status that says what is wrong with them.
import { head } from './messages.js'
import { SCHEME } from './scheme.js'

export interface RefusedRequest {
  readonly what: string
  readonly bytes: string | Buffer
  readonly status: number
}

const lines = (...all: string[]) => [...all, '', ''].join('\r\n')
/** A GET with these field lines and nothing else. */
const fields = (...all: string[]) => lines('GET / HTTP/1.1', ...all)
/** A GET with a Host and these lines. */
const more = (...all: string[]) => fields('Host: brink', ...all)
const target = (text: string) => `GET ${text} HTTP/1.1\r\nHost: brink\r\n\r\n`
const connect = (text: string) => `CONNECT ${text} HTTP/1.1\r\nHost: brink:80\r\n\r\n`
const version = (text: string) => `GET / ${text}\r\nHost: brink\r\n\r\n`
const coding = (value: string, rest = '0\r\n\r\n') => head('POST', '/', `Transfer-Encoding: ${value}`) + rest
const length = (...values: string[]) => `${head('POST', '/', ...values.map((value) => `Content-Length: ${value}`))}a`
const chunk = (text: string) => head('POST', '/', 'Transfer-Encoding: chunked') + text

const host: [string, string, number][] = [
  ['no Host', fields('Accept: */*'), 400],
  ['an empty Host', fields('Host:'), 400],
  ['two different Hosts', fields('Host: a', 'Host: b'), 400],
  ['the same Host twice', fields('Host: a', 'Host: a'), 400],
  ['a Host with a path', fields('Host: a/b'), 400],
  ['a Host with white space', fields('Host: a b'), 400],
  ['a Host with user information', fields('Host: a@b'), 400],
  ['two Hosts in one', fields('Host: a, b@c'), 400],
  ['a Host with a port that is none', fields('Host: a:b'), 400],
  ['a Host with an open bracket', fields('Host: [::1'), 400],
  ['a Host with . for an IPv6 address', fields('Host: [.]'), 400],
  ['a Host with 1.2.3.4 for an IPv6 address', fields('Host: [1.2.3.4]'), 400],
  ['a Host with ::::: for an IPv6 address', fields('Host: [:::::]'), 400],
  ['a Host with : for an IPv6 address', fields('Host: [:]'), 400],
  ['a Host with 1:2:3:4:5:6:7 for an IPv6 address', fields('Host: [1:2:3:4:5:6:7]'), 400],
  ['a Host with 1:2:3:4:5:6:7:8:9 for an IPv6 address', fields('Host: [1:2:3:4:5:6:7:8:9]'), 400],
  ['a Host with 1:2:3:4:5:6:7:8:: for an IPv6 address', fields('Host: [1:2:3:4:5:6:7:8::]'), 400],
  ['a Host with 1::2::3 for an IPv6 address', fields('Host: [1::2::3]'), 400],
  ['a Host with 12345:: for an IPv6 address', fields('Host: [12345::]'), 400],
  ['a Host with ::1: for an IPv6 address', fields('Host: [::1:]'), 400],
  ['a Host with ::256.0.0.1 for an IPv6 address', fields('Host: [::256.0.0.1]'), 400],
  ['a Host with ::1.2.3 for an IPv6 address', fields('Host: [::1.2.3]'), 400],
  ['a Host with ::01.2.3.4 for an IPv6 address', fields('Host: [::01.2.3.4]'), 400],
  ['a Host with v.a for an IPv6 address', fields('Host: [v.a]'), 400],
  ['a Host with v1 for an IPv6 address', fields('Host: [v1]'), 400],
  ['a Host with v1. for an IPv6 address', fields('Host: [v1.]'), 400],
  ['a Host with v1.%41 for an IPv6 address', fields('Host: [v1.%41]'), 400],
  ['a Host with ::g for an IPv6 address', fields('Host: [::g]'), 400],
  ['a Host with an address of the future', fields('Host: [v1f.a:b~]'), 400],
  ['a Host with a port above 65535', fields('Host: a:65536'), 400],
  ['a Host with a port of six digits', fields('Host: a:123456'), 400],
  ['a Host with 1.2.3.999 for an IPv4 address', fields('Host: 1.2.3.999'), 400],
  ['a Host with 1.2.3.4.5 for an IPv4 address', fields('Host: 1.2.3.4.5'), 400],
  ['a Host with 0x100000000 for an IPv4 address', fields('Host: 0x100000000'), 400],
  ['a Host with a number for its last label', fields('Host: a.09.'), 400],
  ['a Host with an escape that is none', fields('Host: a%zz'), 400],
  ['a Host with an escaped slash', fields('Host: a%2fb'), 400],
  ['a Host with an escaped percent', fields('Host: a%25'), 400],
  ['a Host with an escape that is not ASCII', fields('Host: %C3%BC'), 400],
  ['a Host with a number in escapes', fields('Host: a.%31'), 400],
  ['a port above 65535 in the target', lines(`GET ${SCHEME}://a:65536/ HTTP/1.1`, 'Host: a:65536'), 400],
  ['1.2.3.999 in the target', lines(`GET ${SCHEME}://1.2.3.999/ HTTP/1.0`), 400],
  ['another host in the target', lines(`GET ${SCHEME}://a/ HTTP/1.1`, 'Host: b'), 400],
  ['another port in the target', lines(`GET ${SCHEME}://a:81/ HTTP/1.1`, 'Host: a'), 400],
  ['user information in the target', lines(`GET ${SCHEME}://u@a/ HTTP/1.1`, 'Host: a'), 400],
]

const requestLine: [string, string | Buffer, number][] = [
  ['the asterisk for another method than OPTIONS', target('*'), 400],
  ['a fragment in the target', target('/a#b'), 400],
  ['a target without a slash', target('a'), 400],
  ['a target with a space', target('/a b'), 400],
  ['a target with NUL', target('/a\0b'), 400],
  ['a target with a control character', target('/a\x01b'), 400],
  ['a target with DEL', target('/a\x7fb'), 400],
  ['a target that is not ASCII', target('/ü'), 400],
  ...[...'\\^|"{}<>`'].flatMap((character): [string, string, number][] => [
    [`${character} in a path`, target(`/a${character}b`), 400],
    [`${character} in a query`, target(`/a?b=${character}`), 400],
  ]),
  ['a target of another scheme', target('ftp://brink/'), 400],
  ['no target', target(''), 400],
  ['two spaces behind the method', target(' /'), 400],
  ['two spaces behind the target', target('/ '), 400],
  ['a tab behind the method', 'GET\t/ HTTP/1.1\r\nHost: brink\r\n\r\n', 400],
  ['a tab behind the target', 'GET /\tHTTP/1.1\r\nHost: brink\r\n\r\n', 400],
  ['a bare LF behind the request line', 'GET / HTTP/1.1\nHost: brink\r\n\r\n', 400],
  ['a bare CR behind the request line', 'GET / HTTP/1.1\rHost: brink\r\n\r\n', 400],
  ['a space behind the version', version('HTTP/1.1 '), 400],
  ['a space before the method', ` ${head('GET', '/')}`, 400],
  ['no version', lines('GET /', 'Host: brink'), 400],
  ['HTTP/0.9', 'GET /\r\n\r\n', 400],
  ['HTTP/1', version('HTTP/1'), 400],
  ['HTTP/1.10', version('HTTP/1.10'), 400],
  ['HTTP/01.1', version('HTTP/01.1'), 400],
  ['http/1.1', version('http/1.1'), 400],
  ['HTTPS/1.1', version('HTTPS/1.1'), 400],
  ['HTTP/1,1', version('HTTP/1,1'), 400],
  ['HTTP/0.9 by name', version('HTTP/0.9'), 505],
  ['HTTP/1.2', version('HTTP/1.2'), 505],
  ['HTTP/2.0', version('HTTP/2.0'), 505],
  ['HTTP/3.0', version('HTTP/3.0'), 505],
  ['HTTP/9.9', version('HTTP/9.9'), 505],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
  ['a method in lower case', head('get', '/'), 400],
  ['a method that is no token', head('G(T', '/'), 400],
  ...['brink', 'brink:', 'brink:0', 'brink:65536', 'brink:x', ':80', '[::1]', 'u@brink:80'].map(
    (text): [string, string, number] => [`CONNECT to ${text}`, connect(text), 400],
  ),
  ['CONNECT to a path', connect('/'), 400],
  ['CONNECT to a URL', connect('http://brink:80/'), 400],
  ['PLAY of RTSP', 'PLAY / RTSP/1.0\r\nHost: brink\r\n\r\n', 400],
  ['SOURCE of ICE', 'SOURCE / ICE/1.0\r\nHost: brink\r\n\r\n', 400],
  ['no HTTP at all', 'hello\r\n\r\n', 400],
  ['the first bytes of TLS', Buffer.from('16030100c8010000c40303', 'hex'), 400],
]

const fieldLines: [string, string, number][] = [
  ['a bare LF behind a field', 'GET / HTTP/1.1\r\nHost: brink\nA: b\r\n\r\n', 400],
  ['a bare CR behind a field', 'GET / HTTP/1.1\r\nHost: brink\rA: b\r\n\r\n', 400],
  ['a bare CR in a value', more('A: b\rc'), 400],
  ['a bare LF at the end of the head', 'GET / HTTP/1.1\r\nHost: brink\r\n\n', 400],
  ['a bare CR at the end of the head', 'GET / HTTP/1.1\r\nHost: brink\r\n\rA: b\r\n\r\n', 400],
  ['a folded field', more('A: b', ' c'), 400],
  ['a field folded by a tab', more('A: b', '\tc'), 400],
  ['a folded first field', fields(' Host: brink'), 400],
  ['a space before the colon', more('A : b'), 400],
  ['a tab before the colon', more('A\t: b'), 400],
  ['a space before the colon of Content-Length', more('Content-Length : 1'), 400],
  ['a field without a colon', more('A'), 400],
  ['a field without a name', more(': b'), 400],
  ['a name with a space', more('A B: c'), 400],
  ['a name with a parenthesis', more('A(: c'), 400],
  ['a name that is not ASCII', more('Ä: c'), 400],
  ['NUL in a name', more('A\0: c'), 400],
  ['NUL in a value', more('A: b\0c'), 400],
  ['a control character in a value', more('A: b\x01c'), 400],
  ['DEL in a value', more('A: b\x7fc'), 400],
]

const lengths: [string, string, number][] = [
  ['a length and chunks', `${head('POST', '/', 'Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\n`, 400],
  ['chunks and a length', `${head('POST', '/', 'Transfer-Encoding: chunked', 'Content-Length: 5')}0\r\n\r\n`, 400],
  ['two different lengths', length('1', '2'), 400],
  ['the same length twice', length('1', '1'), 400],
  ['a list of lengths', length('1, 1'), 400],
  ['an empty length', length(''), 400],
  ['a negative length', length('-1'), 400],
  ['a length with a plus', length('+1'), 400],
  ['a hexadecimal length', length('0x1'), 400],
  ['a length with a fraction', length('1.0'), 400],
  ['a length with a space in it', length('1 1'), 400],
  ['a length that is a word', length('one'), 400],
  ['a length beyond 64 bits', length('18446744073709551617'), 400],
]

const codings: [string, string, number][] = [
  ['the coding gzip', coding('gzip'), 400],
  ['gzip, then chunked', coding('gzip, chunked'), 501],
  ['the coding identity', coding('identity'), 400],
  ['chunked, then gzip', coding('chunked, gzip'), 400],
  ['chunked twice in one field', coding('chunked, chunked'), 400],
  ['chunked in two fields', coding('chunked\r\nTransfer-Encoding: chunked'), 400],
  ['identity and chunked in two fields', coding('identity\r\nTransfer-Encoding: chunked'), 400],
  ['chunked with a parameter', coding('chunked;q=1'), 400],
  ['chunked in quotes', coding('"chunked"'), 400],
  ['chunked behind a comma', coding(', chunked'), 400],
  ['chunked before a comma', coding('chunked,'), 400],
  ['an empty coding', coding(''), 400],
  ['xchunked', coding('xchunked'), 400],
  ['chunkedx', coding('chunkedx'), 400],
  ['chunk', coding('chunk'), 400],
  ['chunked behind a tab', coding('\tchunked'), 400],
  ['chunked before a vertical tab', coding('chunked\x0b'), 400],
  ['chunked for HTTP/1.0', 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
]

const chunks: [string, string, number][] = [
  ['a bare LF behind a chunk size', chunk('1\na\r\n0\r\n\r\n'), 400],
  ['a bare CR behind a chunk size', chunk('1\rXa\r\n0\r\n\r\n'), 400],
  ['a bare LF behind the last chunk size', chunk('1\r\na\r\n0\n\r\n'), 400],
  ['a bare LF behind a chunk', chunk('1\r\na\n0\r\n\r\n'), 400],
  ['a bare LF at the end of the trailers', chunk('1\r\na\r\n0\r\n\n'), 400],
  ['two other bytes behind a chunk', chunk('1\r\naXX0\r\n\r\n'), 400],
  ['a chunk that is longer than it says', chunk('1\r\nab\r\n0\r\n\r\n'), 400],
  ['a chunk size that is no number', chunk('g\r\na\r\n0\r\n\r\n'), 400],
  ['a chunk size with 0x', chunk('0x1\r\na\r\n0\r\n\r\n'), 400],
  ['a chunk size with a plus', chunk('+1\r\na\r\n0\r\n\r\n'), 400],
  ['a negative chunk size', chunk('-1\r\na\r\n0\r\n\r\n'), 400],
  ['a space before a chunk size', chunk(' 1\r\na\r\n0\r\n\r\n'), 400],
  ['no chunk size', chunk('\r\na\r\n0\r\n\r\n'), 400],
  ['an extension without a chunk size', chunk(';x\r\na\r\n0\r\n\r\n'), 400],
  ['a chunk size beyond 64 bits', chunk('10000000000000001\r\na\r\n0\r\n\r\n'), 400],
  ['a bare LF in a chunk extension', chunk('1;a\nb\r\na\r\n0\r\n\r\n'), 400],
  ['a bare CR in a chunk extension', chunk('1;a\rb\r\na\r\n0\r\n\r\n'), 400],
  ['a DEL in a chunk extension', chunk('1;a="b\x7f"\r\na\r\n0\r\n\r\n'), 400],
  ['a DEL behind a backslash in a chunk extension', chunk('1;a="\\\x7f"\r\na\r\n0\r\n\r\n'), 400],
  ['a trailer without a colon', chunk('0\r\nA\r\n\r\n'), 400],
  ['a folded trailer', chunk('0\r\nA: b\r\n c\r\n\r\n'), 400],
  ['a bare LF behind a trailer', chunk('0\r\nA: b\n\r\n'), 400],
]

export const refusedRequests: readonly RefusedRequest[] = [
  ...host,
  ...requestLine,
  ...fieldLines,
  ...lengths,
  ...codings,
  ...chunks,
].map(([what, bytes, status]) => ({ what, bytes, status }))
