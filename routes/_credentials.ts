// What clients send to prove who they are: Basic (RFC 7617), Digest (RFC 7616) and Bearer (RFC 6750).
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { BrinkRequest } from 'brink'

export const BASIC_CHALLENGE = 'Basic realm="Fake Realm"'

/** The credentials of a scheme; undefined for those of another. Schemes have no case (RFC 9110 §11.1). */
export function credentialsOf({ headers }: BrinkRequest, scheme: string): string | undefined {
  const field = (headers.get('authorization') ?? '').trim()
  const space = field.indexOf(' ')
  return field.slice(0, Math.max(0, space)).toLowerCase() === scheme ? field.slice(space).trim() : undefined
}

export interface Login {
  readonly user: string
  readonly password: string
}

export function basicLogin(req: BrinkRequest): Login | undefined {
  const given = credentialsOf(req, 'basic')
  if (given === undefined || !/^[A-Za-z\d+/]+={0,2}$/.test(given)) return undefined
  const text = Buffer.from(given, 'base64').toString()
  const colon = text.indexOf(':')
  return colon === -1 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) }
}

export function isLogin(given: Login | undefined, { user, password }: Login): boolean {
  return given !== undefined && isSame(given.user, user) && isSame(given.password, password)
}

/** Takes the same time wherever they differ. */
function isSame(first: string, second: string): boolean {
  const [a, b] = [sha256(first), sha256(second)]
  return timingSafeEqual(a, b)
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

export type DigestAlgorithm = 'MD5' | 'SHA-256'
const HASHES = { MD5: 'md5', 'SHA-256': 'sha256' } as const

export function digestChallenge(algorithm: DigestAlgorithm): string {
  const [nonce, opaque] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')]
  return `Digest realm="brink", qop="auth", algorithm=${algorithm}, nonce="${nonce}", opaque="${opaque}"`
}

/**
 * Whether a request proves that its client knows the password. The target keeps no nonces, so any nonce and any realm
 * counts, and a proof may be used again.
 */
export function isDigestLogin(req: BrinkRequest, { user, password }: Login, algorithm: DigestAlgorithm): boolean {
  const given = credentialsOf(req, 'digest')
  if (given === undefined) return false
  const params = authParams(given)
  const { username, realm, nonce, uri, qop, nc, cnonce, response } = params
  if (username !== user || uri !== req.target || qop?.toLowerCase() !== 'auth') return false
  if ((params.algorithm ?? 'MD5').toUpperCase() !== algorithm) return false
  if (realm === undefined || nonce === undefined || cnonce === undefined || response === undefined) return false
  if (!/^[\da-f]{8}$/i.test(nc ?? '')) return false
  const hash = (text: string) => createHash(HASHES[algorithm]).update(text).digest('hex')
  const secret = hash(`${user}:${realm}:${password}`)
  return isSame(
    hash(`${secret}:${nonce}:${nc}:${cnonce}:${qop}:${hash(`${req.method}:${uri}`)}`),
    response.toLowerCase(),
  )
}

/** Parameters with tokens or quoted strings as values (RFC 9110 §11.2); the names in lower case. */
function authParams(text: string): Readonly<Record<string, string | undefined>> {
  const params: Record<string, string> = Object.create(null)
  for (const [, name, quoted, token] of text.matchAll(/(?<![\w-])([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))/g)) {
    params[(name as string).toLowerCase()] ??= token ?? (quoted as string).replace(/\\(.)/g, '$1')
  }
  return params
}
