// Reads what proxies say of the requests that they pass on: `Forwarded` (RFC 7239), and the older fields whose names
// begin with `X-Forwarded-`. Each proxy adds to the right of what came to it, which may be the client's own invention:
// so everything is read from the right.
import { parseAddress } from '../exchange/address.js'

export type Scheme = 'http' | 'https'

/** A node of a chain (RFC 7239 §6). */
export interface Node {
  readonly address: Uint8Array
  /** 0 when it was not said. */
  readonly port: number
}

/** One element of `Forwarded`. */
export interface ForwardedElement {
  /** Undefined when there is none, or when it is `unknown` or obfuscated. */
  readonly for: Node | undefined
  readonly scheme: Scheme | undefined
  readonly host: string | undefined
}

/**
 * The elements of a list from the last to the first, without empty ones (RFC 9110 §5.6.1.2). Commas within quoted
 * strings do not separate.
 */
export function* fromTheRight(list: string): Generator<string, undefined> {
  for (const element of split(list)) if (element !== '') yield element
  return undefined
}

function* split(list: string): Generator<string, undefined> {
  let end = list.length
  let isQuoted = false
  for (let at = list.length - 1; at >= 0; at -= 1) {
    const character = list[at]
    if (character === '"' && !(isQuoted && isEscaped(list, at))) isQuoted = !isQuoted
    if (character !== ',' || isQuoted) continue
    yield list.slice(at + 1, end).trim()
    end = at
  }
  yield list.slice(0, end).trim()
  return undefined
}

/** Whether an odd number of backslashes stands before it. */
function isEscaped(text: string, at: number): boolean {
  let backslashes = 0
  while (text[at - 1 - backslashes] === '\\') backslashes += 1
  return backslashes % 2 === 1
}

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+"
const QUOTED = '"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t \\x21-\\x7e\\x80-\\xff])*"'
const PAIR = new RegExp(`[ \\t]*(?:(${TOKEN})=(${TOKEN}|${QUOTED}))?[ \\t]*(;|$)`, 'y')

/** Reads an element of `Forwarded` (RFC 7239 §4). Undefined when it is malformed. */
export function readForwarded(element: string): ForwardedElement | undefined {
  const pairs = new Map<string, string>()
  PAIR.lastIndex = 0
  for (let isOver = false; !isOver; ) {
    const found = PAIR.exec(element)
    if (found === null) return undefined
    const [, name, value, end] = found as unknown as [string, string | undefined, string, string]
    if (name !== undefined) {
      // Each parameter at most once.
      if (pairs.has(name.toLowerCase())) return undefined
      pairs.set(name.toLowerCase(), unquoted(value))
    }
    isOver = end === ''
  }
  const [from, proto, host] = ['for', 'proto', 'host'].map((name) => pairs.get(name))
  if (pairs.size === 0) return undefined
  const node = from === undefined ? 'hidden' : readNode(from)
  const scheme = proto === undefined ? undefined : readScheme(proto)
  const authority = host === undefined ? undefined : readHost(host)
  if (node === undefined || (proto !== undefined && scheme === undefined)) return undefined
  if (host !== undefined && authority === undefined) return undefined
  return { for: node === 'hidden' ? undefined : node, scheme, host: authority }
}

function unquoted(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value
}

const PORT = '(?::(?:(\\d{1,5})|_[\\w.-]+))?'
const IPV4_NODE = new RegExp(`^([\\d.]+)${PORT}$`)
const IPV6_NODE = new RegExp(`^\\[([^\\]]+)\\]${PORT}$`)
const HIDDEN_NODE = new RegExp(`^(?:unknown|_[\\w.-]+)${PORT}$`, 'i')

/** A node of RFC 7239 §6. */
function readNode(text: string): Node | 'hidden' | undefined {
  if (HIDDEN_NODE.test(text)) return 'hidden'
  const bracketed = IPV6_NODE.exec(text)
  const [, address = '', port = '0'] = bracketed ?? IPV4_NODE.exec(text) ?? []
  // In brackets stands an IPv6 address, and no other.
  if (address.includes(':') !== (bracketed !== null)) return undefined
  const bytes = addressOf(address)
  return bytes === undefined || Number(port) > 65535 ? undefined : { address: bytes, port: Number(port) }
}

/** The address `::` is nobody's (RFC 4291 §2.5.2). */
function addressOf(text: string): Uint8Array | undefined {
  const bytes = parseAddress(text)
  return bytes?.some((byte) => byte !== 0) ? bytes : undefined
}

/** An element of `X-Forwarded-For`: an address, IPv6 with or without brackets, and a port. Undefined for all else. */
export function readForwardedFor(element: string): Node | undefined {
  const bare = addressOf(element)
  if (bare !== undefined) return { address: bare, port: 0 }
  const node = readNode(element)
  return node === 'hidden' ? undefined : node
}

/** Some proxies name the protocol that an upgrade asks for. */
const SCHEMES: Readonly<Record<string, Scheme>> = { http: 'http', https: 'https', ws: 'http', wss: 'https' }

export function readScheme(text: string): Scheme | undefined {
  const name = text.toLowerCase()
  return Object.hasOwn(SCHEMES, name) ? SCHEMES[name] : undefined
}

const HOST = /^(?:\[[\da-f:.]+\]|[\w.!$&'()*+;=~%-]+)(?::\d{1,5})?$/i

/** A host with or without a port, of which a URL can be made. */
export function readHost(text: string): string | undefined {
  return HOST.test(text) && URL.canParse(`http://${text}`) ? text : undefined
}

export function readPort(text: string): number | undefined {
  const port = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : 0
  return port > 0 && port <= 65535 ? port : undefined
}
