// What is changed in requests that were as they should be: each of the things that servers have disagreed about.

import { type Draft, removeField, setBody, setChunks, setField } from './draft.js'
import type { Random } from './random.js'

export type Mutation = readonly [name: string, mutate: (draft: Draft, random: Random) => void]

/** Values, with strokes between them. */
function list(values: string): string[] {
  return values.split('|')
}

/** One mutation that takes one of several values. */
function each(name: string, values: readonly string[], change: (draft: Draft, value: string) => void): Mutation {
  return [name, (draft, random) => change(draft, random.one(values))]
}

const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: brink\r\n\r\n'

const requestLine: Mutation[] = [
  each(
    'another method',
    [...list('TRACE|CONNECT|PROPFIND|QUERY|PLAY|FLUSH|SOURCE|FOO|get|Get|G@T|GET,|M-SEARCH|PRI|GETS'), 'X'.repeat(40)],
    (draft, value) => {
      draft.method = value
    },
  ),
  each(
    'CONNECT',
    list(
      'brink:80|brink:80|brink|brink:|brink:0|brink:65536|brink:x|[::1]:443|[::1]|:80|/|http://brink:80/|u@brink:80',
    ),
    (draft, value) => Object.assign(draft, { method: 'CONNECT', target: value }),
  ),
  ['OPTIONS *', (draft) => Object.assign(draft, { method: 'OPTIONS', target: '*' })],
  each(
    'another target',
    [
      ...list(
        '*|a|http://brink|http://brink/|HTTP://BRINK/a|http://brink:80/?a|https://brink/|ftp://brink/' +
          '|http://brink:/a|http://other/|http://u@brink/|http:///|http://|//other/a|/a#b|/a b|/\t|/\0|/\x7f' +
          '|/\xfc|/%|/%00|/%ff|/%2e%2e/a|/../..|/a?b c||/"<>\\^`{}',
      ),
      '/a|b',
      '/a?b=|',
      '/a?b[]=c',
      '/a[b',
      `/${'a'.repeat(9000)}`,
    ],
    (draft, value) => {
      draft.target = value
      if (value.includes('brink')) setField(draft, 'Host', 'brink')
    },
  ),
  each(
    'another version',
    list(
      'HTTP/1.0|HTTP/0.9|HTTP/1.2|HTTP/2.0|HTTP/1|HTTP/1.10|HTTP/01.1|http/1.1|HTTPS/1.1|HTTP/1.1 | HTTP/1.1' +
        '|HTTP /1.1|HTTP/1,1|HTTP/+1.1|HTTP/1.1\t|ICE/1.0|RTSP/1.0|',
    ),
    (draft, value) => {
      draft.version = value
    },
  ),
  each('something before it', list('\r\n|\r\n\r\n|\n|\r| |\t|\0|\r\r\n|\n\r\n|\r\n '), (draft, value) => {
    draft.prefix = value
  }),
]

const lineEnds: Mutation[] = [
  each('other line ends', list('\n|\r|\n\r|\r\r\n|\r\n\n| \r\n|\t\r\n|\0\r\n'), (draft, value) => {
    draft.lineEnd = value
  }),
  each('another end of the head', list('\n|\r| \r\n|\r\r\n|\rX: y\r\n\r\n'), (draft, value) => {
    draft.lines.push(`X-Last: a\r\n${value}`)
  }),
]

const fieldLines: Mutation[] = [
  each(
    'an odd field line',
    list(
      'X: a\r\n b|X: a\r\n\tb|X : a|X\t: a|X|: a|X Y: a|X(: a|\xc4: a|X\0: a|X: a\0b|X: a\rb|X: a\nb|X: a\x01b' +
        '|X: a\x7fb|X: a\x0bb| X: a|X:a:b|X_Y: a|X-@: a|X:\x80|X::|"X": a|Content-Length : 5' +
        '|Transfer-Encoding : chunked|Transfer-Encoding\t: chunked|Host : other|Content_Length: 5' +
        '|X: a\r\n Transfer-Encoding: chunked|X: a\nTransfer-Encoding: chunked| \t |\x0b',
    ),
    (draft, value) => draft.lines.push(value),
  ),
  each('an odd first field line', [' Host: brink', '\tX: a', ' ', ': a'], (draft, value) => draft.lines.unshift(value)),
  ['a hundred fields and more', (draft) => draft.lines.push(...Array.from({ length: 101 }, (_, at) => `X-${at}: a`))],
  ['a head that is too large', (draft) => draft.lines.push(`X: ${'a'.repeat(17_000)}`)],
  each(
    'Connection',
    list(
      'close|Close|keep-alive|close, keep-alive|keep-alive, close|upgrade|x, close ,y|closed||,close' +
        '|close\t|\tclose|x\t,\tclose\t,y|keep-alive\t|\tkeep-alive\t,x' +
        '|close\r\nConnection: keep-alive|keep-alive\r\nConnection: close|"close"|clo se',
    ),
    (draft, value) => setField(draft, 'Connection', value),
  ),
  each('Proxy-Connection', list('close|keep-alive|upgrade'), (draft, value) =>
    setField(draft, 'Proxy-Connection', value),
  ),
  each(
    'Expect',
    list(
      '100-continue, 100-continue|100-continue\t,|100-continue|100-Continue|100-continue |other||100-continue, x|"100-continue"|100-continue;q=1',
    ),
    (draft, value) => setField(draft, 'Expect', value),
  ),
]

const hosts: Mutation[] = [
  ['no Host', (draft) => removeField(draft, 'Host')],
  each(
    'another Host',
    list(
      'a:65535|a:65536|a:00080|1.2.3.999|1.2.3|0x7f.1|a.09|a%2fb|%C3%BC|[v1.a]|[::1.2.3.4]' +
        '|| |a/b|a b|u@a|a,b|a:b|a:99999999|[::1|::1|[]|a?|a#|http://a|\xe4|a%41|a%|a..b|.|-|a_b|*|a:80:80' +
        '|a!$&\'()*+;=|a:|:80|a\tb|"a"|[::1]x|[zz]|a\\b',
    ),
    (draft, value) => setField(draft, 'Host', value),
  ),
  each('two Hosts', ['brink', 'other', ''], (draft, value) => draft.lines.push(`Host: ${value}`)),
]

const LENGTHS = list('+5|-5|0x5|5 5|5,5|5, 5|5,6|| |5.0|5e0|five|05|0|5;|"5"|5\x0b')
const HUGE = list(
  '18446744073709551621|9223372036854775808|9999999999999999999999999|4294967301|00000000000000000000005',
)

const lengths: Mutation[] = [
  each('another Content-Length', [...LENGTHS, ...HUGE], (draft, value) => setBody(draft, 'aaaaa', value)),
  each('two Content-Lengths', ['5', '6', '0', ''], (draft, value) => setBody(draft, 'aaaaa', '5', value)),
  ['a body that is longer', (draft) => setBody(draft, `aaaaa${SMUGGLED}`, '5')],
  ['a body that is shorter', (draft) => setBody(draft, 'aaaaa', '500')],
  ['a length and chunks', (draft, random) => both(draft, random, ['Transfer-Encoding: chunked', 'Content-Length: 5'])],
  ['chunks and a length', (draft, random) => both(draft, random, ['Content-Length: 5', 'Transfer-Encoding: chunked'])],
  [
    'a disguised coding and a length',
    (draft, random) => both(draft, random, ['Transfer-Encoding: xchunked', 'Content-Length: 5']),
  ],
]

function both(draft: Draft, random: Random, lines: readonly string[]): void {
  setChunks(draft, `0\r\n\r\n${random.chance(0.5) ? SMUGGLED : ''}`)
  removeField(draft, 'Transfer-Encoding')
  draft.lines.push(...lines)
}

const CODINGS = list(
  'gzip|gzip, chunked|identity|chunked, gzip|chunked, chunked|chunked;q=1|"chunked"|, chunked|chunked,|' +
    '|xchunked|chunkedx|chunk|\tchunked|chunked\t|chunked\x0b|\x0bchunked|Chunked|CHUNKED|identity, chunked' +
    "|br, chunked|x-gzip|foo|foo, chunked|chunked | chunked|chun ked|chunked\0|'chunked'" +
    '|chunked\r\nTransfer-Encoding: chunked|chunked\r\nTransfer-Encoding: identity' +
    '|identity\r\nTransfer-Encoding: chunked|chunked\r\n |\r\n chunked|gzip,chunked' +
    '|gzip\r\nTransfer-Encoding: chunked',
)

const codings: Mutation[] = [
  each('another Transfer-Encoding', CODINGS, (draft, value) => {
    setChunks(draft, '5\r\naaaaa\r\n0\r\n\r\n')
    setField(draft, 'Transfer-Encoding', value)
  }),
  [
    'chunks in HTTP/1.0',
    (draft) => {
      draft.version = 'HTTP/1.0'
      setChunks(draft, '5\r\naaaaa\r\n0\r\n\r\n')
    },
  ],
]

const SIZES = list(
  '5\n|5\r|5 \r\n| 5\r\n|\t5\r\n|5\t\r\n|0x5\r\n|+5\r\n|-5\r\n|\r\n|g\r\n|5g\r\n|5;\r\n|5;;a\r\n|5 ;a\r\n' +
    '|5; a\r\n|5;a =b\r\n|5;a= b\r\n|5;a=\r\n|5;=b\r\n|5;a="b\r\n|5;a="b"c\r\n|5;a=b\x01\r\n|5;a\nb\r\n' +
    '|5;a\rb\r\n|5,a\r\n|5:a\r\n|5;a="\n"\r\n|5;a="\\\n"\r\n|5;\x80=a\r\n|5;a=\x80\r\n|5;a="\x80"\r\n|5.0\r\n' +
    '|00000000000000000005\r\n|10000000000000005\r\n|fffffffffffffffff\r\n|8000000000000005\r\n|5\r\r\n' +
    '|5\r\n\n|5\n\r\n',
)
const CHUNK_ENDS = list('\n|\r||XX|\r\r\n|\n\r\n|\r\n\r\n|a\r\n| \r\n')
const LAST_CHUNKS = list(
  '0\n\r\n|0\r\n\n|0\r\n\r|00\r\n\r\n|0;a\r\n\r\n|0 \r\n\r\n|-0\r\n\r\n|0x0\r\n\r\n|0\r\nA\r\n\r\n' +
    '|0\r\nA: b\r\n c\r\n\r\n|0\r\nA: b\n\r\n|0\r\nA : b\r\n\r\n|0\r\nContent-Length: 5\r\n\r\n' +
    '|0\r\nTransfer-Encoding: chunked\r\n\r\n|0\r\nHost: other\r\n\r\n|0\r\nA: b\0\r\n\r\n' +
    '|0\r\nA: b\x01\r\n\r\n|0\r\n: b\r\n\r\n|0\r\n b\r\n\r\n|0\r\nA: b\rc\r\n\r\n||0\r\n|0\r\nA: \x80\r\n\r\n' +
    '|0\r\n\r\r\n',
)

const chunks: Mutation[] = [
  each('another chunk size line', SIZES, (draft, value) => setChunks(draft, `${value}aaaaa\r\n0\r\n\r\n`)),
  each('another end of a chunk', CHUNK_ENDS, (draft, value) => setChunks(draft, `5\r\naaaaa${value}0\r\n\r\n`)),
  each('another last chunk', LAST_CHUNKS, (draft, value) => setChunks(draft, `5\r\naaaaa\r\n${value}`)),
]

export const mutations: readonly Mutation[] = [
  ...requestLine,
  ...lineEnds,
  ...fieldLines,
  ...hosts,
  ...lengths,
  ...codings,
  ...chunks,
  // The richest ones get more turns.
  ...chunks,
  ...codings,
  requestLine[3] as Mutation,
  fieldLines[0] as Mutation,
]
