// The first inputs of a target: short stories in the language of native/fuzz/world.cc. What matters is that each kind of
// request and each instruction occurs; the fuzzer puts them together.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const END = '\xff'
const get = (path = '/', fields = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`
const head = 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n'
const post = (body, fields = '') =>
  `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`
const chunked = (...chunks) =>
  `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n` +
  `${chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('')}0\r\n\r\n`

const REQUESTS = [
  get(),
  get() + get('/a') + head + get('/b'),
  head,
  post('hello'),
  post('hello', 'Expect: 100-continue\r\n'),
  chunked('hello', 'again'),
  chunked('a').replace('0\r\n\r\n', '0\r\nTrailer: b\r\n\r\n'),
  'GET / HTTP/1.0\r\n\r\n',
  'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
  get('/', 'Connection: close\r\n'),
  get('/', 'Connection: Upgrade\r\nUpgrade: h2c\r\n'),
  'GET http://a/b?c HTTP/1.1\r\nHost: a:80\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n',
  'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n',
  'PURGE / HTTP/1.1\r\nHost: a\r\n\r\n',
  'MADE-UP / HTTP/1.1\r\nHost: a\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  `\r\n\r\n${get()}`,
  get('/', 'Host: b\r\n'),
  get('/', 'A : b\r\n'),
  get('/', ' folded\r\n'),
  get('/', 'Transfer-Encoding: gzip, chunked\r\n'),
  get('/', 'Expect: the-worst\r\n'),
  post('hello', 'Transfer-Encoding: chunked\r\n'),
  post('hello').replace('5', '+5'),
  chunked('hello').replace('5', '0x5'),
  'GET / HTTP/1.1\r\n\r\n',
  'get / HTTP/1.1\r\n\r\n',
  'GET / HTTP/3.0\r\nHost: a\r\n\r\n',
]

const CHUNKS = [
  '5\r\nhello\r\n0\r\n\r\nmore',
  '0005\r\nhello\r\nA\r\n0123456789\r\n00\r\n\r\n',
  '1;a\r\na\r\n1;a=b;c="d\\"\te"\r\nb\r\n0;f\r\n\r\n',
  '1\r\na\r\n0\r\nA: b\r\nC:\r\nD:  e\t \r\n\r\n',
  '0\r\nContent-Length: 5\r\n\r\n',
  '0\r\nTransfer-Encoding: chunked\r\n\r\n',
  'fffffffffffffffff\r\n',
  '1\r\nab\r\n',
  '5;=\r\nhello\r\n0\r\n\r\n',
  '0\r\nA: b\r\n c\r\n\r\n',
]

const byte = (code) => String.fromCharCode(code)
const sends = (client, text) => `s${client}${text}${END}`
const many = (client, times, text) => `S${client}${byte(times)}${text}${END}`
const KINDS = 37
// Kinds of replies, as native/fuzz/application.h numbers them.
const LENT = 2
const STREAM = 17
const SIZED_STREAM = 18
const WHOLE_STREAM = 19
const STREAM_THAT_ASKS = 23
const ECHO = 25
const TAKE_OVER = 26
const LONG_FILE = 29
const RAW = 30
const RAW_STREAM = 33
const RAW_STREAM_THAT_ASKS = 34
const RAW_WHOLE_STREAM = 35
const RAW_STREAM_THAT_TAKES_OVER = 36
// Bits of a chunk.
const LAST = 1
const ASKS = 2
const BY_REFERENCE = 4
const TRAILERS = 8
const RAW_FIELDS = 72

const upgrade = get('/', 'Connection: upgrade\r\nUpgrade: b\r\n')
const upload = (length, sent) => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n${sent}`
const usually = (kind, size = 0) => `u${byte(kind)}${byte(size)}`
const answer = (which, kind, size = 0) => `a${which}${byte(kind)}${byte(size)}`
const ends = (which, how, size = 0) => `E${which}${byte(how)}${byte(size)}`
const chunk = (which, how, size = 0) => `h${which}${byte(how)}${byte(size)}`
// Setups in which connections are handed over when their client offers it: by edges, by levels, behind a thread.
const TAKING_UPGRADES = ['\x00\x00\x00\x00\x40', '\x01\x00\x00\x00\x40', '\x04\x00\x00\x00\x40', '\x05\x00\x00\x00\x40']

const STORIES = [
  ...REQUESTS.map((request) => `c${sends(0, request)}tt`),
  ...REQUESTS.map((request) => `c${[...request].map((part) => `${sends(0, part)}t`).join('')}t`),
  ...REQUESTS.map((request) => `A0c${sends(0, request)}tta0${byte(2)}${byte(200)}gtt`),
  // Each kind of reply, at once and behind another.
  ...Array.from({ length: KINDS }, (_, kind) => `u${byte(kind)}${byte(150)}cc${sends(0, get() + head + get())}tt`),
  ...Array.from(
    { length: KINDS },
    (_, kind) => `A0c${sends(0, get() + get() + head)}tta1${byte(kind)}\x09ga0\x00\x00gta0\x00\x00gt`,
  ),
  // Clients that do not read, read slowly, go away, or say that they have said all.
  `u\x02\xffc${sends(0, get())}n0tm0\xf0tm0\xf0tN0ttt`,
  `u\x02\xffcn0${many(0, 50, get())}tttttzzzz`,
  `cn0${many(0, 120, get())}ttttm0\x50tm0\x50tN0tttt`,
  `cA0${sends(0, get())}f0ttta0\x00\x00gtt`,
  `cA0${sends(0, get())}ttr0ta0\x00\x00gtt`,
  `c${sends(0, get())}f0tt`,
  `c${sends(0, 'GET / HTTP/1.1\r\nHo')}tzzzz`,
  `c${sends(0, post('hello').slice(0, -2))}tzzzzzz`,
  `c${sends(0, 'nonsense\r\n\r\n')}${many(0, 200, 'more of it')}ttttzzz`,
  `c${many(0, 255, 'x')}tt`,
  `c${sends(0, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n')}ttt${many(0, 220, 'body')}ttT\x50tt`,
  `u\x02\xffcn0${sends(0, get())}tttm0\x01tT\xa8m0\x01tT\xa8m0\x01tT\xa8m0\x01tT\xa8m0\x01tT\xa8tz`,
  `c${sends(0, post('hello').slice(0, -2))}tttT\xa8tT\xd8tT\xd8tz`,
  // The system: outcomes, orders, descriptors that run out, jumps of time.
  ...[0, 1, 2, 3, 4, 5].flatMap((call) =>
    [1, 2, 3, 4, 5, 6, 7, 8, 20].map((how) => `ccp${byte(call)}${byte(how)}${sends(0, get())}${sends(1, get())}ttzt`),
  ),
  `l\x06C\x0attzzr0tttt`,
  `C\x14tto\x33to\x15tX\x01tx0\x03t`,
  `c${sends(0, get())}tT\xf8tW\x00tT\x99tt`,
  // Blocks that run out, batches that nobody takes, an end at any time.
  `A0cc${many(0, 60, get())}${many(1, 60, get())}tttb0tta0\x00\x00gb0tt`,
  `A0cc${sends(0, get())}tt${sends(1, post('hello').slice(0, -2))}tttT\xd8tb0tt`,
  `cA0${sends(0, get() + get() + get())}tta1\x00\x00gd0ga0\x00\x00gttt`,
  `B1c${many(0, 60, get())}tttB0tt`,
  `cc${sends(0, get())}v1t`,
  `cc${sends(0, get())}v0tt`,
  `cc${sends(0, get())}${sends(1, post('a').slice(0, -1))}tDt${sends(1, 'a')}tt`,
  // A drain with a grace: idle clients that ask once more, stay silent, send behind the end; and a shorter one.
  `ccc${sends(0, get())}tG\xa8t${sends(0, get())}${sends(1, get() + get())}ttT\xa8ttt${sends(2, get())}ttf2tzz`,
  `cc${sends(0, get())}tG\xd8tT\x88tG\x88ttT\x99ttr0tzz`,
  `A0c${sends(0, get() + get())}tG\xa8ta1\x00\x00gt${sends(0, get())}ta0\x00\x00gtKt`,
  `u\x02\xffcn0${sends(0, get())}tG\xa8tm0\xf0tN0tttzz`,
  `cA0${sends(0, get() + get())}tKa0\x00\x00gt`,
  `cA0${sends(0, get() + get())}td0q\x00\x00\x00q\x00\x00\x01q\x00\x01\x00q\x07\x00\x00ga0\x00\x00d0d0gt`,
  `wtwwt`,
]

// Bodies that come and go piece by piece. The digit '0' is 48, so `which` of 0 means any of up to 48.
const STREAMED = [
  `A0c${sends(0, get())}t${answer(0, STREAM)}gt${chunk(0, 0, 5)}gt${chunk(0, ASKS, 200)}gt${chunk(0, LAST | TRAILERS, 9)}gtt`,
  `A0c${sends(0, get())}t${answer(0, SIZED_STREAM)}gt${chunk(0, BY_REFERENCE, 10)}g${chunk(0, BY_REFERENCE | ASKS, 10)}gtk0gt`,
  `A0c${sends(0, 'GET / HTTP/1.0\r\n\r\n')}t${answer(0, STREAM)}gt${chunk(0, 0, 50)}gt${chunk(0, LAST, 1)}gtt`,
  `A0c${sends(0, head + get())}t${answer(0, STREAM)}g${answer(0, STREAM)}g${chunk(1, 0, 50)}g${chunk(0, 0, 50)}g${chunk(0, LAST)}gt`,
  // Behind an earlier answer, which is the last, or not.
  `A0c${sends(0, get() + get())}t${answer(1, STREAM)}g${chunk(0, 0, 50)}g${chunk(0, LAST, 1)}gt${answer(0, 0)}gt`,
  `A0c${sends(0, get() + get())}t${answer(1, STREAM)}g${chunk(0, BY_REFERENCE, 50)}gt${answer(0, 3)}gt${chunk(0, LAST, 1)}gt`,
  `A0c${sends(0, get() + get())}t${answer(1, STREAM)}g${chunk(0, 0, 50)}gk0gt${answer(0, WHOLE_STREAM)}gt`,
  `A0c${sends(0, get() + get())}t${answer(1, 0)}gk0g${answer(0, 0)}gt`,
  `A0c${sends(0, get())}t${answer(0, STREAM)}g${chunk(0, 128, 50)}g${chunk(0, 32, 5)}gt`,
  `A0c${sends(0, get())}t${answer(0, STREAM)}g${chunk(0, 64 | LAST, 50)}gtt`,
  // Clients that do not take it, or are gone.
  `${usually(STREAM_THAT_ASKS, 255)}cn0${sends(0, get())}tttm0\xf0tm0\xfftm0\xfftm0\xfftN0ttt`,
  `${usually(LONG_FILE, 255)}cn0${sends(0, get() + get())}tttm0\xf0tm0\xfftN0ttt`,
  `${usually(LONG_FILE, 255)}c${sends(0, get() + get())}tttt`,
  `A0c${sends(0, get())}t${answer(0, STREAM)}gf0ttzzT\xa7tzz`,
  `A0c${sends(0, get())}t${answer(0, STREAM)}gf0ttttr0ttttt${chunk(0, 0, 5)}gt`,
  `A0c${sends(0, get())}tf0ttttr0ttttt`,
  `A0c${sends(0, get('/', 'Connection: close\r\n'))}t${answer(0, STREAM)}gf0ttDtt${chunk(0, 0, 5)}gt`,
  // Uploads.
  `U0c${sends(0, upload(40000, 'a'))}t${many(0, 160, 'some of it ')}tttt${many(0, 250, 'the rest of it ')}tttttt`,
  `U1c${sends(0, upload(40000, 'a'))}t${many(0, 250, 'some of it ')}tttt${many(0, 250, 'the rest of it ')}tttttt`,
  `U3c${sends(0, upload(150000, 'a'))}t${many(0, 255, 'more than was asked for ')}ttttttte0\x09gttte0\xffgttttT\xa9zz`,
  `U2c${sends(0, upload(150000, 'a'))}t${many(0, 140, 'more than was asked for ')}ttttt${sends(0, get())}tt`,
  `U0${usually(ECHO)}c${sends(0, chunked('hello', 'again').slice(0, -14))}tt${sends(0, '\r\n5\r\nagain\r\n0\r\nA: b\r\n\r\n')}tt`,
  `U1${usually(ECHO)}cn0${sends(0, upload(20000, 'a'))}t${many(0, 250, 'some of it ')}tttN0ttt${many(0, 250, 'of it ')}ttt`,
  `U1${usually(ECHO)}c${sends(0, upload(20000, 'a'))}tf0tt`,
  `U1${usually(ECHO)}c${sends(0, upload(20000, 'a'))}tT\xa9tzzzzz`,
  `U0c${sends(0, post('hello', 'Expect: 100-continue\r\n').slice(0, -5))}tt${sends(0, 'hello')}tt`,
  `U3A0c${sends(0, post('hello', 'Expect: 100-continue\r\n').slice(0, -5))}tt${answer(0, WHOLE_STREAM)}gt${sends(0, 'hello')}tt`,
  `A0c${sends(0, get() + upload(50, 'a'))}t${answer(1, 0)}gt${many(0, 60, 'a')}tt${answer(0, 0)}gtt`,
  `A0c${sends(0, get() + upload(50, 'a'))}t${answer(0, 3)}gt${many(0, 60, 'a')}tt`,
  `U3c${sends(0, `${chunked('hello').slice(0, -5)}xx\r\n`)}tttt`,
  `A0c${sends(0, upload(50, 'a'))}tj0\xa1\xb1\x09gtT\xa2tT\xd9tzz`,
  // Deadlines of a request's own, for it and no other; and a client that waits is not late.
  `A0c${sends(0, upload(50, 'a'))}tj0\xac\x00\x00gtT\xcatT\xcatT\xcatzt`,
  `A0cn0${sends(0, get())}ttj0\x00\xdc\x01g${answer(0, 2, 255)}gtT\xcct${sends(0, get())}tT\xcctzzz`,
  `A0cn0${sends(0, get() + get())}ttj1\x00\xdc\x01g${answer(0, 2, 255)}gtT\xcctT\xcctzzz`,
  `A0cn0${sends(0, get() + get())}ttj0\x00\xdc\x01g${answer(0, 2, 255)}gtm0\x10t${answer(0, 2, 255)}gtT\xcctT\xcctzzz`,
  `U3c${sends(0, upload(80000, 'a'))}t${many(0, 128, 'b'.repeat(128))}ttttT\xdette0\xffgtT\x71ttt${many(0, 130, 'b'.repeat(16))}ttzz`,
  `A0cn0${sends(0, get() + get())}tj0\xa1\xb1\x09j1\x00\x11\x00g${answer(0, 2, 255)}gtT\xa2tT\xd9tzz`,
]

const TUNNELS = [
  `A0c${sends(0, `${upgrade}some of it`)}tt${answer(0, TAKE_OVER)}gtt${sends(0, 'more')}tf0tt${chunk(0, LAST)}gtt`,
  `${usually(TAKE_OVER)}c${sends(0, `${upgrade}some of it`)}tt${sends(0, 'more')}tf0tt`,
  `${usually(TAKE_OVER)}cn0${sends(0, upgrade)}tt${many(0, 255, 'more than it takes')}tttN0tttf0tt`,
  `A0c${sends(0, upgrade)}tt${answer(0, TAKE_OVER)}gt${chunk(0, LAST, 9)}gtt${many(0, 255, 'more than was asked for')}tttttf0tttt`,
  `A0c${sends(0, get() + upgrade)}tt${answer(1, TAKE_OVER)}gt${sends(0, `${get()}bytes`)}ttt${answer(0, 0)}gttt`,
  `A0c${sends(0, get() + upgrade)}tt${sends(0, get())}tt${answer(1, 0)}gtt${answer(0, 0)}gttt`,
  `A0c${sends(0, upgrade)}tt${sends(0, get())}tt${answer(0, 0)}gttt`,
  `A0c${sends(0, upgrade)}tt${answer(0, TAKE_OVER)}g${answer(0, TAKE_OVER)}gk0gtt`,
  `A0c${sends(0, get() + upgrade)}tt${answer(0, TAKE_OVER)}g${answer(0, TAKE_OVER)}gttr0tt`,
  `${usually(TAKE_OVER, 200)}c${sends(0, upgrade)}ttDttf0tt`,
]

// Connections that a proxy announces: they may begin with a header of the PROXY protocol, or have to. The addresses are
// zeros but for the last.
const v2 = (kind, length, more = '') => `\r\n\r\n\0\r\nQUIT\n${kind}\0${byte(length)}${more}`
const INET = `${'\x01'.repeat(8)}\x12\x34\x00\x50`
const ANNOUNCEMENTS = [
  'PROXY TCP4 192.0.2.1 198.51.100.1 4711 80\r\n',
  'PROXY TCP6 2001:db8::1 ::ffff:1.2.3.4 65535 0\r\n',
  'PROXY UNKNOWN\r\n',
  'PROXY UNKNOWN what ever\r\n',
  v2('\x21\x11', 12, INET),
  v2('\x21\x11', 20, `${INET}\x04\x00\x05hello`),
  v2('\x21\x21', 36, '\x20\x01'.repeat(18)),
  v2('\x21\x31', 216, '/'.repeat(216)),
  v2('\x20\x00', 0),
  v2('\x20\x7f', 3, 'abc'),
  v2('\x21\x00', 0),
  // Wrong ones.
  v2('\x31\x11', 12, INET),
  v2('\x22\x11', 12, INET),
  v2('\x21\x11', 11, INET),
  'PROXY TCP4 192.0.2.1 198.51.100.1 04711 80\r\n',
  `PROXY UNKNOWN ${'x'.repeat(100)}\r\n`,
  '\r\n\r\n',
  'P',
]
const ANNOUNCED = ANNOUNCEMENTS.flatMap((header) => [
  `c${sends(0, header + get())}tt`,
  `cc${sends(0, header)}t${sends(0, get())}${sends(1, header)}t${sends(1, get() + get())}tt`,
  `c${sends(0, header.slice(0, 9))}t${sends(0, header.slice(9) + post('hello'))}tf0tt`,
  `c${[...header].map((part) => `${sends(0, part)}t`).join('')}${sends(0, get())}tt`,
  `c${sends(0, header)}tT\xa9tzzzz`,
  `c${sends(0, header.slice(0, -1))}tT\xa9tzzzz`,
  `c${sends(0, header.slice(0, -1))}tDt${sends(0, header.slice(-1) + get())}tt`,
  `c${sends(0, header.slice(0, -1))}tf0tt`,
  `c${sends(0, header)}f0tt`,
  `B1cc${many(0, 60, get())}tttB0ttc${sends(2, header + get())}tt`,
])
const MAY_ANNOUNCE = ['\x40\x00\x00\x00\x00', '\x41\x00\x00\x00\x00', '\x44\x00\x00\x00\x80']
const MUST_ANNOUNCE = ['\x80\x00\x00\x00\x00', '\x81\x00\x00\x00\xc0', '\x84\x00\x00\x08\x00']

// With what only other apps than a router ask for: all of it, or that connections are told.
const ALL_HOOKS = ['\x00\x00\x00\x00\x80', '\x01\x00\x00\x00\x80', '\x04\x00\x00\x00\x80', '\x05\x00\x00\x00\x80']
const TELLING_CONNECTIONS = ['\x00\x00\x00\x00\xc0', '\x05\x00\x00\x00\xc0', '\x00\x10\x00\x00\xc0']
const offering = (length, sent) => upload(length, sent).replace('Host', 'Connection: upgrade\r\nUpgrade: b\r\nHost')
const HOOKS = [
  // Bytes as they are, in order, and ends at any time.
  `A0c${sends(0, get() + get() + head)}t${answer(2, RAW, 9)}${answer(1, RAW_STREAM, 9)}g${answer(0, RAW, 8)}gt${chunk(0, RAW_FIELDS, 9)}gt${chunk(0, LAST, 0)}gtt`,
  `A0c${sends(0, get() + get())}t${answer(1, RAW_STREAM, 1)}g${chunk(0, LAST, 0)}gt${answer(0, RAW_WHOLE_STREAM, 6)}gtt`,
  `${usually(RAW_STREAM_THAT_ASKS, 255)}cn0${sends(0, get())}tttm0\xf0tm0\xfftN0ttt`,
  ...[0, 1, 2, 4, 5, 6, 12, 13, 14].flatMap((how) => [
    `A0c${sends(0, get() + get())}t${answer(0, RAW, 9)}${ends(0, how, 99)}gt${answer(0, 0)}gtt`,
    `A0cn0${sends(0, get() + get())}t${answer(0, RAW, 255)}${ends(0, how, 255)}gm0\xc0tN0tt`,
    `A0c${sends(0, upload(50, 'a'))}t${answer(0, STREAM)}g${chunk(0, 0, 9)}${ends(0, how, 9)}gt${sends(0, 'a')}tr0tt`,
    `A0c${sends(0, get())}t${answer(0, 0)}gt${ends(0, how, 9)}g${ends(0, how, 9)}gtt`,
    `A0c${sends(0, upgrade)}tt${answer(0, TAKE_OVER)}g${ends(0, how, 9)}gtt`,
    `A0c${sends(0, `${get()}GET\r\n\r\n`)}tt${ends(0, how | 16, 9)}gt${answer(0, 0)}gtt`,
  ]),
  // Offers that are taken, declined, or both; with bodies.
  `A0c${sends(0, offering(9, 'body of 9'))}tt${answer(0, TAKE_OVER)}gtt${sends(0, 'more')}tf0tt${chunk(0, LAST)}gtt`,
  `A0c${sends(0, `${offering(9, 'body of 9')}${get()}`)}tte0\x09gtt${answer(0, 0)}gtt`,
  `A0c${sends(0, `${offering(9, 'body of 9')}${get()}`)}tt${answer(0, RAW, 9)}gtt`,
  `A0c${sends(0, offering(9, 'body of 9'))}tt${answer(0, RAW_STREAM_THAT_TAKES_OVER, 9)}gtt${sends(0, 'more')}tt`,
  `A0c${sends(0, `${get()}${offering(9, 'of 9')}`)}tt${answer(1, RAW_STREAM_THAT_TAKES_OVER, 9)}gt${answer(0, 0)}gt${sends(0, 'more')}tt`,
  `A0c${sends(0, `${get()}GET / HT`)}tt${answer(0, TAKE_OVER)}gtt${sends(0, 'TP')}tt`,
  `A0c${sends(0, get() + get())}tt${answer(0, TAKE_OVER)}gtt`,
  `A0c${sends(0, get())}tt${answer(0, RAW_STREAM_THAT_TAKES_OVER, 9)}gt${sends(0, 'more')}tf0tt`,
  // Refusals, with an answer before them and without.
  `c${sends(0, 'nonsense\r\n\r\n')}ttt`,
  `c${sends(0, 'GET / HTTP/1.1\r\nHo')}tf0ttzz`,
  `c${sends(0, upload(50, 'a'))}tf0ttzz`,
  `c${sends(0, chunked('hello').slice(0, -5))}t${sends(0, 'xx\r\n')}ttt`,
  `c${sends(0, 'GET / HTTP/1.1\r\nHo')}tzzzz`,
  `A0c${sends(0, get() + get())}t${sends(0, 'GET\r\n\r\n')}tt${answer(1, 0)}${answer(0, 0)}gt${ends(0, 20, 9)}gtt`,
  `B1C\x08tttB0ttr0ttttKtt`,
]

// Memory that changes while it is lent: before the reactor looks at it, when it does, and while it waits.
const CHANGED = [0, 1, 2, 3].flatMap((change) => [
  `A0c${sends(0, get())}t${answer(0, LENT, 200)}L0${byte(change)}gtt`,
  `A0c${sends(0, get() + get())}t${answer(1, LENT, 200)}gL0${byte(change)}t${answer(0, 0)}gtt`,
  `A0cn0${sends(0, get() + get())}t${answer(0, LENT, 255)}gm0\xc0t${answer(0, LENT, 255)}gL1${byte(change)}N0ttt`,
  `A0c${sends(0, get())}t${answer(0, STREAM)}g${chunk(0, BY_REFERENCE | ASKS, 200)}L0${byte(change)}gtt`,
  `A0cn0${sends(0, upgrade)}tt${answer(0, TAKE_OVER)}g${chunk(0, BY_REFERENCE | LAST, 200)}gm0\x20tL0${byte(change)}N0tt`,
  ...[1, 2, 3, 4].map(
    (looks) => `A0cn0${sends(0, get())}tP${byte(4 * looks + change)}${answer(0, LENT, 255)}gm0\xc0tm0\xc0tN0tt`,
  ),
])

const SETUPS = [
  '\x00\x00\x00\x00\x00',
  '\x01\x00\x00\x00\x00',
  '\x04\x00\x00\x00\x00',
  '\x00\x09\x00\x00\x00',
  '\x00\x16\x02\x00\x00',
  '\x05\x3f\x01\x14\x00',
  '\x04\x02\x00\x00\x14',
  '\x00\x00\x01\x00\x00',
  '\x08\x00\x00\x00\x00',
]

// What a kqueue can do besides: refuse a registration, fail with changes at hand, lose a client before it is registered.
const KQUEUE = '\x02\x00\x00\x00\x00'
const QUEUED = [
  ...['\x01', '\x02', '\x03'].map((error) => `cp\x05${error}${sends(0, get())}ttp\x05${error}cttt`),
  `p\x04\x02c${sends(0, get())}tttt`,
  `p\x04\x02p\x04\x02cc${sends(0, get())}${sends(1, get())}tttt${sends(1, get())}tt`,
  `p\x04\x02cr0tttc${sends(1, get())}tt`,
  `ctp\x04\x02T\xff\xfftc${sends(1, get())}tttt`,
  `ct${sends(0, get())}n0p\x04\x02ttm0\xfftN0ttt`,
  `cn0${sends(0, get() + get())}ttr0tc${sends(1, get())}tt`,
  `cn0${sends(0, get() + get())}ttm0\xfftm0\xfft${sends(0, get())}tN0ttt`,
]

const reply = (slot, sequence, more = '') =>
  `${byte(1)}${byte(slot)}\x00${byte(sequence)}${byte(0xf0)}\x01\x00\x00\x00\x05${more}`
const said = (slot, sequence, kind, flags = '\x00', length = 0) =>
  `${byte(kind)}${byte(slot)}\x00${byte(sequence)}${byte(0xf0)}${flags}\x00\x00\x00${byte(length)}`
const raw = (bodies, bytes, words) =>
  `Q${byte(bodies)}${'\x64'.repeat(bodies)}${bytes}${END}${byte(words.length)}${words}${END}`

const TARGETS = {
  reactor: () => [
    ...STORIES.flatMap((story, i) => [SETUPS[0], SETUPS[1 + (i % (SETUPS.length - 1))]].map((s) => s + story)),
    ...STREAMED.flatMap((story) => SETUPS.slice(0, 3).map((setup) => setup + story)),
    ...CHANGED.flatMap((story, i) => [SETUPS[i % 3], TAKING_UPGRADES[i % 4]].map((setup) => setup + story)),
    ...TUNNELS.flatMap((story) => TAKING_UPGRADES.map((setup) => setup + story)),
    ...[...HOOKS, ...TUNNELS].flatMap((story) => ALL_HOOKS.map((setup) => setup + story)),
    ...ANNOUNCED.flatMap((story) => [...MAY_ANNOUNCE, ...MUST_ANNOUNCE].map((setup) => setup + story)),
    ...[...HOOKS, ...STORIES.filter((_, i) => i % 7 === 0)].flatMap((story) =>
      TELLING_CONNECTIONS.map((setup) => setup + story),
    ),
    ...[...QUEUED, ...STORIES, ...STREAMED].map((story) => KQUEUE + story),
  ],
  replies: () =>
    ['\x00', '\x01', '\x02', '\x04', '\x08', '\x13'].flatMap((kind) => [
      kind + raw(0, 'hello', reply(0, 0)),
      kind + raw(0, 'hello', reply(0, 1) + reply(0, 0) + reply(0, 2) + reply(0, 0)),
      kind + raw(0, 'hello', reply(1, 0) + reply(2, 0) + reply(1, 1)),
      kind + raw(0, 'A: b\r\n', `\x01\x00\x00\x00${byte(0xf0)}\x01\x00\x06\x00\x00`),
      kind + raw(1, '', `\x01\x00\x00\x00${byte(0xf0)}\x11\x00\x00\x00\x00`),
      kind +
        raw(
          2,
          '',
          `\x01\x00\x00\x00${byte(0xf0)}\x11\x00\x00\x01\x00\x01\x01\x00\x00${byte(0xf0)}\x11\x00\x00\x01\x00`,
        ),
      kind + raw(0, 'hello', `\x01\x00\x00\x00${byte(0xf1)}\x81\x00\x00\x00\x05`),
      kind + raw(0, 'hello', `\x01\x00\x00\x00${byte(0xf5)}\xf5\xf6\xf7\xf8\xf4`),
      kind + raw(0, 'hello', `\x07\x00\x00\x00${byte(0xf0)}\x01\x00\x00\x00\x05`),
      // A stream, its pieces, its end; and the same without an end.
      kind + raw(0, 'hello', said(0, 0, 1, byte(0xfc)) + said(0, 0, 2, byte(0xff), 5) + said(0, 0, 2, byte(0xfe), 3)),
      kind + raw(0, 'hello', said(2, 0, 1, byte(0xfc)) + said(2, 0, 2, '\x00', 5) + said(2, 0, 3)),
      kind +
        raw(
          0,
          'hello',
          said(1, 1, 1, byte(0xfd), 7) +
            said(1, 0, 1, byte(0xfc)) +
            said(1, 1, 2, '\x00', 5) +
            said(1, 0, 2, byte(0xfe)),
        ),
      kind +
        raw(
          0,
          'hello',
          said(3, 0, 5) + said(3, 0, 2, byte(0xff), 5) + said(3, 0, 4, '\x00', 200) + said(3, 0, 2, byte(0xfe)),
        ),
      kind + raw(0, 'hello', said(4, 0, 4, '\x00', 200) + said(4, 0, 6, '\x05', 5) + said(4, 0, 1, byte(0xfc))),
      // Raw answers, a stream of bytes as they are, an end.
      kind +
        raw(0, 'hello', said(0, 0, 1, byte(0xf9), 5) + said(0, 1, 1, byte(0xf6), 4) + said(0, 1, 2, byte(0xfe), 3)),
      kind + raw(0, 'hello', said(0, 1, 1, byte(0xf6), 4) + said(0, 1, 5) + reply(0, 0) + said(0, 1, 2, byte(0xf9), 3)),
      kind + raw(0, 'hello', said(3, 0, 1, byte(0xf6), 4) + said(3, 0, 5) + said(3, 0, 2, byte(0xf9), 3)),
      kind + raw(0, 'hello', `${reply(0, 0)}\x07\x00\x00\x00\x00\x00\x00\x00\x00\x05`),
      kind + raw(0, 'hello', `\x07\x01\x00\x00\x02\x00\x00\x00\x00\x05\x07\x02\x00\x00\x01\x00\x00\x00\x00\x05`),
      ...CHANGED.map((story) => kind + story),
      `${kind}${raw(0, 'hello', reply(0, 0))}r0t${raw(0, 'hello', reply(0, 1) + reply(1, 0))}c${sends(3, get())}tt`,
    ]),
  parser: () =>
    [...REQUESTS, ...ANNOUNCEMENTS].flatMap((request) =>
      ['\x00\x01\x00', '\x05\x07\x02\x03\x11', '\x00\xff\x01\x28'].map((setup) => setup + request + request),
    ),
  head: () =>
    REQUESTS.flatMap((request) =>
      ['\x00\x00', '\x07\x02\x03\x11', '\x00\x01\x28'].map((setup) => setup + request + get()),
    ),
  body: () => [
    '\x00\x05\x01\x02hello, and more',
    ...['\x00\x00\x00', '\x1f\x00\x02\x03\x11', '\x02\x00\x01\x28'].flatMap((setup) =>
      CHUNKS.map((chunks) => setup + chunks),
    ),
  ],
}

/** Writes the target's seeds into a folder of their own. */
export function writeSeeds(target, folder) {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const [i, seed] of TARGETS[target]().entries())
    writeFileSync(join(folder, `seed-${i}`), Buffer.from(seed, 'latin1'))
}
