// Content types that clients choose for bytes of theirs. A browser that opened them as a page, a script or a style would
// act for the target.
import { type BrinkRequest, HttpError } from 'brink'
import { limitsOf } from 'brink/target'
import { quoted } from './_query.js'

/** What no browser runs, whatever is in it. */
const SAFE = new Set(['application/json', 'application/octet-stream', 'application/octet-string', 'text/plain'])
/** What is a page for a browser. */
const PAGE = /^(?:text\/html|(?:text|application)\/(?:xml|xsl|xslt)|[^/]+\/[^/]+\+xml|multipart\/.*|application\/pdf)$/
/** What other pages may load and run. */
const PROGRAM = /(?:java|ecma|live|j|vb)script|^text\/css$|^application\/wasm$|^text\/cache-manifest$/
const TYPE = /^[!#$%&'*+\-.^_`|~\da-z]+\/[!#$%&'*+\-.^_`|~\da-z]+(?:[ \t]*;[\t\x20-\x7e]*)?$/i

/** With it a browser gives a page no origin, and runs nothing. */
export const SANDBOX = "default-src 'none'; sandbox"

/** A type that a client has chosen, and whether what stands in the body must be escaped. */
export interface ChosenType {
  readonly type: string
  readonly escapes: boolean
}

/**
 * Decides over a content type for text of the client's.
 * @throws HttpError 400 for one that is none, or that other pages may load as a program
 */
export function chosenType(req: BrinkRequest, type: string): ChosenType {
  if (!TYPE.test(type)) throw new HttpError(400, `invalid content type: ${quoted(type)}`)
  if (limitsOf(req).allowActiveContent) return { type, escapes: false }
  const essence = essenceOf(type)
  if (PROGRAM.test(essence)) throw new HttpError(400, `content type not allowed here: ${quoted(type)}`)
  return { type, escapes: !SAFE.has(essence) }
}

/** The type for bytes that are echoed: those that a browser would run are told to be text. */
export function echoedType(req: BrinkRequest, type: string): string {
  if (limitsOf(req).allowActiveContent) return type
  const essence = essenceOf(type)
  return PAGE.test(essence) || PROGRAM.test(essence) || !TYPE.test(type) ? 'text/plain; charset=utf-8' : type
}

function essenceOf(type: string): string {
  return (type.split(';', 1)[0] as string).trim().toLowerCase()
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' }

/** Text that is no markup in HTML and XML. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] as string)
}
