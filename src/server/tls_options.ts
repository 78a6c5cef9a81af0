// The option `tls`: what is checked of it, and from it to the contexts of the native side.

import { type NativeContextOptions, type NativeSecret, type NativeSecureContexts, native } from '../exchange/native.js'
import { describe } from '../runtime/describe.js'
import { coded } from '../runtime/errors.js'
import { lateBuiltin } from '../runtime/late_builtin.js'
import { knownOptions, wholeNumber, wrongType, wrongValue } from '../runtime/option_errors.js'
import { standardTicketKey, TICKET_KEY_BYTES } from './ticket_key.js'

/** A certificate or a list of them, in PEM form. */
export type Pem = string | Uint8Array

/** A private key with a passphrase of its own. */
export interface KeyWithPassphrase {
  pem: Pem
  passphrase?: string | undefined
}

/** A PKCS #12 archive with a passphrase of its own. */
export interface PfxWithPassphrase {
  buf: Uint8Array
  passphrase?: string | undefined
}

export type TlsVersion = 'TLSv1.3' | 'TLSv1.2' | 'TLSv1.1' | 'TLSv1'

/** A certificate, and who may connect by it. */
export interface TlsIdentity {
  /** The private key in PEM form. A list has one for each certificate in `cert`, in any order. */
  key?: Pem | KeyWithPassphrase | readonly (Pem | KeyWithPassphrase)[] | undefined
  /**
   * The certificate in PEM form, with the certificates of its chain behind it, as `fullchain.pem` of Let's Encrypt has
   * them. A list has certificates of several types, such as ECDSA and RSA; each client gets one that it understands.
   */
  cert?: Pem | readonly Pem[] | undefined
  /** The passphrase of keys and archives that have none of their own. */
  passphrase?: string | undefined
  /** PKCS #12 archives, instead of or beside `key` and `cert`. */
  pfx?: Uint8Array | PfxWithPassphrase | readonly (Uint8Array | PfxWithPassphrase)[] | undefined
  /** Who may sign the certificates of clients, in PEM form. Default: the authorities that Node trusts. */
  ca?: Pem | readonly Pem[] | undefined
  /** Certificate revocation lists in PEM form. There must be one for each authority. */
  crl?: Pem | readonly Pem[] | undefined
  /** Whether clients are asked for a certificate. Default: false. */
  requestCert?: boolean | undefined
  /**
   * With `requestCert`: whether the handshake fails without a trusted certificate. With false, handlers decide, by
   * `req.tls.authorized`. Default: true.
   */
  rejectUnauthorized?: boolean | undefined
  /** The lowest version. Default: `tls.DEFAULT_MIN_VERSION` of Node, `TLSv1.2`. */
  minVersion?: TlsVersion | undefined
  /** The highest version. Default: `tls.DEFAULT_MAX_VERSION` of Node, `TLSv1.3`. */
  maxVersion?: TlsVersion | undefined
  /**
   * The ciphers in OpenSSL's form, those of TLS 1.3 among them. Suites of TLS 1.3 alone switch TLS 1.2 off; without any,
   * OpenSSL's own are offered. Default: `tls.DEFAULT_CIPHERS` of Node.
   */
  ciphers?: string | undefined
  /**
   * The groups for the key exchange, in OpenSSL's form, or `auto`. Default: `tls.DEFAULT_ECDH_CURVE` of Node; in
   * `contexts` those of the certificate beside.
   */
  ecdhCurve?: string | undefined
  /** The signature algorithms in OpenSSL's form. Default: OpenSSL's. */
  sigalgs?: string | undefined
}

/**
 * TLS for a listener: certificates and rules, with the names and forms of `tls.createSecureContext` of Node. The OpenSSL
 * is the one in the process, so its security fixes come with Node.
 */
export interface TlsOptions extends TlsIdentity {
  /**
   * The keys with which session tickets are encrypted, 48 bytes each. The first one encrypts, all of them decrypt, so
   * that keys can be rotated. Servers that share them resume each other's sessions. Default: a key that is made when the
   * server starts, for workers when their supervisor starts, and that `setSecureContext` keeps.
   */
  ticketKeys?: Uint8Array | readonly Uint8Array[] | undefined
  /** How long a session can be resumed, in seconds. Default: 300. */
  sessionTimeout?: number | undefined
  /**
   * Certificates by the host name that a client asks for (SNI): exact names such as `a.example`, and `*.b.example` for
   * all names with one label more, in ASCII. Clients that ask for another name, or for none, get the certificate beside.
   */
  contexts?: Readonly<Record<string, TlsIdentity>> | undefined
}

export const IDENTITY_OPTIONS = [
  'key',
  'cert',
  'passphrase',
  'pfx',
  'ca',
  'crl',
  'requestCert',
  'rejectUnauthorized',
  'minVersion',
  'maxVersion',
  'ciphers',
  'ecdhCurve',
  'sigalgs',
] as const satisfies readonly (keyof TlsIdentity)[]

const TLS_OPTIONS = [
  ...IDENTITY_OPTIONS,
  'ticketKeys',
  'sessionTimeout',
  'contexts',
] as const satisfies readonly (keyof TlsOptions)[]

const ADVICE: Readonly<Record<string, string>> = {
  SNICallback: 'the certificates are in "contexts", by name',
  ALPNProtocols: 'it is http/1.1',
  secureProtocol: 'those are "minVersion" and "maxVersion"',
  secureOptions: 'those are "minVersion" and "maxVersion"',
  handshakeTimeout: 'it is an option of serve()',
  servername: 'the certificates are in "contexts", by name',
}

const VERSIONS: readonly string[] = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']
const LONGEST_SESSION_SECONDS = 7 * 86_400

/** The TLS of a listener. Its contexts can be replaced. */
export class SecureContext {
  #native: NativeSecureContexts
  #ticketKeys: readonly Uint8Array[]

  /**
   * @param name of the option, for errors
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, RangeError `ERR_OUT_OF_RANGE`, Error
   * `ERR_TLS_UNAVAILABLE` when there is no OpenSSL, `ERR_TLS_CONTEXT` when it refuses something
   */
  constructor(name: string, given: TlsOptions) {
    this.#ticketKeys = [standardTicketKey()]
    const made = this.#made(name, given)
    this.#native = made.contexts
    this.#ticketKeys = made.ticketKeys
  }

  get native(): NativeSecureContexts {
    return this.#native
  }

  /** Makes other contexts, and gives what the listeners have until then. Throws and changes nothing if they are wrong. */
  replace(name: string, given: TlsOptions): { from: NativeSecureContexts; to: NativeSecureContexts } {
    const from = this.#native
    const made = this.#made(name, given)
    this.#native = made.contexts
    this.#ticketKeys = made.ticketKeys
    return { from, to: made.contexts }
  }

  #made(name: string, given: TlsOptions): { contexts: NativeSecureContexts; ticketKeys: readonly Uint8Array[] } {
    known(name, given, TLS_OPTIONS)
    const ticketKeys = ticketKeysOf(name, given) ?? this.#ticketKeys
    const contexts = contextsOf(name, given, ticketKeys)
    const { whyNot } = native.tlsLibrary()
    if (whyNot !== undefined) {
      throw coded(new Error(`There is no TLS here: ${whyNot}.`), 'ERR_TLS_UNAVAILABLE')
    }
    try {
      return { contexts: native.secureContexts(contexts), ticketKeys }
    } catch (cause) {
      const why = String((cause as Error).message).replace(/^tls(?=[.[])/, name)
      throw coded(new Error(`The option ${why}.`, { cause }), 'ERR_TLS_CONTEXT')
    }
  }
}

function contextsOf(name: string, given: TlsOptions, keys: readonly Uint8Array[]): NativeContextOptions[] {
  const sessionTimeout = wholeNumber(`${name}.sessionTimeout`, given.sessionTimeout, 300, 1, LONGEST_SESSION_SECONDS)
  const common = { sessionTimeout, ticketKeys: keys.map(derivedKey) }
  const { contexts = {} } = given
  if (typeof contexts !== 'object' || contexts === null || Array.isArray(contexts)) {
    throw wrongType(`${name}.contexts`, 'an object with a certificate for each host name', contexts)
  }
  const first = identityOf(name, '', given)
  const hosts = new Set<string>()
  const others = Object.entries(contexts).map(([written, identity]) => {
    const place = `${name}.contexts['${written}']`
    const host = written.toLowerCase()
    if (!/^(?:\*\.)?[\w-]+(?:\.[\w-]+)*$/.test(host)) throw wrongValue(place, whyNoName(host))
    if (hosts.has(host)) throw wrongValue(place, 'must be given once, in capitals or not')
    hosts.add(host)
    known(place, identity, IDENTITY_OPTIONS)
    const own = identityOf(place, host, identity)
    return { ...common, ...own, groups: groupsOf(place, identity, own.groups, first.groups) }
  })
  return [{ ...common, ...first }, ...others]
}

/** Clients ask for a name in ASCII, without a dot at its end (RFC 6066, 3). */
function whyNoName(host: string): string {
  const { domainToASCII } = lateBuiltin('node:url')
  if (/[^ -~]/.test(host) && domainToASCII(host) !== '') {
    return `must be in ASCII, as clients ask for it: '${domainToASCII(host)}'`
  }
  if (host.endsWith('.')) return 'must have no dot at its end, where clients leave it out'
  return 'must be a host name, or "*." and the rest of one'
}

/** A connection begins with the groups beside. OpenSSL can give it others by name, but not its own defaults again. */
function groupsOf(place: string, { ecdhCurve }: TlsIdentity, own: string, beside: string): string {
  if (ecdhCurve === undefined) return beside
  if (own !== '' || beside === '') return own
  throw wrongValue(`${place}.ecdhCurve`, 'must name its groups where the certificate beside does')
}

function known<Given extends object>(name: string, given: Given, options: readonly (keyof Given & string)[]): void {
  if (typeof given !== 'object' || given === null) throw wrongType(name, 'an object such as { key, cert }', given)
  knownOptions(given, options, name, ADVICE)
}

function identityOf(
  place: string,
  host: string,
  given: TlsIdentity,
): Omit<NativeContextOptions, 'sessionTimeout' | 'ticketKeys'> {
  const { passphrase } = given
  if (passphrase !== undefined && typeof passphrase !== 'string') {
    throw wrongType(`${place}.passphrase`, 'a string', passphrase)
  }
  const asksForCertificate = flag(`${place}.requestCert`, given.requestCert, false)
  const rejects = flag(`${place}.rejectUnauthorized`, given.rejectUnauthorized, true)
  const authorities = pems(`${place}.ca`, given.ca)
  const revocations = pems(`${place}.crl`, given.crl)
  return {
    name: host,
    keys: listOf(given.key).map((key) => secretOf(`${place}.key`, 'pem', key, passphrase)),
    certs: pems(`${place}.cert`, given.cert),
    archives: listOf(given.pfx).map((pfx) => secretOf(`${place}.pfx`, 'buf', pfx, passphrase)),
    authorities: asksForCertificate && given.ca === undefined ? lateBuiltin('node:tls').rootCertificates : authorities,
    revocations,
    asksForCertificate,
    takesAnyCertificate: asksForCertificate && !rejects,
    // What a client has shown is part of its session, and resuming it does not ask again.
    sessionScope: scopeOf(host, asksForCertificate ? [`${rejects}`, ...authorities, ...revocations] : []),
    ...rulesOf(place, given),
  }
}

type Rules = 'leastVersion' | 'greatestVersion' | 'ciphers' | 'cipherSuites' | 'groups' | 'signatureAlgorithms'

function rulesOf(place: string, given: TlsIdentity): Pick<NativeContextOptions, Rules> {
  const standard = lateBuiltin('node:tls')
  const list = text(`${place}.ciphers`, given.ciphers) ?? standard.DEFAULT_CIPHERS ?? ''
  const names = list.split(':').filter((name) => name !== '')
  const foreign = given.ciphers?.split(':').find((name) => /TLS_\w+_WITH_/.test(name))
  if (foreign !== undefined) {
    const example = 'such as ECDHE-ECDSA-AES128-GCM-SHA256'
    throw wrongValue(`${place}.ciphers`, `must name ciphers of TLS 1.2 as OpenSSL does, ${example}, not ${foreign}`)
  }
  const cipherSuites = names.filter((name) => /^!?TLS_/.test(name)).join(':')
  const ciphers = names.filter((name) => !/^!?TLS_/.test(name)).join(':')
  let leastVersion = version(`${place}.minVersion`, given.minVersion) ?? standard.DEFAULT_MIN_VERSION ?? ''
  const greatestVersion = version(`${place}.maxVersion`, given.maxVersion) ?? standard.DEFAULT_MAX_VERSION ?? ''
  if (VERSIONS.indexOf(leastVersion) > VERSIONS.indexOf(greatestVersion) && greatestVersion !== '') {
    throw wrongValue(`${place}.minVersion`, `must not be higher than maxVersion, ${greatestVersion}`)
  }
  // As in Node: only suites of TLS 1.3 are only TLS 1.3, and ciphers of TLS 1.2 leave the suites as they are.
  if (given.ciphers !== undefined && ciphers === '') {
    leastVersion = 'TLSv1.3'
    if (cipherSuites === '' || (greatestVersion !== 'TLSv1.3' && greatestVersion !== '')) {
      throw wrongValue(`${place}.ciphers`, 'must have a cipher for one of the versions from minVersion to maxVersion')
    }
  }
  const curve = nonEmpty(`${place}.ecdhCurve`, given.ecdhCurve) ?? standard.DEFAULT_ECDH_CURVE ?? 'auto'
  return {
    leastVersion,
    greatestVersion,
    ciphers,
    cipherSuites,
    groups: curve === 'auto' ? '' : curve,
    signatureAlgorithms: nonEmpty(`${place}.sigalgs`, given.sigalgs) ?? '',
  }
}

function ticketKeysOf(name: string, { ticketKeys }: TlsOptions): readonly Uint8Array[] | undefined {
  if (ticketKeys === undefined) return undefined
  const keys: readonly unknown[] = Array.isArray(ticketKeys) ? ticketKeys : [ticketKeys]
  if (keys.length === 0) throw wrongValue(`${name}.ticketKeys`, 'must have at least one key')
  // Copies, because they are kept for other certificates, and whoever gave them may wipe them.
  return keys.map((key) => {
    if (!(key instanceof Uint8Array)) throw wrongType(`${name}.ticketKeys`, '48 bytes, or a list of them', key)
    if (key.byteLength === TICKET_KEY_BYTES) return Uint8Array.from(key)
    throw wrongValue(`${name}.ticketKeys`, `must have ${TICKET_KEY_BYTES} bytes each, not ${key.byteLength}`)
  })
}

/** A name of 16 bytes, and keys of 32 bytes for HMAC and AES, from the 48 bytes that Node takes. */
function derivedKey(key: Uint8Array): Uint8Array {
  const { createHash } = lateBuiltin('node:crypto')
  return Buffer.concat([key.subarray(0, 16), createHash('sha512').update(key).digest()])
}

function scopeOf(host: string, parts: readonly Pem[]): Uint8Array {
  const hash = lateBuiltin('node:crypto').createHash('sha256')
  for (const part of [host, ...parts]) hash.update(`${part.length}:`).update(part)
  return hash.digest()
}

function secretOf(name: string, property: 'pem' | 'buf', given: unknown, passphrase: string | undefined): NativeSecret {
  if (isBytes(given, property)) return { bytes: given, passphrase }
  const { [property]: bytes, passphrase: own = passphrase } = Object(given) as Record<string, unknown>
  if (!isBytes(bytes, property)) {
    throw wrongType(name, property === 'pem' ? 'a key in PEM form' : 'the bytes of a PKCS #12 archive', given)
  }
  if (own !== undefined && typeof own !== 'string') throw wrongType(`${name}.passphrase`, 'a string', own)
  return { bytes, passphrase: own }
}

function isBytes(value: unknown, property: 'pem' | 'buf'): value is Pem {
  return value instanceof Uint8Array || (property === 'pem' && typeof value === 'string')
}

function pems(name: string, given: Pem | readonly Pem[] | undefined): readonly Pem[] {
  return listOf(given).map((pem) => {
    if (isBytes(pem, 'pem')) return pem
    throw wrongType(name, 'text in PEM form, or a list of it', pem)
  })
}

function listOf<Item>(given: Item | readonly Item[] | undefined): readonly Item[] {
  if (given === undefined) return []
  return Array.isArray(given) ? given : [given as Item]
}

function flag(name: string, given: unknown, standard: boolean): boolean {
  if (given === undefined) return standard
  if (typeof given !== 'boolean') throw wrongType(name, 'a boolean', given)
  return given
}

function text(name: string, given: unknown): string | undefined {
  if (given === undefined || typeof given === 'string') return given
  throw wrongType(name, 'a string', given)
}

function nonEmpty(name: string, given: unknown): string | undefined {
  if (given !== '') return text(name, given)
  throw wrongValue(name, 'must not be empty: leave it out for the default')
}

function version(name: string, given: string | undefined): string | undefined {
  if (given === undefined || VERSIONS.includes(given)) return given
  throw wrongValue(name, `must be one of ${VERSIONS.join(', ')}, not ${describe(given)}`)
}
