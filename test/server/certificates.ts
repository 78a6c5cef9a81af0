// Certificates for tests, made by the command `openssl`. With the environment variable TEST_CERTIFICATES, the name of a
// folder, they are kept there, and read by the next run of the same test: Wine has no such command.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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

type Use<T> = (openssl: (...args: string[]) => string, path: (name: string) => string) => T

function inFolder<T>(use: Use<T>): T {
  const folder = mkdtempSync(join(tmpdir(), 'brink-certificates-'))
  const path = (name: string) => join(folder, name)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] }).toString()
  try {
    return use(openssl, path)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const asked = new Map<string, number>()

/** What is asked for again is made again. */
function made<T>(what: readonly unknown[], use: Use<T>): T {
  const folder = process.env.TEST_CERTIFICATES
  if (folder === undefined) return inFolder(use)
  const hash = createHash('sha256').update(JSON.stringify(what)).digest('hex')
  const count = asked.get(hash) ?? 0
  asked.set(hash, count + 1)
  const file = join(folder, `${hash}-${count}.json`)
  if (!existsSync(file)) writeFileSync(file, JSON.stringify(inFolder(use)))
  return JSON.parse(readFileSync(file, 'utf8')) as T
}

/** Signed by its own key. */
export function certificate(name: string, type: KeyType = 'ec', names = [`DNS:${name}`]): Certificate {
  return made(['certificate', name, type, names], (openssl, path) => {
    const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${names.join()}`, '-days', '30']
    const out = ['-nodes', '-keyout', path('key'), '-out', path('cert')]
    openssl('req', '-x509', ...KEYS[type], ...out, ...subject)
    return { key: readFileSync(path('key'), 'utf8'), cert: readFileSync(path('cert'), 'utf8') }
  })
}

/** Signed by an authority, for 30 days or another number of them. */
export function signedBy(authority: Certificate, name: string, days = 30): Certificate {
  return made(['signedBy', authority, name, days], (openssl, path) => {
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
  return made(['encrypted', key, passphrase, form], (openssl, path) => {
    writeFileSync(path('key'), key)
    const out = ['-in', path('key'), '-passout', `pass:${passphrase}`]
    if (form === 'pkcs8') return openssl('pkcs8', '-topk8', ...out)
    return openssl(form, '-aes128', ...(form === 'rsa' ? ['-traditional'] : []), ...out)
  })
}

/** With the chain that stands behind the certificate, if one does. */
export function archive({ key, cert }: Certificate, passphrase: string, ...options: string[]): Buffer {
  const inText = made(['archive', key, cert, passphrase, options], (openssl, path) => {
    writeFileSync(path('key'), key)
    writeFileSync(path('cert'), cert)
    const out = ['-out', path('pfx'), '-passout', `pass:${passphrase}`]
    openssl('pkcs12', '-export', '-inkey', path('key'), '-in', path('cert'), ...out, ...options)
    return readFileSync(path('pfx'), 'base64')
  })
  return Buffer.from(inText, 'base64')
}

/** The bytes that stand in PEM form in a text. */
export function der(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64')
}
