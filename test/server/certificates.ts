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
const RSA = ['-newkey', 'rsa:2048']

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
export function certificate(name: string, type: 'ec' | 'rsa' = 'ec', names = [`DNS:${name}`]): Certificate {
  return made(['certificate', name, type, names], (openssl, path) => {
    const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${names.join()}`, '-days', '30']
    const out = ['-nodes', '-keyout', path('key'), '-out', path('cert')]
    openssl('req', '-x509', ...(type === 'ec' ? EC : RSA), ...out, ...subject)
    return { key: readFileSync(path('key'), 'utf8'), cert: readFileSync(path('cert'), 'utf8') }
  })
}

/** Signed by an authority. */
export function signedBy(authority: Certificate, name: string): Certificate {
  return made(['signedBy', authority, name], (openssl, path) => {
    writeFileSync(path('ca-key'), authority.key)
    writeFileSync(path('ca'), authority.cert)
    openssl('req', ...EC, '-nodes', '-keyout', path('key'), '-out', path('request'), '-subj', `/CN=${name}`)
    const by = ['-CA', path('ca'), '-CAkey', path('ca-key'), '-CAcreateserial']
    openssl('x509', '-req', '-in', path('request'), ...by, '-days', '30', '-out', path('cert'))
    return { key: readFileSync(path('key'), 'utf8'), cert: readFileSync(path('cert'), 'utf8') }
  })
}

export function encrypted({ key }: Certificate, passphrase: string): string {
  return made(['encrypted', key, passphrase], (openssl, path) => {
    writeFileSync(path('key'), key)
    return openssl('pkcs8', '-topk8', '-in', path('key'), '-passout', `pass:${passphrase}`)
  })
}

export function archive({ key, cert }: Certificate, passphrase: string): Buffer {
  const inText = made(['archive', key, passphrase], (openssl, path) => {
    writeFileSync(path('key'), key)
    writeFileSync(path('cert'), cert)
    const out = ['-out', path('pfx'), '-passout', `pass:${passphrase}`]
    openssl('pkcs12', '-export', '-inkey', path('key'), '-in', path('cert'), ...out)
    return readFileSync(path('pfx'), 'base64')
  })
  return Buffer.from(inText, 'base64')
}
