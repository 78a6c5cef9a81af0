import type { X509Certificate } from 'node:crypto'
import { lateBuiltin } from '../runtime/late_builtin.js'

/** What the TLS handshake of a connection has agreed on. All requests of a connection have the same object. */
export class TlsFacts {
  /** The version, such as `TLSv1.3`. */
  readonly version: string
  /** The cipher by OpenSSL's name, such as `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string
  /** The host name that the client has asked for (SNI, RFC 6066 §3); undefined when it has named none. */
  readonly servername: string | undefined
  /** Whether the client has resumed an earlier session. */
  readonly resumed: boolean
  /** Whether the client has shown a certificate, and it is trusted. False when it was not asked for one. */
  readonly authorized: boolean
  /** Why the certificate of the client is not trusted, in OpenSSL's words; otherwise undefined. */
  readonly authorizationError: string | undefined
  /** @internal The protocol that was chosen by ALPN (RFC 7301); undefined when the client has offered none. */
  readonly alpnProtocol: string | undefined
  readonly #der: Uint8Array | undefined
  #certificate: X509Certificate | undefined

  /** @internal */
  constructor(text: string, resumed: boolean, authorized: boolean, certificate: Uint8Array | undefined) {
    const [version = '', cipher = '', servername = '', complaint = '', protocol = ''] = text.split('\0')
    this.version = version
    this.cipher = cipher
    this.servername = servername === '' ? undefined : servername
    this.resumed = resumed
    this.authorized = authorized
    this.authorizationError = complaint === '' ? undefined : complaint
    this.alpnProtocol = protocol === '' ? undefined : protocol
    this.#der = certificate
  }

  /**
   * The certificate of the client, which is parsed when this is first read; undefined when it has shown none. Trust it
   * only if `authorized` is true.
   */
  get peerCertificate(): X509Certificate | undefined {
    if (this.#der === undefined) return undefined
    this.#certificate ??= new (lateBuiltin('node:crypto').X509Certificate)(this.#der)
    return this.#certificate
  }
}
