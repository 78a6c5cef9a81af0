// What an endpoint tells of the header fields of a request. It is made once for equal fields: load generators send the
// same ones over and over.
import type { BrinkRequest } from 'brink'
import { fieldLines, fieldsKey, limitsOf, type TargetLimits, trustsProxies } from 'brink/target'
import { pretty } from './_json.js'

/** What is made of the header fields alone. */
export interface Head {
  /** The values by name, as in `{ "User-Agent": ["curl"] }`. */
  readonly fields: Readonly<Record<string, readonly string[]>>
  /** The same as JSON, to stand as a member of an object. */
  readonly fieldsText: string
  /** The page that asks, for CORS; undefined when it is none. */
  readonly origin: string | undefined
  readonly host: string
  /** The scheme and the client that the fields of proxies name; undefined for none. */
  readonly scheme: 'http' | 'https' | undefined
  readonly client: string | undefined
}

const heads = new WeakMap<object, Head>()

export function headOf(req: BrinkRequest): Head {
  const key = fieldsKey(req)
  if (key === undefined) return headByText(req)
  let head = heads.get(key)
  if (head === undefined) {
    head = makeHead(fieldLines(req), limitsOf(req))
    heads.set(key, head)
  }
  return head
}

// Heads of requests with a body have no key. They are found by their text, which costs less than to make them anew.
const MOST_TEXTS = 256
const LONGEST_TEXT = 4096
const headsByText = new WeakMap<TargetLimits, Map<string, Head>>()

function headByText(req: BrinkRequest): Head {
  const limits = limitsOf(req)
  const lines = fieldLines(req)
  const text = lines.join('\n')
  if (text.length > LONGEST_TEXT) return makeHead(lines, limits)
  let known = headsByText.get(limits)
  if (known === undefined) {
    known = new Map()
    headsByText.set(limits, known)
  }
  let head = known.get(text)
  if (head === undefined) {
    head = makeHead(lines, limits)
    // Clients may send ever new fields.
    if (known.size >= MOST_TEXTS) known.clear()
    known.set(text, head)
  }
  return head
}

/**
 * The address of the client. Where nobody is trusted to name it, it is the first that `X-Forwarded-For` names, as httpbin
 * has it, or that of the connection.
 */
export function originOf(req: BrinkRequest, head: Head): string {
  if (head.client === undefined || trustsProxies(req)) return req.ip
  return head.client
}

/** The scheme that the client has used, as far as fields of proxies and the connection tell. */
export function schemeOf(req: BrinkRequest, head: Head): 'http' | 'https' {
  if (head.scheme === undefined || trustsProxies(req)) return req.url.startsWith('https:') ? 'https' : 'http'
  return head.scheme
}

/** The URL of the request, as the client sees it. */
export function urlOf(req: BrinkRequest, head: Head): string {
  const { url } = req
  return head.scheme === undefined || trustsProxies(req) ? url : url.replace(/^https?/, head.scheme)
}

function makeHead(lines: readonly string[], { hiddenFields }: TargetLimits): Head {
  const all: Record<string, string[]> = Object.create(null)
  for (let place = 0; place < lines.length; place += 2) {
    const name = canonicalName(lines[place] as string)
    const value = textOf(lines[place + 1] as string)
    const values = all[name]
    if (values === undefined) all[name] = [value]
    else values.push(value)
  }
  const first = (name: string) => all[name]?.[0]
  const shown = hiddenFields === undefined ? all : without(all, hiddenFields)
  return {
    fields: shown,
    fieldsText: pretty(shown, 1),
    origin: first('Origin') || undefined,
    host: first('Host') ?? '',
    scheme: schemeNamed(first('X-Forwarded-Proto') || first('X-Forwarded-Protocol'), first('X-Forwarded-Ssl')),
    client: first('X-Forwarded-For')?.split(',', 1)[0]?.trim() || undefined,
  }
}

function schemeNamed(scheme: string | undefined, ssl: string | undefined): 'http' | 'https' | undefined {
  const named = scheme?.toLowerCase()
  if (named === 'http' || named === 'https') return named
  return ssl === 'on' ? 'https' : undefined
}

function without(fields: Record<string, string[]>, hidden: RegExp): Record<string, string[]> {
  const shown: Record<string, string[]> = Object.create(null)
  for (const name of Object.keys(fields)) if (!hidden.test(name)) shown[name] = fields[name] as string[]
  return shown
}

// Clients choose the names, so the memory is bounded.
const MOST_NAMES = 512
const names = new Map<string, string>()

/** `user-agent` becomes `User-Agent`. */
function canonicalName(name: string): string {
  const known = names.get(name)
  if (known !== undefined) return known
  const canonical = name.toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase())
  if (names.size < MOST_NAMES) names.set(name, canonical)
  return canonical
}

/** A value in UTF-8, if it is that. */
function textOf(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
  if (/^[\x00-\x7f]*$/.test(value)) return value
  const bytes = Buffer.from(value, 'latin1')
  const text = bytes.toString()
  return text.includes('\ufffd') ? value : text
}
