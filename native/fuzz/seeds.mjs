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

const byte = (code) => String.fromCharCode(code)
const sends = (client, text) => `s${client}${text}${END}`
const many = (client, times, text) => `S${client}${byte(times)}${text}${END}`
const KINDS = 17

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
  `cA0${sends(0, get() + get())}tKa0\x00\x00gt`,
  `cA0${sends(0, get() + get())}td0q\x00\x00\x00q\x00\x00\x01q\x00\x01\x00q\x07\x00\x00ga0\x00\x00d0d0gt`,
  `wtwwt`,
]

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

const reply = (slot, sequence, more = '') =>
  `${byte(1)}${byte(slot)}\x00${byte(sequence)}${byte(0xf0)}\x01\x00\x00\x00\x05${more}`
const raw = (bodies, bytes, words) =>
  `Q${byte(bodies)}${'\x64'.repeat(bodies)}${bytes}${END}${byte(words.length)}${words}${END}`

const TARGETS = {
  reactor: () =>
    STORIES.flatMap((story, i) => [SETUPS[0], SETUPS[1 + (i % (SETUPS.length - 1))]].map((s) => s + story)),
  replies: () =>
    ['\x00', '\x01', '\x02', '\x04'].flatMap((kind) => [
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
      `${kind}${raw(0, 'hello', reply(0, 0))}r0t${raw(0, 'hello', reply(0, 1) + reply(1, 0))}c${sends(3, get())}tt`,
    ]),
  parser: () =>
    REQUESTS.flatMap((request) =>
      ['\x00\x01\x00', '\x05\x07\x02\x03\x11', '\x00\xff\x01\x28'].map((setup) => setup + request + request),
    ),
}

/** Writes the target's seeds into a folder of their own. */
export function writeSeeds(target, folder) {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const [i, seed] of TARGETS[target]().entries())
    writeFileSync(join(folder, `seed-${i}`), Buffer.from(seed, 'latin1'))
}
