import { HttpError } from 'brink'
import { limitsOf } from 'brink/target'
import { endpoint, text } from './_endpoint.js'
import { integerWithin, param, quoted } from './_query.js'
import { sentTo } from './_redirects.js'

const MOST_STATUS = 399

/** Redirects to a path of the target, or to a URL on a host that the target allows. */
export default endpoint((req, head) => {
  const url = param(req, 'url')
  if (url === undefined) throw new HttpError(400, 'the parameter url is missing')
  const status = integerWithin(param(req, 'status_code') ?? '302', 'status code', 300, MOST_STATUS)
  const { allowedRedirects } = limitsOf(req)
  const target = targetOf(url)
  if (target === 'invalid') throw new HttpError(400, `invalid url: ${quoted(url)}`)
  if (!isAllowed(target, head.host, allowedRedirects)) return text(head, refusal(allowedRedirects), 403)
  return sentTo(head, url, status)
})

// biome-ignore lint/suspicious/noControlCharactersInRegex: browsers drop some of them
const AMBIGUOUS = /[\x00-\x20\x7f\\]/

type Target = URL | 'path' | 'relative' | 'invalid'

/** What a browser makes of it: a backslash is a slash for it, and leading spaces and control characters count nothing. */
function targetOf(url: string): Target {
  if (AMBIGUOUS.test(url)) return 'invalid'
  if (/^\/(?!\/)/.test(url)) return URL.canParse(url, 'http://target') ? 'path' : 'invalid'
  if (url.startsWith('//')) return URL.canParse(`http:${url}`) ? new URL(`http:${url}`) : 'invalid'
  if (URL.canParse(url)) return new URL(url)
  return /^[a-z][a-z\d+.-]*:/i.test(url) ? 'invalid' : 'relative'
}

function isAllowed(target: Target, ownHost: string, allowed: '*' | readonly string[]): boolean {
  if (target === 'path') return true
  if (typeof target === 'string') return false
  if (target.protocol !== 'http:' && target.protocol !== 'https:') return false
  const { host, hostname } = target
  return allowed === '*' || host === ownHost || allowed.includes(host) || allowed.includes(hostname)
}

function refusal(allowed: '*' | readonly string[]): string {
  const hosts = typeof allowed === 'string' || allowed.length === 0 ? '(none)' : allowed.join('\n')
  return `This target does not redirect there. Please be careful with this link.\n\nIt redirects to its own paths, and to these hosts:\n${hosts}\n`
}
