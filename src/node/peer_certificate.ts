// A certificate in the form of `TLSSocket.getPeerCertificate`.
import type { X509Certificate } from 'node:crypto'
import type { DetailedPeerCertificate, PeerCertificate } from 'node:tls'

/** Longer chains are not read. OpenSSL's limit is the same. */
const LONGEST_CHAIN = 100

export function legacyForm(certificate: X509Certificate): PeerCertificate {
  const form = certificate.toLegacyObject()
  const access = form.infoAccess as unknown
  return typeof access === 'string' ? { ...form, infoAccess: accessOf(access) } : form
}

/** With `issuerCertificate`, as far as the issuers are known. That of a certificate that signs itself is itself. */
export function detailedForm(
  certificate: X509Certificate,
  issuers: readonly X509Certificate[],
  depth = 0,
): DetailedPeerCertificate {
  const form = legacyForm(certificate) as DetailedPeerCertificate
  const issuer = isIssued(certificate, certificate)
    ? certificate
    : issuers.find((candidate) => isIssued(certificate, candidate))
  if (issuer === certificate) form.issuerCertificate = form
  else if (issuer !== undefined && depth < LONGEST_CHAIN) {
    form.issuerCertificate = detailedForm(issuer, issuers, depth + 1)
  }
  return form
}

function isIssued(certificate: X509Certificate, by: X509Certificate): boolean {
  return certificate.checkIssued(by) && certificate.verify(by.publicKey)
}

/** The lines of authority information access by their methods. */
function accessOf(text: string): NodeJS.Dict<string[]> {
  const access: NodeJS.Dict<string[]> = Object.create(null)
  for (const [, method = '', value = ''] of text.matchAll(/([^\n:]*):([^\n]*)(?:\n|$)/g)) {
    const values = access[method] ?? []
    access[method] = values
    // Values with unusual characters are in quotes.
    values.push(value.startsWith('"') ? (JSON.parse(value) as string) : value)
  }
  return access
}
