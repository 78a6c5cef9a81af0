// Errors of TLS with the codes of Node.
import { coded } from '../runtime/errors.js'

/** The error of a connection that has failed, as 'tlsClientError' and 'clientError' have it. */
export function tlsError(code: string, reason: string): Error & { code: string } {
  if (code === 'TLS_HANDSHAKE_TIMEOUT') return coded(new Error('TLS handshake timeout'), 'ERR_TLS_HANDSHAKE_TIMEOUT')
  if (code === 'PLAIN_HTTP') return opensslError('http request')
  if (reason === '' || reason === LEFT) return coded(new Error('socket hang up'), 'ECONNRESET')
  return opensslError(reason)
}

/** What the native side says of a client that has left. All other reasons are OpenSSL's. */
const LEFT = 'the client has closed the connection'

function opensslError(reason: string): Error & { code: string } {
  const library = 'SSL routines'
  const code = `ERR_SSL_${reason.toUpperCase().replaceAll(/[^A-Z\d]+/g, '_')}`
  return Object.assign(new Error(`error:${library}::${reason}`), { library, reason, code })
}

/** Why a certificate is not trusted: OpenSSL's words, and the codes that Node has for them. */
const VERIFICATION: Readonly<Record<string, string>> = {
  'unable to get issuer certificate': 'UNABLE_TO_GET_ISSUER_CERT',
  'unable to get certificate CRL': 'UNABLE_TO_GET_CRL',
  "unable to decrypt certificate's signature": 'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
  "unable to decrypt CRL's signature": 'UNABLE_TO_DECRYPT_CRL_SIGNATURE',
  'unable to decode issuer public key': 'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'certificate signature failure': 'CERT_SIGNATURE_FAILURE',
  'CRL signature failure': 'CRL_SIGNATURE_FAILURE',
  'certificate is not yet valid': 'CERT_NOT_YET_VALID',
  'certificate has expired': 'CERT_HAS_EXPIRED',
  'CRL is not yet valid': 'CRL_NOT_YET_VALID',
  'CRL has expired': 'CRL_HAS_EXPIRED',
  "format error in certificate's notBefore field": 'ERROR_IN_CERT_NOT_BEFORE_FIELD',
  "format error in certificate's notAfter field": 'ERROR_IN_CERT_NOT_AFTER_FIELD',
  "format error in CRL's lastUpdate field": 'ERROR_IN_CRL_LAST_UPDATE_FIELD',
  "format error in CRL's nextUpdate field": 'ERROR_IN_CRL_NEXT_UPDATE_FIELD',
  'out of memory': 'OUT_OF_MEM',
  'self-signed certificate': 'DEPTH_ZERO_SELF_SIGNED_CERT',
  'self-signed certificate in certificate chain': 'SELF_SIGNED_CERT_IN_CHAIN',
  'unable to get local issuer certificate': 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'unable to verify the first certificate': 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'certificate chain too long': 'CERT_CHAIN_TOO_LONG',
  'certificate revoked': 'CERT_REVOKED',
  'invalid CA certificate': 'INVALID_CA',
  'path length constraint exceeded': 'PATH_LENGTH_EXCEEDED',
  'unsuitable certificate purpose': 'INVALID_PURPOSE',
  'certificate not trusted': 'CERT_UNTRUSTED',
  'certificate rejected': 'CERT_REJECTED',
  'hostname mismatch': 'HOSTNAME_MISMATCH',
}

/** As in Node, the code of a client that was asked for a certificate, and has shown none. */
export const NO_CERTIFICATE = 'UNABLE_TO_GET_ISSUER_CERT'

/** The code of `TLSSocket.authorizationError`. As in Node, `UNSPECIFIED` for those that have none. */
export function verificationCode(words: string): string {
  return VERIFICATION[words] ?? 'UNSPECIFIED'
}
