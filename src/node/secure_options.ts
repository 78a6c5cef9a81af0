// The options of `https.createServer`, and from them to the TLS of the loop. As in Node, null and an empty text are no
// value.
import type https from 'node:https'
import type { SecureContextOptions } from 'node:tls'
import { coded } from '../runtime/errors.js'
import { wrongValue } from '../runtime/option_errors.js'
import { IDENTITY_OPTIONS, type TlsIdentity } from '../server/tls_options.js'

/** Options of `https.createServer` that brink does not have, with what to do instead. */
const REFUSED: Readonly<Record<string, string>> = {
  SNICallback: 'add the certificates by server.addContext(hostname, options)',
  ALPNCallback: 'the protocol is always http/1.1',
  pskCallback: 'ask clients for certificates, by requestCert and ca',
  pskIdentityHint: 'ask clients for certificates, by requestCert and ca',
  enableTrace: 'trace a client, such as openssl s_client -trace',
  secureProtocol: 'write minVersion and maxVersion',
  secureOptions: 'write minVersion and maxVersion',
  clientCertEngine: 'there are no engines in newer versions of OpenSSL',
  privateKeyEngine: 'give the key as "key"',
  privateKeyIdentifier: 'give the key as "key"',
  dhparam: 'all clients of TLS 1.2 and newer know elliptic curves, see ecdhCurve',
  sessionIdContext: 'servers with the same ticketKeys resume the sessions of each other',
}

/**
 * The options of `https.createServer`. `ticketKeys` may also be a list of keys with the newest first: that one encrypts,
 * all of them decrypt.
 */
export interface SecureServerOptions extends Omit<https.ServerOptions, 'ticketKeys'> {
  ticketKeys?: Uint8Array | readonly Uint8Array[] | undefined
}

/** Options of a certificate: those of `tls.createSecureContext`. */
export interface CertificateOptions extends Omit<SecureContextOptions, 'ticketKeys'> {
  ticketKeys?: Uint8Array | readonly Uint8Array[] | undefined
  requestCert?: boolean | undefined
  rejectUnauthorized?: boolean | undefined
}

/** @throws Error `ERR_TLS_OPTION` for an option that brink does not have, with what to do instead */
export function checkHasOptions(place: string, given: object): void {
  const options = given as Readonly<Record<string, unknown>>
  for (const [name, advice] of Object.entries(REFUSED)) {
    if (options[name]) throw refused(place, `the option ${name}`, advice)
  }
  if (options.honorCipherOrder === false)
    throw refused(place, 'honorCipherOrder: false', 'put the ciphers in the order')
  const { ALPNProtocols: protocols } = options
  if (!protocols || offersHttp(protocols)) return
  throw refused(place, 'ALPNProtocols without http/1.1', 'the protocol is http/1.1')
}

/** The error for what Node's function takes and brink's does not. */
export function refused(place: string, what: string, advice: string): Error {
  return coded(new Error(`${place} of brink/node/https does not take ${what}: ${advice}.`), 'ERR_TLS_OPTION')
}

/** Whether a list of protocols, or its form on the wire, has the only one that there is. */
function offersHttp(protocols: unknown): boolean {
  if (Array.isArray(protocols)) return protocols.some((each) => String(each) === 'http/1.1')
  return (
    ArrayBuffer.isView(protocols) &&
    Buffer.from(protocols.buffer, protocols.byteOffset, protocols.byteLength).includes('http/1.1')
  )
}

/**
 * Copies the bytes in the value of an option, in lists and objects such as `{ pem, passphrase }` too: it is kept for other
 * certificates, and whoever gave it may wipe it.
 */
export function copyOf<Value>(value: Value): Value
export function copyOf(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return Buffer.from(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
  if (Array.isArray(value)) return value.map((each) => copyOf(each))
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, copyOf(each)]))
}

/** The part of the options that is about a certificate. */
export function identityOf(given: CertificateOptions): TlsIdentity {
  const identity: Record<string, unknown> = {}
  for (const name of IDENTITY_OPTIONS) {
    const value = given[name]
    if (value !== undefined && value !== null && value !== '') identity[name] = copyOf(value)
  }
  return identity as TlsIdentity
}

export function hasCertificate({ key, cert, pfx }: TlsIdentity): boolean {
  return key !== undefined || cert !== undefined || pfx !== undefined
}

/** The default of Node. */
const HANDSHAKE_MS = 120_000

/** @throws TypeError `ERR_INVALID_ARG_VALUE` */
export function handshakeTimeoutOf({ handshakeTimeout }: SecureServerOptions): number {
  if (!handshakeTimeout) return HANDSHAKE_MS
  // Node has looked at its type.
  if (handshakeTimeout > 0 && handshakeTimeout <= 0x7fffffff) return Math.ceil(handshakeTimeout)
  throw wrongValue('handshakeTimeout', `must be from 1 to ${0x7fffffff} milliseconds, not ${handshakeTimeout}`)
}
