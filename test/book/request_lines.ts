// Proofs: how a message is parsed, and what a request line may be.
import * as assert from 'uvu/assert'
import { get, head } from '../server/messages.js'
import { after, all, asking, lines, type Proof, refused, seen } from './proof.js'

const target = (text: string) => `GET ${text} HTTP/1.1\r\nHost: brink\r\n\r\n`
const version = (text: string) => `GET / ${text}\r\nHost: brink\r\n\r\n`

export const requestLines = {
  'octets above ASCII in a value reach the app as they are': seen(
    Buffer.concat([
      Buffer.from('GET / HTTP/1.1\r\nHost: brink\r\nA: '),
      Buffer.of(0x80, 0xff),
      Buffer.from('\r\n\r\n'),
    ]),
    { headers: { host: 'brink', a: '\x80\xff' } },
  ),
  'a bare CR is refused wherever it stands': refused(
    400,
    `\r${after}`,
    `\r\r\n${after}`,
    'GET\r / HTTP/1.1\r\nHost: brink\r\n\r\n',
    target('/a\rb'),
    'GET / HTTP/1.1\rHost: brink\r\n\r\n',
    get('/', 'A: b\rc'),
    get('/', 'A\r: b'),
    'GET / HTTP/1.1\r\nHost: brink\r\n\rA: b\r\n\r\n',
    `${head('POST', '/', 'Transfer-Encoding: chunked')}1\rX\r\na\r\n0\r\n\r\n`,
    `${head('POST', '/', 'Transfer-Encoding: chunked')}0\r\nA: b\rc\r\n\r\n`,
  ),
  'a bare LF is refused wherever it stands': refused(
    400,
    `\n${after}`,
    'GET / HTTP/1.1\nHost: brink\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: brink\n\r\n',
    'GET / HTTP/1.1\r\nHost: brink\r\n\n',
  ),
  'empty lines before a request are passed over': all(seen(`\r\n${get()}`), seen(`\r\n\r\n\r\n${get()}`)),
  'white space before the first field is refused': refused(
    400,
    'GET / HTTP/1.1\r\n Host: brink\r\n\r\n',
    'GET / HTTP/1.1\r\n\tA: b\r\nHost: brink\r\n\r\n',
    'GET / HTTP/1.1\r\n \r\nHost: brink\r\n\r\n',
  ),
  'what is no HTTP is refused': refused(
    400,
    'hello\r\n\r\n',
    '{"json":true}\r\n\r\n',
    Buffer.from('16030100c8010000c40303', 'hex'),
    'HTTP/1.1 200 OK\r\n\r\n',
  ),
  'a method longer than any is answered with 501': refused(501, head('A'.repeat(33), '/'), head('A'.repeat(5000), '/')),
  'a target longer than maxTargetSize is answered with 414': refused(
    414,
    target(`/${'a'.repeat(8192)}`),
    `GET /${'a'.repeat(20_000)}`,
  ),
  'a request line of 8000 octets is taken': seen(target(`/${'a'.repeat(7983)}`)),
  'a target of 8000 octets is taken': seen(target(`/${'a'.repeat(7999)}`), { path: `/${'a'.repeat(7999)}` }),
  'a request line that is not exact is refused, and not put right': refused(
    400,
    target(' /'),
    target('/ '),
    target('/a b'),
    target(''),
    'GET\t/ HTTP/1.1\r\nHost: brink\r\n\r\n',
    'GET /\tHTTP/1.1\r\nHost: brink\r\n\r\n',
    'GET /\x0bHTTP/1.1\r\nHost: brink\r\n\r\n',
    ` ${after}`,
    version('HTTP/1.1 '),
    version('http/1.1'),
    lines('GET /', 'Host: brink'),
  ),
  'a request without a Host is refused': refused(400, 'GET / HTTP/1.1\r\n\r\n', 'GET http://a/ HTTP/1.1\r\n\r\n'),
  'a request with two Hosts is refused': refused(
    400,
    lines('GET / HTTP/1.1', 'Host: a', 'Host: b'),
    lines('GET / HTTP/1.1', 'Host: a', 'host: a'),
    lines('GET / HTTP/1.0', 'Host: a', 'Host: a'),
  ),
  'a Host that is none is refused': refused(
    400,
    ...[
      '',
      'a/b',
      'a b',
      'a@b',
      'a,b@c',
      'a:b',
      'a:-1',
      '[::1',
      '[]',
      ':80',
      'a?b',
      'a#b',
      'ü',
      'a:65536',
      '1.2.3.999',
      'a.1',
      'a%2fb',
      '%zz',
    ].flatMap((host) => [lines('GET / HTTP/1.1', `Host: ${host}`), lines('GET / HTTP/1.0', `Host: ${host}`)]),
  ),
  'a target in absolute form is taken': all(
    seen(head('GET', 'http://brink/a?b'), { path: '/a', url: 'http://brink/a?b' }),
    seen(head('GET', 'HTTP://BRINK:80/a'), { path: '/a' }),
    seen(head('GET', 'http://brink'), { path: '/' }),
  ),
  'the host of an absolute target counts': asking(async (ask) => {
    const answer = await ask('GET http://target/a HTTP/1.0\r\n\r\n')
    assert.is(JSON.parse(answer.text).url, 'http://target/a')
  }),
  'an absolute target of another host than Host is refused': refused(
    400,
    lines('GET http://a/ HTTP/1.1', 'Host: b'),
    lines('GET http://a:81/ HTTP/1.1', 'Host: a'),
  ),
  'an http target without a host is refused': refused(
    400,
    lines('GET http:///a HTTP/1.1', 'Host: brink'),
    lines('GET http://:80/a HTTP/1.1', 'Host: brink'),
    lines('GET http:///a HTTP/1.0'),
  ),
  'user information in a target is refused': refused(
    400,
    lines('GET http://u:p@a/ HTTP/1.1', 'Host: a'),
    lines('GET http://a@a/ HTTP/1.1', 'Host: a@a'),
  ),
  'the asterisk is for OPTIONS alone': all(
    asking(async (ask) => {
      const answer = await ask(head('OPTIONS', '*'))
      assert.is(`${answer.status} ${answer.header('allow')}`, '204 GET, HEAD, POST, OPTIONS')
    }),
    refused(400, head('GET', '*'), head('POST', '*'), head('OPTIONS', '**'), head('OPTIONS', '*/a')),
  ),
  'the URI of a request is its target at its Host': all(
    seen(lines('GET /a?b HTTP/1.1', 'Host: brink:8080'), { url: 'http://brink:8080/a?b' }),
    seen(lines('GET /a HTTP/1.1', 'Host: [::1]'), { url: 'http://[::1]/a' }),
  ),
  'an https target is refused, for there is no TLS': refused(
    421,
    lines('GET https://brink/ HTTP/1.1', 'Host: brink'),
    lines('GET HTTPS://brink:443/ HTTP/1.1', 'Host: brink'),
    lines('GET https:///a HTTP/1.1', 'Host: brink'),
  ),
  'a version that is not spoken is answered with 505': refused(
    505,
    ...['HTTP/0.9', 'HTTP/1.2', 'HTTP/2.0', 'HTTP/9.9'].map(version),
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  ),
} satisfies Record<string, Proof>
