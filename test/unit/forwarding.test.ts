// Whom the fields of proxies name as the client: read from the right, and no further than is trusted.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseAddress } from '#brink/exchange/address.js'
import { type ForwardedFields, type Forwarding, ForwardingProxies } from '#brink/request/forwarding.js'
import type { RequestHeaders } from '#brink/request/request_headers.js'
import { TrustedProxies, type TrustProxy } from '#brink/request/trusted_proxies.js'

const PEER = '10.0.0.1'

/** A peer and its fields; several of one name are joined, as they are in a request. */
function forwarding(
  fields: readonly (readonly [name: string, value: string])[],
  trustProxy: TrustProxy = ['10.0.0.0/8'],
  { peer = PEER, which = 'auto' as ForwardedFields, passed = 0 as 0 | 1 } = {},
): Forwarding {
  const headers = new Headers([
    ['host', 'origin.test'],
    ...fields.map(([name, value]): [string, string] => [name, value]),
  ])
  const proxies = new ForwardingProxies(TrustedProxies.of(trustProxy) as TrustedProxies, which)
  const address = parseAddress(peer) as Uint8Array
  return proxies.forwarding(headers as unknown as RequestHeaders, { address, port: 7 }, passed)
}

const ipOf = (...given: Parameters<typeof forwarding>) => forwarding(...given).ip
const f = (value: string) => ['forwarded', value] as const
const xff = (value: string) => ['x-forwarded-for', value] as const
const proto = (value: string) => ['x-forwarded-proto', value] as const
const host = (value: string) => ['x-forwarded-host', value] as const
const port = (value: string) => ['x-forwarded-port', value] as const

const ips: [what: string, fields: (readonly [string, string])[], ip: string][] = [
  ['nothing', [], PEER],
  ['one hop', [xff('192.0.2.1')], '192.0.2.1'],
  ['a client that sends the field itself', [xff('6.6.6.6, 192.0.2.1')], '192.0.2.1'],
  ['two trusted hops', [xff('6.6.6.6, 192.0.2.1, 10.0.0.2')], '192.0.2.1'],
  ['two hops, one of them not trusted', [xff('6.6.6.6, 192.0.2.1, 198.51.100.1')], '198.51.100.1'],
  ['only trusted hops', [xff('10.0.0.3, 10.0.0.2')], '10.0.0.3'],
  ['several field lines', [xff('6.6.6.6'), xff('192.0.2.1'), xff('10.0.0.2')], '192.0.2.1'],
  ['no space behind the comma, and empty elements', [xff('6.6.6.6,,192.0.2.1 ,')], '192.0.2.1'],
  ['a port', [xff('192.0.2.1:4711')], '192.0.2.1'],
  ['IPv6', [xff('2001:DB8::0:1')], '2001:db8::1'],
  ['IPv6 in brackets', [xff('[2001:db8::1]')], '2001:db8::1'],
  ['IPv6 in brackets with a port', [xff('[2001:db8::1]:443')], '2001:db8::1'],
  ['an IPv4-mapped address', [xff('::ffff:192.0.2.1')], '192.0.2.1'],
  ['an IPv4-mapped address of a proxy', [xff('6.6.6.6, 192.0.2.1, ::ffff:10.0.0.2')], '192.0.2.1'],
  ['unknown', [xff('192.0.2.1, unknown')], PEER],
  ['a malformed element between', [xff('192.0.2.1, nonsense, 10.0.0.2')], '10.0.0.2'],
  ['a malformed element at the end', [xff('192.0.2.1, 10.0.0.256')], PEER],
  ['a port that is none', [xff('192.0.2.1:65536')], PEER],
  ['IPv4 in brackets', [xff('[192.0.2.1]')], PEER],
  ['quotes', [xff('"192.0.2.1"')], PEER],
  ['the address of nobody', [xff('::')], PEER],
  ['the address of nobody in Forwarded', [f('for="[::]"')], PEER],
  ['a zone', [xff('fe80::1%eth0')], PEER],

  ['Forwarded', [f('for=192.0.2.1')], '192.0.2.1'],
  ['names in capitals', [f('For=192.0.2.1;PROTO=https')], '192.0.2.1'],
  ['a client that sends Forwarded itself', [f('for=6.6.6.6, for=192.0.2.1')], '192.0.2.1'],
  ['Forwarded of two trusted hops', [f('for=6.6.6.6, for=192.0.2.1;by=10.0.0.2, for=10.0.0.2')], '192.0.2.1'],
  ['Forwarded in several lines', [f('for=6.6.6.6'), f('for=192.0.2.1'), f('for=10.0.0.2')], '192.0.2.1'],
  ['a quoted string', [f('for="192.0.2.1"')], '192.0.2.1'],
  ['a quoted string with a port', [f('for="192.0.2.1:4711"')], '192.0.2.1'],
  ['a quoted string with escapes', [f('for="\\1\\92.0.2.1"')], '192.0.2.1'],
  ['IPv6 in Forwarded', [f('for="[2001:db8::1]"')], '2001:db8::1'],
  ['IPv6 with a port in Forwarded', [f('for="[2001:db8::1]:4711"')], '2001:db8::1'],
  ['an obfuscated port', [f('for="192.0.2.1:_gazonk"')], '192.0.2.1'],
  ['an obfuscated identifier', [f('for=192.0.2.1, for=_hidden')], PEER],
  ['an obfuscated identifier between', [f('for=192.0.2.1, for=_hidden, for=10.0.0.2')], '10.0.0.2'],
  ['an unknown node', [f('for=192.0.2.1, for=unknown, for=10.0.0.2')], '10.0.0.2'],
  ['an element without a node', [f('for=192.0.2.1, proto=https')], PEER],
  ['a comma in a quoted string', [f('for=6.6.6.6, for=192.0.2.1;ext="a, for=7.7.7.7"')], '192.0.2.1'],
  ['a quote that the client left open', [f('for="6.6.6.6'), f('for=192.0.2.1')], '192.0.2.1'],
  ['a quote that the client left open, before a quoted one', [f('for="'), f('for="[2001:db8::1]"')], '2001:db8::1'],
  ['a backslash before an own quote', [f('for=a\\'), f('for="192.0.2.1"')], '192.0.2.1'],
  ['an own extension that ends in an escaped quote', [f('a="x\\", for=6.6.6.6";for=192.0.2.1')], '192.0.2.1'],
  ['IPv6 without quotes', [f('for=[2001:db8::1]')], PEER],
  ['IPv6 without brackets', [f('for="2001:db8::1"')], PEER],
  ['a parameter twice', [f('for=192.0.2.1;for=192.0.2.2')], PEER],
  ['no value', [f('for=')], PEER],
  ['no name', [f('=192.0.2.1')], PEER],
  ['a space before the value', [f('for= 192.0.2.1')], PEER],
  ['an open quote', [f('for="192.0.2.1')], PEER],
  ['a malformed host', [f('for=192.0.2.1;host="a b"')], PEER],
  ['a scheme that is none', [f('for=192.0.2.1;proto=gopher')], PEER],
  ['empty pairs', [f(';for=192.0.2.1;;')], '192.0.2.1'],

  ['both families alike', [f('for=192.0.2.1'), xff('192.0.2.1')], '192.0.2.1'],
  ['families that differ', [f('for=6.6.6.6'), xff('192.0.2.1')], PEER],
  ['Forwarded beside a scheme', [f('for=6.6.6.6'), proto('https')], PEER],
]

for (const [what, fields, ip] of ips) {
  test(`${what}: the client is ${ip}`, () => assert.is(ipOf(fields), ip))
}

test('a peer that is not trusted says nothing', () => {
  const fields = [f('for=6.6.6.6;proto=https;host=evil.test'), xff('6.6.6.6'), proto('https'), host('evil.test')]
  const direct = { ip: '192.0.2.9', port: 7, scheme: undefined, host: undefined }
  for (const which of ['auto', 'forwarded', 'x-forwarded'] as const) {
    assert.equal(forwarding(fields, undefined, { peer: '192.0.2.9', which }), direct)
  }
})

test('a number of hops counts from the peer', () => {
  const chain = [xff('6.6.6.6, 192.0.2.1, 198.51.100.1')]
  assert.is(ipOf(chain, 1), '198.51.100.1')
  assert.is(ipOf(chain, 2), '192.0.2.1')
  assert.is(ipOf(chain, 3), '6.6.6.6')
  assert.is(ipOf(chain, 9), '6.6.6.6')
  assert.is(ipOf(chain, true), '6.6.6.6')
})

test('the family that is named is read, whatever the other one says', () => {
  const fields = [f('for=192.0.2.1;proto=https'), xff('192.0.2.2'), proto('http')]
  assert.is(ipOf(fields, undefined, { which: 'forwarded' }), '192.0.2.1')
  assert.is(ipOf(fields, undefined, { which: 'x-forwarded' }), '192.0.2.2')
  assert.is(ipOf([f('for=6.6.6.6')], undefined, { which: 'x-forwarded' }), PEER)
  assert.is(ipOf([xff('6.6.6.6')], undefined, { which: 'forwarded' }), PEER)
})

const urls: [what: string, fields: (readonly [string, string])[], url: string][] = [
  ['nothing', [], 'undefined undefined'],
  ['X-Forwarded-Proto', [proto('https')], 'https origin.test'],
  ['a scheme in capitals', [proto('HTTPS')], 'https origin.test'],
  ['the scheme of an upgrade', [proto('wss')], 'https origin.test'],
  ['a scheme that is none', [proto('javascript')], 'undefined origin.test'],
  ['a name of Object.prototype', [proto('constructor')], 'undefined origin.test'],
  ["a list of schemes: the client's own is not believed", [xff('192.0.2.1'), proto('https, http')], 'http origin.test'],
  ['two trusted hops', [xff('192.0.2.1, 10.0.0.2'), proto('https, http')], 'https origin.test'],
  ['two trusted hops, of which one says it', [xff('192.0.2.1, 10.0.0.2'), proto('https')], 'https origin.test'],
  ['X-Forwarded-Host', [host('example.test')], 'undefined example.test'],
  ['a host with a port', [host('example.test:8443'), proto('https')], 'https example.test:8443'],
  ['an own host of the client', [host('evil.test, example.test')], 'undefined example.test'],
  ['an IPv6 host', [host('[2001:db8::1]'), port('8080')], 'undefined [2001:db8::1]:8080'],
  ['a host that is none', [host('exa mple')], 'undefined origin.test'],
  ['a host with a path', [host('example.test/evil')], 'undefined origin.test'],
  ['a host with user information', [host('a@example.test')], 'undefined origin.test'],
  ['a port', [port('8080')], 'undefined origin.test:8080'],
  ['the port of the scheme', [port('443'), proto('https')], 'https origin.test'],
  ['the port of another scheme', [port('443')], 'undefined origin.test:443'],
  ['a host that has a port', [host('a.test:1'), port('2')], 'undefined a.test:1'],
  ['a port that is none', [port('0')], 'undefined origin.test'],
  ['a port that is too large', [port('65536')], 'undefined origin.test'],
  ['Forwarded', [f('for=192.0.2.1;proto=https;host=example.test')], 'https example.test'],
  ['a host in quotes', [f('for=192.0.2.1;host="example.test:8080"')], 'undefined example.test:8080'],
  [
    'Forwarded of two trusted hops',
    [f('proto=http;host=evil.test, for=192.0.2.1;proto=https;host=a.test, for=10.0.0.2;proto=http;host=b.test')],
    'https a.test',
  ],
  ['an element of whom the proxy hides', [f('host=evil.test, for=_hidden;proto=https;host=a.test')], 'https a.test'],
  [
    'families that agree on the client alone',
    [f('for=192.0.2.1;host=evil.test;proto=https'), xff('192.0.2.1'), host('a.test'), proto('https')],
    'https undefined',
  ],
  ['families that differ', [f('for=6.6.6.6;proto=https'), xff('192.0.2.1'), proto('https')], 'undefined undefined'],
]

for (const [what, fields, expected] of urls) {
  test(`${what}: scheme and host are ${expected}`, () => {
    const { scheme, host } = forwarding(fields)
    assert.is(`${scheme} ${host}`, expected)
  })
}

test('the port of the client is the one that its proxy has named', () => {
  assert.is(forwarding([]).port, 7)
  assert.is(forwarding([xff('192.0.2.1:4711')]).port, 4711)
  assert.is(forwarding([xff('192.0.2.1')]).port, 0)
  assert.is(forwarding([f('for="[2001:db8::1]:4711"')]).port, 4711)
})

test('a long list costs no more than its length', () => {
  const began = process.cpuUsage()
  for (const part of ['10.0.0.2,', '"', '\\"', '\\', 'for="', ',', 'for=10.0.0.2,']) {
    const list = part.repeat(60_000 / part.length)
    forwarding([xff(list)])
    forwarding([f(list)])
  }
  const { user, system } = process.cpuUsage(began)
  assert.ok(user + system < 2_000_000, `${user + system} µs`)
})

test('a proxy that has announced the client is one of the proxies that are trusted by number', () => {
  const fields = [xff('192.0.2.1, 192.0.2.2'), ['x-forwarded-proto', 'http, https']] as const
  const announced = (trustProxy: TrustProxy) => forwarding(fields, trustProxy, { peer: '203.0.113.7', passed: 1 })
  assert.is(announced(1).ip, '203.0.113.7')
  assert.is(announced(1).scheme, undefined)
  assert.is(announced(2).ip, '192.0.2.2')
  assert.is(announced(2).scheme, 'https')
  assert.is(announced(3).ip, '192.0.2.1')
})

test.run()
