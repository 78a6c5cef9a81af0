// A target is one thing to everybody: to the routes, to `req.path`, and to whoever makes a URL of `req.url`.
import { Router } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { canonicalPath } from '#brink/fields/path.js'
import { Random } from '../peers/random.js'
import { connect } from './raw_client.js'
import type { RawResponse } from './raw_response.js'
import { DEFAULT_PORT, SCHEME } from './scheme.js'
import { serving } from './serving.js'

const app = new Router().get('/*', ({ path, url, target }) => ({ path, url, target }))

// What has divided readers of URLs, and what has not.
const PARTS = ['/', '/', '/', '//', '.', '..', '%2e', '%2E', '%2f', '%5c', '%5C', '\\', '%61', '%7E', '%zz', '%', '%00']
PARTS.push(
  '%c3%a9',
  '%ff',
  'é',
  'a',
  'b',
  '?',
  '?',
  '#',
  ';',
  ':',
  '@',
  '&',
  '=',
  '+',
  ',',
  '!',
  '~',
  '*',
  "'",
  '(',
  ')',
)
PARTS.push(
  '[',
  ']',
  '|',
  '^',
  '"',
  '<',
  '>',
  '{',
  '}',
  '`',
  '\t',
  '\v',
  '\f',
  '\x7f',
  '\x85',
  '\xa0',
  '$',
  '_',
  '-',
  '%20',
)
const HOSTS = [
  '',
  '',
  '',
  '',
  `${SCHEME}://brink`,
  `${SCHEME.toUpperCase()}://BRINK`,
  `${SCHEME}://brink:${DEFAULT_PORT}`,
]

function targetOf(random: Random): string {
  const parts = Array.from({ length: random.whole(1, 6) }, () => random.one(PARTS))
  return `${random.one(HOSTS)}/${parts.join('')}`
}

test('what is let through is the same path in req.path and in the URL that req.url is', () =>
  serving(app, async (server) => {
    const random = new Random(11)
    let taken = 0
    for (let round = 0; round < 24; round += 1) {
      const targets = Array.from({ length: 25 }, () => targetOf(random))
      const answers = await Promise.all(
        targets.map(async (target) => {
          const client = await connect(server)
          client.send(Buffer.from(`GET ${target} HTTP/1.1\r\nHost: brink\r\n\r\n`, 'latin1'))
          const answer = await client.response()
          client.leave()
          return [target, answer] as const
        }),
      )
      for (const [target, answer] of answers) taken += check(target, answer)
    }
    assert.ok(taken > 80, `${taken} were let through`)
  }))

/** 1 when it was let through. */
function check(target: string, answer: RawResponse): number {
  const said = JSON.stringify(target)
  const isOfUri = /^[A-Za-z0-9\-._~%!$&'()*+,;=:@/?[\]]+$/.test(target)
  if (!isOfUri) assert.is(answer.status, 400, said)
  if (answer.status === 400) return 0
  assert.is(answer.status, 200, said)
  const seen = JSON.parse(answer.text) as { path: string; url: string; target: string }
  assert.is(seen.target, target)
  const { pathname, host, search, hash } = new URL(seen.url)
  assert.is(canonicalPath(pathname), seen.path, said)
  // Where no escape needs another spelling, they are equal to the letter.
  if (!/[%[\]]/.test(target.split('?', 1)[0] as string)) assert.is(pathname, seen.path, said)
  assert.equal([host, hash], ['brink', ''], said)
  const raw = target.includes('?') ? target.slice(target.indexOf('?')) : ''
  assert.is(search.replaceAll('%27', "'"), raw === '?' ? '' : raw, said)
  return 1
}

// Names, addresses, and what looks like one.
const LABELS = [
  'a',
  'b-c',
  '_',
  '1',
  '0',
  '09',
  '0x',
  '0x1f',
  '255',
  '256',
  '999',
  '65536',
  '4294967296',
  '1e',
  '%41',
  '%2e',
]
LABELS.push(
  '%31',
  '%2f',
  '%25',
  '%3a',
  '%00',
  '%7f',
  '%zz',
  '%',
  '!',
  '*',
  '~',
  "'",
  '(',
  '',
  '',
  '[',
  ']',
  '@',
  '^',
  '|',
)
const LITERALS = [
  '::',
  '::1',
  '1::',
  '1:2:3:4:5:6:7:8',
  '1:2:3:4:5:6:7::',
  '::1.2.3.4',
  '::1.2.3.256',
  '1::2::3',
  'v1.a',
]
LITERALS.push('::01.2.3.4', '12345::', ':', '', '1:2:3:4:5:6:1.2.3.4', '::%25a', 'fe80::1')
const PORTS = ['', '', ':', ':80', ':0', ':65535', ':65536', ':000080', ':x', '::']

function hostOf(random: Random): string {
  const labels = Array.from({ length: random.whole(1, 5) }, () => random.one(LABELS))
  const host = random.chance(0.2) ? `[${random.one(LITERALS)}]` : labels.join('.')
  return host + random.one(PORTS)
}

test('a Host is let through where it is a host and a port, and a URL can be made of it', () =>
  serving(app, async (server) => {
    const random = new Random(12)
    const statuses = new Map<number, number>()
    for (let round = 0; round < 24; round += 1) {
      const hosts = Array.from({ length: 25 }, () => hostOf(random))
      await Promise.all(
        hosts.map(async (host) => {
          const client = await connect(server)
          const { status } = await client.send(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`).response()
          client.leave()
          statuses.set(status, (statuses.get(status) ?? 0) + 1)
          // The URL standard reads more than RFC 3986 has characters for, and takes user information.
          const isOfUri = /^(\[[^\]]*\]|[A-Za-z0-9\-._~%!$&'()*+,;=]+)(:\d*)?$/.test(host)
          assert.is(status, isOfUri && URL.canParse(`http://${host}/`) ? 200 : 400, JSON.stringify(host))
        }),
      )
    }
    assert.ok((statuses.get(200) ?? 0) > 80 && (statuses.get(400) ?? 0) > 80, `${[...statuses]}`)
  }))

test.run()
