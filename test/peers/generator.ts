// Makes up cases: one to three requests on a connection, as they should be, and then perhaps one thing changed.

import { LAST_REQUEST } from './asking.js'
import { damage } from './damage.js'
import { bytesOf, type Draft, setBody, setChunks, setField } from './draft.js'
import { mutations } from './mutations.js'
import { Random } from './random.js'

export interface Case {
  readonly seed: number
  /** What was done to it. */
  readonly what: string
  /** As latin1, the last request included. */
  readonly bytes: string
  /** The same, as it is sent. */
  readonly pieces: readonly string[]
}

const METHODS = ['GET', 'GET', 'GET', 'POST', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH']
const TARGETS = ['/', '/a', '/a/b?c=d', '/a%20b', '/a//b', '/?', '/x?y=%zz', '/%C3%BC', '/~a;b=1/c,d', '/a.b/../c']
const HOSTS = ['brink', 'brink:8080', '127.0.0.1', '[::1]:80', 'a.b-c.example', 'BRINK:']
const FIELDS = [
  'Accept: */*',
  'accept-encoding:gzip',
  'X-Empty:',
  'X-Spaces:    a b  ',
  'X-Tabs:\ta\t',
  'X-Quoted: "a, b; c"',
  'Cookie: a=b; c="d"',
  'X-High: \xe4\xff',
  "X!#$%&'*+.^_`|~9: b",
  'Upgrade: websocket',
  'TE: trailers',
]
const EXTENSIONS = ['', '', '', ';a', ';a=b', ';a="b c"', ';a=b;c=d', ';a="\\""']

/** The case of a seed: always the same. */
export function makeCase(seed: number): Case {
  const random = new Random(seed)
  const drafts = Array.from({ length: random.chance(0.7) ? 1 : random.whole(2, 3) }, () => draft(random))
  const chosen = random.fraction()
  let what = 'as it should be'
  if (chosen < 0.6) {
    const [name, mutate] = random.one(mutations)
    what = name
    mutate(random.one(drafts), random)
  }
  let bytes = drafts.map(bytesOf).join('')
  if (chosen > 0.75) {
    what = 'damaged'
    for (let times = random.whole(1, 2); times > 0; times -= 1) bytes = damage(bytes, random)
  }
  bytes += LAST_REQUEST
  return { seed, what, bytes, pieces: split(bytes, random) }
}

function draft(random: Random): Draft {
  const made: Draft = {
    method: random.one(METHODS),
    target: random.one(TARGETS),
    version: random.chance(0.9) ? 'HTTP/1.1' : 'HTTP/1.0',
    lines: [`Host: ${random.one(HOSTS)}`],
    body: '',
    lineEnd: '\r\n',
    prefix: '',
  }
  for (let count = random.whole(0, 3); count > 0; count -= 1) made.lines.push(random.one(FIELDS))
  if (made.version === 'HTTP/1.0' && random.chance(0.7)) setField(made, 'Connection', 'keep-alive')
  if (random.chance(0.5)) addBody(made, random)
  if (random.chance(0.3)) made.lines.reverse()
  return made
}

function addBody(made: Draft, random: Random): void {
  if (made.version === 'HTTP/1.0' || random.chance(0.5)) return setBody(made, content(random))
  let chunks = ''
  for (let count = random.whole(0, 3); count > 0; count -= 1) {
    const chunk = content(random) || 'a'
    const size = chunk.length.toString(16)
    chunks += `${random.chance(0.5) ? size : `0${size.toUpperCase()}`}${random.one(EXTENSIONS)}\r\n${chunk}\r\n`
  }
  const trailer = random.chance(0.2) ? 'X-Trailer: a\r\n' : ''
  setChunks(made, `${chunks}0${random.one(EXTENSIONS)}\r\n${trailer}\r\n`)
}

/** Anything, also what looks like a request: whoever loses his place in the bytes takes it for one. */
function content(random: Random): string {
  if (random.chance(0.3)) return 'GET /smuggled HTTP/1.1\r\nHost: brink\r\n\r\n'
  const length = random.one([0, 1, 5, 17, 300])
  return Array.from({ length }, () => String.fromCharCode(random.whole(0, 255))).join('')
}

function split(bytes: string, random: Random): string[] {
  const cuts = random.one([0, 0, 1, 2, 5])
  const places = new Set(Array.from({ length: cuts }, () => random.whole(1, bytes.length - 1)))
  const ends = [...[...places].sort((a, b) => a - b), bytes.length]
  return ends.map((end, index) => bytes.slice(ends[index - 1] ?? 0, end))
}
