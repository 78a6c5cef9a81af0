// The certificates of an https server: those of its options, those that were added by name, and the keys of its session
// tickets.
import type { X509Certificate } from 'node:crypto'
import type { SecureContext as NodeContext } from 'node:tls'
import type { NativeSecureContexts } from '../exchange/native.js'
import { lateBuiltin } from '../runtime/late_builtin.js'
import { standardTicketKey } from '../server/ticket_key.js'
import { SecureContext, type TlsIdentity, type TlsOptions } from '../server/tls_options.js'
import {
  type CertificateOptions,
  checkHasOptions,
  copyOf,
  handshakeTimeoutOf,
  hasCertificate,
  identityOf,
  refused,
  type SecureServerOptions,
} from './secure_options.js'

/** What is replaced as a whole, or not at all. */
interface Certificates {
  readonly identity: TlsIdentity
  readonly named: ReadonlyMap<string, TlsIdentity>
  readonly ticketKeys: readonly Uint8Array[]
  readonly sessionTimeout: number | undefined
}

/** The contexts that listeners have, and those that they get in their place. */
export interface Replaced {
  readonly from: NativeSecureContexts
  readonly to: NativeSecureContexts
}

export class ServerSecurity {
  readonly handshakeTimeout: number
  readonly #requestCert: boolean
  readonly #rejectUnauthorized: boolean
  #certificates: Certificates
  /** Undefined until there is a certificate. */
  #context: SecureContext | undefined
  #issuers: readonly X509Certificate[] | undefined

  /** @throws what `serve` throws for the option `tls`, and Error `ERR_TLS_OPTION` */
  constructor(options: SecureServerOptions) {
    checkHasOptions('createServer()', options)
    this.handshakeTimeout = handshakeTimeoutOf(options)
    // As in Node, other values are the defaults.
    this.#requestCert = options.requestCert === true
    this.#rejectUnauthorized = options.rejectUnauthorized !== false
    const ticketKeys = keysOf(options) ?? [standardTicketKey()]
    const { sessionTimeout } = options
    this.#certificates = { identity: identityOf(options), named: new Map(), ticketKeys, sessionTimeout }
    this.#replace(this.#certificates)
  }

  /** For listeners. @throws Error `ERR_TLS_CONTEXT` without any certificate */
  get contexts(): NativeSecureContexts {
    this.#context ??= new SecureContext('https', this.#tls(this.#certificates))
    return this.#context.native
  }

  /** The key that encrypts. */
  get ticketKey(): Buffer {
    return Buffer.from(this.#certificates.ticketKeys[0] as Uint8Array)
  }

  /** Whether clients are asked for certificates. */
  get asks(): boolean {
    return this.#requestCert || [...this.#certificates.named.values()].some(({ requestCert }) => requestCert)
  }

  /** The certificates of `ca`, in which the issuer of a client's certificate is looked for. */
  get issuers(): readonly X509Certificate[] {
    this.#issuers ??= this.#readIssuers()
    return this.#issuers
  }

  setSecureContext(options: CertificateOptions): Replaced | undefined {
    checkHasOptions('setSecureContext()', options)
    const { ticketKeys, sessionTimeout } = this.#certificates
    return this.#replace({
      identity: identityOf(options),
      named: this.#certificates.named,
      ticketKeys: keysOf(options) ?? ticketKeys,
      sessionTimeout: options.sessionTimeout ?? sessionTimeout,
    })
  }

  /** As in Node, the last one of a name counts. */
  addContext(hostname: string, given: CertificateOptions | NodeContext): Replaced | undefined {
    if ('context' in given) {
      throw refused('addContext()', 'a SecureContext', 'give its options, such as { key, cert }')
    }
    checkHasOptions('addContext()', given)
    const { requestCert = this.#requestCert, rejectUnauthorized = this.#rejectUnauthorized } = given
    const named = new Map(this.#certificates.named)
    named.set(hostname.toLowerCase(), { ...identityOf(given), requestCert, rejectUnauthorized })
    return this.#replace({ ...this.#certificates, named })
  }

  setTicketKeys(given: Uint8Array | readonly Uint8Array[]): Replaced | undefined {
    return this.#replace({ ...this.#certificates, ticketKeys: keysOf({ ticketKeys: given }) ?? [] })
  }

  #replace(certificates: Certificates): Replaced | undefined {
    const { identity, named } = certificates
    const tls = this.#tls(certificates)
    let replaced: Replaced | undefined
    if (this.#context !== undefined) replaced = this.#context.replace('https', tls)
    // Without a certificate, there may be some later.
    else if (hasCertificate(identity) || named.size > 0) this.#context = new SecureContext('https', tls)
    this.#certificates = certificates
    this.#issuers = undefined
    return replaced
  }

  #tls({ identity, named, ticketKeys, sessionTimeout }: Certificates): TlsOptions {
    const asking = { requestCert: this.#requestCert, rejectUnauthorized: this.#rejectUnauthorized }
    const [first] = named.values()
    const own = hasCertificate(identity) || first === undefined ? { ...identity, ...asking } : { ...identity, ...first }
    return { ...own, ticketKeys, sessionTimeout, contexts: Object.fromEntries(named) }
  }

  #readIssuers(): readonly X509Certificate[] {
    const { identity, named } = this.#certificates
    const { X509Certificate } = lateBuiltin('node:crypto')
    const texts = [identity, ...named.values()].flatMap(({ ca = [] }) => ca).map((pem) => pem.toString())
    return texts.flatMap((text) => text.match(PEM) ?? []).map((pem) => new X509Certificate(pem))
  }
}

const PEM = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g

function keysOf({ ticketKeys }: CertificateOptions): readonly Uint8Array[] | undefined {
  if (ticketKeys === undefined || ticketKeys === null) return undefined
  return copyOf(ticketKeys instanceof Uint8Array ? [ticketKeys] : ticketKeys)
}
