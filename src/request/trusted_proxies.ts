// Which peers may say who their client is: the option `trustProxy`.
import { isMapped, parseAddress, textOfAddress } from '../exchange/address.js'
import { describe } from '../runtime/describe.js'
import { wholeNumber, wrongType, wrongValue } from '../runtime/option_errors.js'

/**
 * The proxies that are trusted: none, every one, this many hops in front of the server, or those with an address in
 * this list.
 */
export type TrustProxy = boolean | number | string | readonly string[]

const MOST_HOPS = 100

/** Names for networks, as in Express. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
}
/** Peers on a Unix domain socket have no address. */
const UNIX = 'unix'

interface Network {
  readonly bytes: Uint8Array
  readonly prefix: number
  readonly isIpv4: boolean
}

/** The trusted peers in the form of the native side. */
export interface NativeTrust {
  readonly trustsAnyPeer: boolean
  readonly trustsUnixPeers: boolean
  /** Of each network 16 bytes of its address, the bits of its prefix, and 1 for IPv4. */
  readonly trustedNetworks: Uint8Array
}

/** Whoever is at this address, so many hops away: 0 for the peer. An address of zeros stands for a Unix socket. */
export class TrustedProxies {
  readonly #hops: number
  readonly #networks: readonly Network[]
  readonly #trustsUnix: boolean
  /** Whether addresses decide. */
  readonly isList: boolean

  private constructor(hops: number, list?: readonly string[]) {
    this.#hops = hops
    this.isList = list !== undefined
    this.#trustsUnix = list?.includes(UNIX) ?? false
    const entries = list?.filter((entry) => entry !== UNIX) ?? []
    this.#networks = entries.flatMap((entry) => NAMED[entry] ?? [entry]).map(networkOf)
  }

  /**
   * Validates the option. Undefined when it trusts nobody.
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`
   */
  static of(given: TrustProxy | undefined): TrustedProxies | undefined {
    if (given === undefined || given === false) return undefined
    if (given === true) return new TrustedProxies(Number.POSITIVE_INFINITY)
    if (typeof given === 'number') {
      const hops = wholeNumber('trustProxy', given, 0, 0, MOST_HOPS)
      return hops === 0 ? undefined : new TrustedProxies(hops)
    }
    const list = typeof given === 'string' ? given.split(',').map((entry) => entry.trim()) : given
    if (!Array.isArray(list) || list.some((entry) => typeof entry !== 'string')) {
      throw wrongType('trustProxy', 'a boolean, a number of hops, or a list of addresses and networks', given)
    }
    if (list.length === 0) throw wrongValue('trustProxy', 'must not be an empty list: false trusts nobody')
    return new TrustedProxies(0, list)
  }

  trusts(address: Uint8Array, hop: number): boolean {
    if (!this.isList) return hop < this.#hops
    const isIpv4 = isMapped(address)
    if (this.#networks.some((network) => contains(network, address, isIpv4))) return true
    return this.#trustsUnix && hop === 0 && address.every((byte) => byte === 0)
  }

  forNative(): NativeTrust {
    const trustedNetworks = new Uint8Array(18 * this.#networks.length)
    this.#networks.forEach(({ bytes, prefix, isIpv4 }, place) => {
      trustedNetworks.set([...bytes, prefix, isIpv4 ? 1 : 0], 18 * place)
    })
    return { trustsAnyPeer: !this.isList, trustsUnixPeers: this.#trustsUnix, trustedNetworks }
  }
}

function contains({ bytes, prefix, isIpv4 }: Network, address: Uint8Array, addressIsIpv4: boolean): boolean {
  if (isIpv4 !== addressIsIpv4) return false
  const whole = prefix >> 3
  for (let place = 0; place < whole; place += 1) if (bytes[place] !== address[place]) return false
  const rest = prefix & 7
  return rest === 0 || ((bytes[whole] as number) ^ (address[whole] as number)) >> (8 - rest) === 0
}

function networkOf(entry: string): Network {
  const [, text = '', digits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(entry) ?? []
  const bytes = parseAddress(text)
  if (bytes === undefined) {
    const names = [...Object.keys(NAMED), UNIX].join(', ')
    const what = `must list IP addresses, networks such as 10.0.0.0/8, or ${names}`
    throw wrongValue('trustProxy', `${what}, not ${describe(entry)}`)
  }
  const isDotted = !text.includes(':')
  const most = isDotted ? 32 : 128
  const given = digits === undefined ? most : Number(digits)
  if (given > most) throw wrongValue('trustProxy', `has a network with a prefix above ${most}: ${entry}`)
  const prefix = isDotted ? given + 96 : given
  const isIpv4 = prefix >= 96 && isMapped(bytes)
  const masked = bytes.map((byte, place) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix - 8 * place))))
  if (masked.some((byte, place) => byte !== bytes[place])) {
    const meant = `${textOfAddress(masked, isDotted)}/${given}`
    throw wrongValue('trustProxy', `has an address with more bits than its prefix: ${entry}; the network is ${meant}`)
  }
  return { bytes, prefix, isIpv4 }
}
