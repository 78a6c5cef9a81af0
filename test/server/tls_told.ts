// What an app is told of the TLS of a connection, as it answers it.
import type { BrinkRequest } from 'brink'

export function told({ tls }: BrinkRequest): Record<string, unknown> {
  return {
    version: tls?.version,
    cipher: tls?.cipher,
    servername: tls?.servername,
    resumed: tls?.resumed,
    authorized: tls?.authorized,
    error: tls?.authorizationError,
    subject: tls?.peerCertificate?.subject,
  }
}
