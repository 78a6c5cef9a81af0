// Reads a connection's bytes as the RFCs have it, slowly and plainly: the judge of what a server should have answered.
// It shares nothing with brink's own reading of a request.

import { BodyReader } from './book_of_bodies.js'
import { type Head, readHead } from './book_of_heads.js'
import { RULES, type RuleName, type Trait } from './rules.js'

/** One answer that is due. */
export interface Expected {
  /** What the app must see of it; undefined where it must not see it. */
  readonly seen?: string
  /** The statuses that are right where the app does not see it. */
  readonly statuses: readonly number[]
  readonly broken: readonly RuleName[]
  readonly traits: readonly Trait[]
}

/** How an app's view of a request is written down. */
export function seenAs(method: string, target: string, host: string, body: string): string {
  return [method, target, host, `${body.length} bytes: ${body}`].map((part) => encodeURIComponent(part)).join(' ')
}

/** A target without scheme and authority. */
export function originForm(target: string): string {
  const rest = target.replace(/^https?:\/\/[^/?]*/i, '')
  return rest === target || rest.startsWith('/') ? rest : `/${rest}`
}

/** Every answer that is due for the bytes (as latin1) of one connection, which ends behind them. */
export function readByTheBook(bytes: string): Expected[] {
  const answers = readInTurn(bytes)
  const shared = SHARED.filter((trait) => answers.some(({ traits }) => traits.includes(trait)))
  return answers.map((answer) => ({ ...answer, traits: [...answer.traits, ...shared] }))
}

/** Who misreads these takes no more of the connection, and may forget the answers before. */
const SHARED: readonly Trait[] = ['a Proxy-Connection field', 'a tab beside a value']

function readInTurn(bytes: string): Expected[] {
  const answers: Expected[] = []
  for (let at = 0; at < bytes.length; ) {
    const head = readHead(bytes, at)
    if (head === undefined) break
    const body = head.broken.length > 0 || head.incomplete ? undefined : new BodyReader(bytes, head.end).read(head)
    const broken = [...head.broken, ...(body?.broken ?? [])]
    if (broken.length > 0 && !body?.incomplete) return spoiled([...answers, refused(broken, head.traits)])
    if (body === undefined || body.incomplete) return spoiled([...answers, incomplete(broken, head.traits)])
    const { answer, last } = answered(head, body.text)
    answers.push(answer)
    if (last) return answer.seen === undefined || body.end < bytes.length ? spoiled(answers) : answers
    at = body.end
  }
  return answers
}

/** Behind these stands something that is not taken. */
function spoiled(answers: readonly Expected[]): Expected[] {
  return answers.map((answer) => ({ ...answer, traits: [...answer.traits, 'bytes behind it that are not taken'] }))
}

/** RFC 9112 §8: whoever ends in the middle of a request may be told so, or not. */
function incomplete(broken: readonly RuleName[], traits: readonly Trait[]): Expected {
  return { statuses: [400, 413], broken, traits: [...traits, 'an end in the middle'] }
}

function refused(broken: readonly RuleName[], traits: readonly Trait[]): Expected {
  return { statuses: broken.map((name) => RULES[name].status), broken, traits }
}

/** The answer to a request that is whole. Some that are well-formed are not the app's all the same. */
function answered(head: Head, body: string): { answer: Expected; last: boolean } {
  const { method, target, host, last, traits } = head
  if (method === 'CONNECT') return { answer: refused(['a tunnel'], traits), last: true }
  if (target === '*') return { answer: { statuses: [204], broken: [], traits }, last }
  // A path that nobody can name is refused by itself; what follows is not in doubt.
  if (!isNameable(target)) {
    return { answer: refused(['a target that is not UTF-8, or holds NUL'], traits), last }
  }
  if (!isRegistered(method)) return { answer: refused(['a method that nobody has registered'], traits), last: true }
  return { answer: { seen: seenAs(method, originForm(target), host, body), statuses: [200], broken: [], traits }, last }
}

function isNameable(target: string): boolean {
  try {
    return !decodeURIComponent(originForm(target).split('?', 1)[0] as string).includes('\0')
  } catch {
    return false
  }
}

const REGISTERED =
  /^(ACL|BASELINE-CONTROL|BIND|CHECKIN|CHECKOUT|COPY|DELETE|GET|HEAD|LABEL|LINK|LOCK|MERGE|MKACTIVITY|MKCALENDAR|MKCOL|MKREDIRECTREF|MKWORKSPACE|MOVE|OPTIONS|ORDERPATCH|PATCH|POST|PROPFIND|PROPPATCH|PUT|QUERY|REBIND|REPORT|SEARCH|TRACE|UNBIND|UNCHECKOUT|UNLINK|UNLOCK|UPDATE|UPDATEREDIRECTREF|VERSION-CONTROL)$/

function isRegistered(method: string): boolean {
  return REGISTERED.test(method)
}
