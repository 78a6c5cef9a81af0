// The socket of a connection with TLS: like a TLSSocket, and an instance of it, but the loop speaks TLS.
import type { X509Certificate } from 'node:crypto'
import { Socket } from 'node:net'
import type { CipherNameAndProtocol, DetailedPeerCertificate, EphemeralKeyInfo, PeerCertificate } from 'node:tls'
import type { TlsFacts } from '../exchange/tls_facts.js'
import { coded } from '../runtime/errors.js'
import { lateBuiltin } from '../runtime/late_builtin.js'
import { timers } from '../runtime/timers.js'
import { cipherName } from './cipher_name.js'
import { detailedForm, legacyForm } from './peer_certificate.js'
import type { ServerSecurity } from './server_security.js'
import { BrinkSocket, type SocketOwner } from './socket.js'
import { NO_CERTIFICATE, verificationCode } from './tls_errors.js'

export class SecureSocket extends BrinkSocket {
  readonly encrypted = true
  authorized = false
  /** The code of Node for why the certificate of the client is not trusted. */
  authorizationError: string | null = null
  /** False when the client has named no host, null before the end of the handshake. */
  servername: string | false | null = null
  /** False when the client has offered none, null before the end of the handshake. */
  alpnProtocol: string | false | null = null
  secureConnecting = true
  /** Node's own property, by which servers tell whether the handshake has failed. */
  _secureEstablished = false
  readonly #connection: SocketOwner
  readonly #security: ServerSecurity

  constructor(connection: SocketOwner, highWaterMark: number, security: ServerSecurity) {
    super(connection, highWaterMark)
    this.#connection = connection
    this.#security = security
    if (connection.tls !== undefined) this.secured(connection.tls)
  }

  /** The handshake is over. */
  secured(facts: TlsFacts): void {
    this.secureConnecting = false
    this._secureEstablished = true
    this.authorized = facts.authorized
    this.servername = facts.servername ?? false
    this.alpnProtocol = facts.alpnProtocol ?? false
    if (facts.authorizationError !== undefined) this.authorizationError = verificationCode(facts.authorizationError)
    else if (!facts.authorized && this.#security.asks) this.authorizationError = NO_CERTIFICATE
  }

  getPeerX509Certificate(): X509Certificate | undefined {
    return this.#connection.tls?.peerCertificate
  }

  /** With `isDetailed`, issuers are those in `ca`. Without a certificate an empty object, as in Node. */
  getPeerCertificate(isDetailed?: boolean): PeerCertificate | DetailedPeerCertificate | null {
    if (this.destroyed) return null
    const certificate = this.getPeerX509Certificate()
    if (certificate === undefined) return {} as PeerCertificate
    return isDetailed ? detailedForm(certificate, this.#security.issuers) : legacyForm(certificate)
  }

  getCipher(): CipherNameAndProtocol | undefined {
    const { tls } = this.#connection
    return tls === undefined ? undefined : cipherName(tls.cipher)
  }

  getProtocol(): string | null {
    return this.#connection.tls?.version ?? null
  }

  isSessionReused(): boolean {
    return this.#connection.tls?.resumed ?? false
  }

  // What Node gives for a connection of a server.

  getEphemeralKeyInfo(): EphemeralKeyInfo | object | null {
    return null
  }

  getTLSTicket(): Buffer | undefined {
    return undefined
  }

  /** Renegotiation is always disabled. */
  disableRenegotiation(): void {}

  renegotiate(_options: object, callback?: (error: Error | null) => void): boolean {
    if (callback !== undefined) timers.nextTick(callback, unavailable('renegotiate'))
    return false
  }

  /** OpenSSL's size stays. */
  setMaxSendFragment(_size: number): boolean {
    return false
  }
}

function unavailable(method: string): Error {
  return coded(
    new Error(`The method ${method}() is not available on connections of brink/node/https.`),
    'ERR_METHOD_NOT_IMPLEMENTED',
  )
}

/** Makes the sockets instances of TLSSocket, none of whose own methods runs on them. Called once, because it loads `node:tls`. */
export function becomeTlsSockets(): void {
  const { TLSSocket } = lateBuiltin('node:tls')
  // Between the two prototypes there is room for one more: that of BrinkSocket is also that of sockets without TLS.
  const between = Object.create(TLSSocket.prototype, Object.getOwnPropertyDescriptors(BrinkSocket.prototype)) as object
  Object.setPrototypeOf(SecureSocket.prototype, between)
  for (const name of Object.getOwnPropertyNames(TLSSocket.prototype)) {
    if (Object.hasOwn(SecureSocket.prototype, name) || Object.hasOwn(between, name)) continue
    const ofSocket: unknown = Socket.prototype[name as keyof Socket]
    const value = ofSocket ?? (name.startsWith('_') ? ignore : refusing(name))
    Object.defineProperty(between, name, { value, writable: true, configurable: true })
  }
  Object.defineProperty(SecureSocket.prototype, 'constructor', { value: TLSSocket, configurable: true })
}

function ignore(): void {}

function refusing(method: string): () => never {
  return () => {
    throw unavailable(method)
  }
}
