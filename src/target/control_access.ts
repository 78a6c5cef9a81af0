// Who may use what a target has below /_brink/.
import type { Reply } from '../reply/reply.js'
import type { BrinkRequest } from '../request/request.js'
import type { Middleware } from '../routing/handler.js'
import { describe } from '../runtime/describe.js'
import { lateBuiltin } from '../runtime/late_builtin.js'
import { knownOptions, wrongType, wrongValue } from '../runtime/option_errors.js'
import { refusal } from './refusal.js'

/**
 * Who may use the target's own routes: `'all'`, everybody; `'read'`, everybody, but nobody changes the plan or resets the
 * statistics by them; `'loopback'`, clients on this machine alone; `'none'`, nobody: they do not exist; or whoever has the
 * token, as a `Bearer` or as the password of a browser.
 */
export type ControlAccess = 'all' | 'read' | 'loopback' | 'none' | { readonly token: string }

export const CONTROL_MODES = ['all', 'read', 'loopback', 'none'] as const

const SHORTEST_TOKEN = 8
/** RFC 7617 §2.1: browsers then send other letters as UTF-8. */
const CHALLENGE = 'Basic realm="brink target", charset="UTF-8"'
/** A proxy on this machine passes clients of other ones on. */
const FORWARDING = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via']

/** @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` */
export function checkedControl(given: unknown = 'all'): ControlAccess {
  const expected = `must be ${CONTROL_MODES.join(', ')} or { token }`
  if (typeof given === 'string') {
    const mode = CONTROL_MODES.find((name) => name === given)
    if (mode === undefined) throw wrongValue('control', `${expected}, not ${describe(given)}`)
    return mode
  }
  if (typeof given !== 'object' || given === null) {
    throw wrongType('control', "'all', 'read', 'loopback', 'none' or { token }", given)
  }
  const { token } = knownOptions(given as { token?: unknown }, ['token'], 'control')
  if (typeof token !== 'string') throw wrongType('control.token', 'a string', token)
  if (token.length < SHORTEST_TOKEN) {
    throw wrongValue('control.token', `must have at least ${SHORTEST_TOKEN} characters, so that nobody guesses it`)
  }
  return { token }
}

/** The middleware in front of the target's own routes. */
export function controlGuard(access: ControlAccess): Middleware {
  const refused = refusalBy(access)
  return (req, next) => refused(req) ?? next()
}

function refusalBy(access: ControlAccess): (req: BrinkRequest) => Reply | undefined {
  if (typeof access === 'object') {
    const isToken = comparing(access.token)
    return (req) => (isToken(tokenIn(req.headers.get('authorization'))) ? undefined : unauthorized())
  }
  if (access === 'read')
    return (req) => (isReading(req) ? undefined : forbidden('This target can be read here, and not changed.'))
  if (access === 'loopback')
    return (req) => (isLocal(req) ? undefined : forbidden('This target is operated from its own machine alone.'))
  return () => undefined
}

function isReading({ method }: BrinkRequest): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
}

function isLocal(req: BrinkRequest): boolean {
  const isNear = [req.peer, req.ip].every(isLoopback) && !FORWARDING.some((name) => req.headers.has(name))
  return isNear && isLocalHost(req.headers.get('host') ?? '')
}

/** A page of another site reaches this machine by a name of its own that leads here, and then has its origin. */
function isLocalHost(host: string): boolean {
  return /^(?:(?:[\w-]+\.)*localhost|[\d.]+|\[[\da-f:.]+\])?(?::\d*)?$/i.test(host)
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || address === 'unix:'
}

/** Of `Bearer token`, or the password of `Basic` (RFC 7617); undefined for anything else. */
function tokenIn(field: string | null): string | undefined {
  const [, scheme = '', value = ''] = /^(\w+) +(\S+) *$/.exec(field ?? '') ?? []
  if (scheme.toLowerCase() === 'bearer') return value
  if (scheme.toLowerCase() !== 'basic') return undefined
  const credentials = Buffer.from(value, 'base64').toString()
  const colon = credentials.indexOf(':')
  return colon === -1 ? undefined : credentials.slice(colon + 1)
}

/** In a time that does not depend on how much of it is right. */
function comparing(token: string): (given: string | undefined) => boolean {
  const { createHash, timingSafeEqual } = lateBuiltin('node:crypto')
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const own = digest(token)
  return (given) => given !== undefined && timingSafeEqual(digest(given), own)
}

function forbidden(message: string): Reply {
  return refusal(403, { code: 'CONTROL_FORBIDDEN', message })
}

function unauthorized(): Reply {
  const message = 'This target wants its token, as a Bearer or as the password.'
  return refusal(401, { code: 'CONTROL_UNAUTHORIZED', message }, { 'www-authenticate': CHALLENGE })
}
