// Listening on machines that have not every family of addresses.
import { createRequire } from 'node:module'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { NativeReactor } from '#brink/exchange/native.js'
import { listenOn } from '#brink/server/listening.js'
import { checkedOptions } from '#brink/server/options.js'

const os = createRequire(import.meta.url)('node:os') as { networkInterfaces: () => object }
const EAFNOSUPPORT = -97
const EADDRNOTAVAIL = -99

/** Listens where the system lets it. */
async function listened(host: string, refuse: (address: string) => number, interfaces = {}, ipv6Only = false) {
  const asked: string[] = []
  const listen = (address: string) => {
    asked.push(address)
    const errno = refuse(address)
    return errno === 0 ? { port: 80 } : { errno, syscall: 'socket' }
  }
  const reactors = [{ listen } as unknown as NativeReactor]
  const { networkInterfaces } = os
  os.networkInterfaces = () => interfaces
  try {
    const { bound } = await listenOn(checkedOptions({ host, port: 80, ipv6Only }).places, () => ({
      reactors,
      abandon: () => {},
    }))
    return { url: bound.listeners[0]?.url, asked }
  } finally {
    os.networkInterfaces = networkInterfaces
  }
}

const ofIpv6 = (errno: number) => (address: string) => (address.includes(':') ? errno : 0)
const loopbacks = (...addresses: string[]) => ({ lo: addresses.map((address) => ({ address })) })

const linux = process.platform === 'linux' ? test : test.skip

linux(':: without IPv6 is every network of IPv4', async () => {
  for (const host of ['::', '[::]']) {
    const { url, asked } = await listened(host, ofIpv6(EAFNOSUPPORT), loopbacks('127.0.0.1'))
    assert.is(url, 'http://127.0.0.1:80')
    assert.equal(asked, ['::', '0.0.0.0'])
  }
})

linux(':: where IPv6 has no address is found by IPv4', async () => {
  assert.is((await listened('::', () => 0, loopbacks('127.0.0.1'))).url, 'http://127.0.0.1:80')
  assert.is((await listened('::', () => 0, loopbacks('127.0.0.1', '::1'))).url, 'http://[::1]:80')
})

linux('with ipv6Only, :: is an address that answers, or an error', async () => {
  const on = (...addresses: string[]) => listened('::', () => 0, loopbacks(...addresses), true)
  assert.is((await on('127.0.0.1', '::1')).url, 'http://[::1]:80')
  assert.is((await on('127.0.0.1', 'fe80::1', '2001:db8::7')).url, 'http://[2001:db8::7]:80')
  const codeOf = async (promise: Promise<unknown>) => promise.catch(({ code }: NodeJS.ErrnoException) => code)
  assert.is(await codeOf(on('127.0.0.1', 'fe80::1')), 'EADDRNOTAVAIL')
  assert.is(await codeOf(listened('::', ofIpv6(EAFNOSUPPORT), {}, true)), 'EAFNOSUPPORT')
})

linux('an address that the machine does not have is an error that says so', async () => {
  for (const [host, errno, code] of [
    ['[::1]', EADDRNOTAVAIL, 'EADDRNOTAVAIL'],
    ['::1', EAFNOSUPPORT, 'EAFNOSUPPORT'],
  ] as const) {
    try {
      await listened(host, ofIpv6(errno))
      assert.unreachable('it listens')
    } catch (error) {
      assert.is((error as { code?: string }).code, code)
      assert.match((error as Error).message, `${code}`)
      assert.match((error as Error).message, '::1:80')
    }
  }
})

test.run()
