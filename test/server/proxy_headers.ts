// Headers of the PROXY protocol as bytes.

export const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n'

export interface Version2 {
  /** 1: a client's connection; 0: the proxy's own. */
  readonly command?: number
  readonly version?: number
  /** Family and transport, 4 bits each. */
  readonly family?: number
  readonly addresses?: readonly number[]
  /** What stands behind the addresses. */
  readonly more?: readonly number[] | Uint8Array
  /** Another length than there is. */
  readonly length?: number
}

export function version2({
  command = 1,
  version = 2,
  family = 0x11,
  addresses = [],
  more = [],
  length,
}: Version2): Buffer {
  const rest = Buffer.from([...addresses, ...more])
  const size = length ?? rest.length
  const fixed = Buffer.from([(version << 4) | command, family, size >> 8, size & 0xff])
  return Buffer.concat([Buffer.from(SIGNATURE, 'latin1'), fixed, rest])
}

/** 192.0.2.1:4711 to 198.51.100.1:80. */
export const INET = [192, 0, 2, 1, 198, 51, 100, 1, 0x12, 0x67, 0, 80]
const INET6_CLIENT = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
/** [2001:db8::1]:4711 to [2001:db8::1]:80. */
export const INET6 = [...INET6_CLIENT, ...INET6_CLIENT, 0x12, 0x67, 0, 80]

export const LINE = 'PROXY TCP4 192.0.2.1 198.51.100.1 4711 80\r\n'
export const HEADER = version2({ addresses: INET })

/** In version 1. */
export function line(text: string): string {
  return `PROXY ${text}\r\n`
}
