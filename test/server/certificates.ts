// Certificates for tests, made by the command `openssl`.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Certificate {
  readonly key: string
  readonly cert: string
}

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
const KEYS = {
  ec: EC,
  p384: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp384r1'],
  rsa: ['-newkey', 'rsa:2048'],
  'rsa-pss': ['-newkey', 'rsa-pss', '-pkeyopt', 'rsa_keygen_bits:2048'],
  ed25519: ['-newkey', 'ed25519'],
} as const

export type KeyType = keyof typeof KEYS

function inFolder<T>(use: (openssl: (...args: string[]) => string, path: (name: string) => string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'brink-certificates-'))
  const path = (name: string) => join(folder, name)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] }).toString()
  try {
    return use(openssl, path)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Signed by its own key. */
export function certificate(name: string, type: KeyType = 'ec', names = [`DNS:${name}`]): Certificate {
  return inFolder((openssl, path) => {
    const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${names.join()}`, '-days', '30']
    const made = ['-nodes', '-keyout', path('key'), '-out', path('cert')]
    openssl('req', '-x509', ...KEYS[type], ...made, ...subject)
    return { key: readFileSync(path('key'), 'utf8'), cert: readFileSync(path('cert'), 'utf8') }
  })
}

/** Signed by an authority, for 30 days or another number of them. */
export function signedBy(authority: Certificate, name: string, days = 30): Certificate {
  return inFolder((openssl, path) => {
    writeFileSync(path('ca-key'), authority.key)
    writeFileSync(path('ca'), authority.cert)
    openssl('req', ...EC, '-nodes', '-keyout', path('key'), '-out', path('request'), '-subj', `/CN=${name}`)
    const by = ['-CA', path('ca'), '-CAkey', path('ca-key'), '-CAcreateserial']
    openssl('x509', '-req', '-in', path('request'), ...by, '-days', `${days}`, '-out', path('cert'))
    return { key: readFileSync(path('key'), 'utf8'), cert: readFileSync(path('cert'), 'utf8') }
  })
}

/** In PKCS #8, or in the older form of each type, which names its cipher in the text. */
export function encrypted({ key }: Certificate, passphrase: string, form: 'pkcs8' | 'rsa' | 'ec' = 'pkcs8'): string {
  return inFolder((openssl, path) => {
    writeFileSync(path('key'), key)
    const out = ['-in', path('key'), '-passout', `pass:${passphrase}`]
    if (form === 'pkcs8') return openssl('pkcs8', '-topk8', ...out)
    return openssl(form, '-aes128', ...(form === 'rsa' ? ['-traditional'] : []), ...out)
  })
}

/** With the chain that stands behind the certificate, if one does. */
export function archive({ key, cert }: Certificate, passphrase: string, ...options: string[]): Buffer {
  return inFolder((openssl, path) => {
    writeFileSync(path('key'), key)
    writeFileSync(path('cert'), cert)
    const out = ['-out', path('pfx'), '-passout', `pass:${passphrase}`]
    openssl('pkcs12', '-export', '-inkey', path('key'), '-in', path('cert'), ...out, ...options)
    return readFileSync(path('pfx'))
  })
}

/** The bytes that stand in PEM form in a text. */
export function der(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64')
}
