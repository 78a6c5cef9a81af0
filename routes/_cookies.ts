// Cookies as RFC 6265 has them.
import type { BrinkRequest } from 'brink'
import type { Asked } from './_endpoint.js'
import { isFieldName } from './_field_text.js'
import { type Head, schemeOf } from './_head.js'

/** The cookies that a client has sent. */
export function cookiesOf({ headers }: BrinkRequest): Record<string, string> {
  const cookies: Record<string, string> = Object.create(null)
  for (const pair of (headers.get('cookie') ?? '').split(';')) {
    const sign = pair.indexOf('=')
    const [name, value] = [pair.slice(0, Math.max(0, sign)).trim(), pair.slice(sign + 1).trim()]
    if (!isFieldName(name)) continue
    cookies[name] ??= value.length > 1 && /^".*"$/.test(value) ? value.slice(1, -1) : value
  }
  return cookies
}

/** The cookies to set: a parameter of the query each, with the attributes of the parameters `attr[…]`. */
export function cookiesToSet(req: Asked, head: Head, more: readonly string[] = []): string[] {
  const all = [...attributesOf(req, schemeOf(req, head) === 'https'), ...more]
  const names = new Set([...req.query.keys()].filter((name) => !ATTRIBUTE.test(name) && isFieldName(name)))
  return [...names].map((name) => [`${name}=${cookieValue(req.query.get(name) ?? '')}`, ...all].join('; '))
}

const ATTRIBUTE = /^attr\[(.*)\]$/
const SAME_SITE: Readonly<Record<string, string>> = { strict: 'Strict', lax: 'Lax', none: 'None' }

function attributesOf({ query }: BrinkRequest, isSecure: boolean): string[] {
  const given = new Map<string, string>()
  for (const [name, value] of query) {
    const attribute = ATTRIBUTE.exec(name)?.[1]?.toLowerCase()
    if (attribute !== undefined && !given.has(attribute)) given.set(attribute, value)
  }
  const isOn = (name: string, standard: boolean) =>
    given.has(name) ? /^(?:1|true)$/i.test(given.get(name) ?? '') : standard
  const path = attributeValue(given.get('path') ?? '/')
  const domain = given.get('domain') ?? ''
  const sameSite = SAME_SITE[given.get('samesite')?.toLowerCase() ?? '']
  return [
    ...(path === '' ? [] : [`Path=${path}`]),
    ...(/^[a-z\d.-]+$/i.test(domain) ? [`Domain=${domain}`] : []),
    ...(isOn('httponly', true) ? ['HttpOnly'] : []),
    ...(isOn('secure', isSecure) ? ['Secure'] : []),
    ...(sameSite === undefined ? [] : [`SameSite=${sameSite}`]),
  ]
}

/** Without what would end it. Spaces and commas need quotes. */
function cookieValue(text: string): string {
  const value = text.replace(/[^\x20-\x7e]|["\\;]/g, '')
  return /[ ,]/.test(value) ? `"${value}"` : value
}

function attributeValue(text: string): string {
  return text.replace(/[^\x20-\x7e]|;/g, '').trim()
}
