// The option trustProxy: what it takes, and whom it trusts.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseAddress, textOfAddress } from '#brink/exchange/address.js'
import { TrustedProxies, type TrustProxy } from '#brink/request/trusted_proxies.js'
import { checkedOptions, type ServeOptions } from '#brink/server/options.js'

const bytesOf = (text: string) => parseAddress(text) as Uint8Array
const trusts = (given: TrustProxy, address: string, hop = 0) =>
  TrustedProxies.of(given)?.trusts(bytesOf(address), hop) ?? false

const addresses: [text: string, canonical: string | undefined][] = [
  ['1.2.3.4', '1.2.3.4'],
  ['255.255.255.255', '255.255.255.255'],
  ['::ffff:1.2.3.4', '1.2.3.4'],
  ['::FFFF:102:304', '1.2.3.4'],
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
  ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ...[
    '',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '256.1.1.1',
    '1.2.3.4 ',
    '0x1.2.3.4',
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '::1::',
    ':1:2:3:4:5:6:7',
    '12345::',
    '1.2.3.4::',
    '::1.2.3',
    '::1.2.3.4:5',
    'fe80::1%eth0',
    '[::1]',
    'g::',
  ].map((text): [string, undefined] => [text, undefined]),
]

for (const [text, canonical] of addresses) {
  test(`${JSON.stringify(text)} is ${canonical ?? 'no address'}`, () => {
    const bytes = parseAddress(text)
    assert.is(bytes && textOfAddress(bytes), canonical)
  })
}

const trusting: [given: TrustProxy, address: string, hop: number, isTrusted: boolean][] = [
  [false, '127.0.0.1', 0, false],
  [0, '127.0.0.1', 0, false],
  [true, '203.0.113.1', 7, true],
  [1, '203.0.113.1', 0, true],
  [1, '203.0.113.1', 1, false],
  [2, '203.0.113.1', 1, true],
  ['10.0.0.1', '10.0.0.1', 9, true],
  ['10.0.0.1', '10.0.0.2', 0, false],
  ['10.0.0.1, 10.0.0.2', '10.0.0.2', 0, true],
  [['10.0.0.0/9'], '10.127.255.255', 0, true],
  [['10.0.0.0/9'], '10.128.0.0', 0, false],
  [['0.0.0.0/0'], '203.0.113.1', 0, true],
  [['0.0.0.0/0'], '::1', 0, false],
  [['::/0'], '::1', 0, true],
  [['::/0'], '203.0.113.1', 0, false],
  [['2001:db8::/33'], '2001:db8:7fff::1', 0, true],
  [['2001:db8::/33'], '2001:db8:8000::1', 0, false],
  [['::ffff:10.0.0.0/104'], '10.1.2.3', 0, true],
  [['10.0.0.0/8'], '::ffff:10.1.2.3', 0, true],
  ['loopback', '127.9.9.9', 0, true],
  ['loopback', '::1', 0, true],
  ['loopback', '10.0.0.1', 0, false],
  ['linklocal', 'fe80::1', 0, true],
  ['uniquelocal', '172.31.0.1', 0, true],
  ['uniquelocal', '172.32.0.1', 0, false],
  ['uniquelocal', 'fd00::1', 0, true],
  ['unix', '::', 0, true],
  ['unix', '::', 1, false],
  ['unix', '::1', 0, false],
  ['loopback', '::', 0, false],
]

for (const [given, address, hop, isTrusted] of trusting) {
  test(`trustProxy ${JSON.stringify(given)} ${isTrusted ? 'trusts' : 'does not trust'} ${address} at hop ${hop}`, () => {
    assert.is(trusts(given, address, hop), isTrusted)
  })
}

const wrong: [option: string, value: unknown, code: string, message: RegExp][] = [
  ['trustProxy', null, 'ERR_INVALID_ARG_TYPE', /a boolean, a number of hops, or a list/],
  ['trustProxy', {}, 'ERR_INVALID_ARG_TYPE', /a boolean, a number of hops, or a list/],
  ['trustProxy', [1], 'ERR_INVALID_ARG_TYPE', /a boolean, a number of hops, or a list/],
  ['trustProxy', -1, 'ERR_OUT_OF_RANGE', /from 0 to 100, not -1/],
  ['trustProxy', 1.5, 'ERR_OUT_OF_RANGE', /from 0 to 100, not 1.5/],
  ['trustProxy', [], 'ERR_INVALID_ARG_VALUE', /empty list/],
  ['trustProxy', '', 'ERR_INVALID_ARG_VALUE', /not ''/],
  ['trustProxy', 'true', 'ERR_INVALID_ARG_VALUE', /not 'true'/],
  ['trustProxy', ['proxy.local'], 'ERR_INVALID_ARG_VALUE', /not 'proxy.local'/],
  ['trustProxy', ['10.0.0.0/33'], 'ERR_INVALID_ARG_VALUE', /a prefix above 32: 10.0.0.0\/33/],
  ['trustProxy', ['::/129'], 'ERR_INVALID_ARG_VALUE', /a prefix above 128/],
  ['trustProxy', ['10.0.0.0/'], 'ERR_INVALID_ARG_VALUE', /not '10.0.0.0\/'/],
  ['trustProxy', ['10.1.2.3/8'], 'ERR_INVALID_ARG_VALUE', /10.1.2.3\/8; the network is 10.0.0.0\/8/],
  ['trustProxy', ['2001:db8::1/32'], 'ERR_INVALID_ARG_VALUE', /the network is 2001:db8::\/32/],
  ['forwardedFields', 'x', 'ERR_INVALID_ARG_VALUE', /auto, forwarded or x-forwarded, not 'x'/],
  ['proxyProtocol', true, 'ERR_INVALID_ARG_VALUE', /false, 'accept' or 'require', not true/],
  ['proxyProtocol', 'v2', 'ERR_INVALID_ARG_VALUE', /not 'v2'/],
  ['proxyProtocol', 'accept', 'ERR_INVALID_ARG_VALUE', /any client could send a header/],
]

for (const [option, value, code, message] of wrong) {
  test(`${option}: ${JSON.stringify(value)} is refused with ${code}`, () => {
    assert.throws(
      () => checkedOptions({ [option]: value }),
      (error: Error & { code: string }) =>
        error.code === code && message.test(error.message) && error.message.includes(option),
    )
  })
}

test('the proxyProtocol of a listener is checked like that of the server, under its name', () => {
  const first = (proxyProtocol: unknown) => ({ listen: [{ port: 0 }, { port: 0, proxyProtocol }] }) as ServeOptions
  for (const [given, expected] of [
    [true, /^The option "listen\[1\]\.proxyProtocol" must be false, 'accept' or 'require', not true\.$/],
    [null, /^The option "listen\[1\]\.proxyProtocol" must be .* not null\.$/],
    ['accept', /^The option "listen\[1\]\.proxyProtocol" must not be 'accept' for everybody/],
  ] as const) {
    assert.throws(
      () => checkedOptions(first(given)),
      ({ code, message }: NodeJS.ErrnoException) => code === 'ERR_INVALID_ARG_VALUE' && expected.test(message),
    )
    assert.throws(() => checkedOptions({ ...first(given), trustProxy: 1 }))
  }
  const { places } = checkedOptions({ ...first('accept'), proxyProtocol: 'require', trustProxy: 'loopback' })
  assert.equal(
    places.map(({ proxyProtocol }) => proxyProtocol),
    [undefined, 'accept'],
  )
})

test("proxyProtocol 'accept' needs a list, not a number of hops", () => {
  for (const trustProxy of [true, 1]) {
    assert.throws(() => checkedOptions({ proxyProtocol: 'accept', trustProxy }), /name the proxies' addresses/)
  }
  assert.is(checkedOptions({ proxyProtocol: 'accept', trustProxy: 'loopback' }).proxyProtocol, 'accept')
})

test.run()
