// The answers that repeat their request: /get, /post, /anything and what has their shape.
import type { Reply } from 'brink'
import { trustsProxies } from 'brink/target'
import { hasBody, type ReadBody, readBody } from './_body.js'
import { type Asked, jsonText } from './_endpoint.js'
import { type Head, originOf, urlOf } from './_head.js'
import { pretty } from './_json.js'
import { argsOf, hasQuery } from './_query.js'

/** What stands around the origin, for requests with equal fields: most have the same target as the one before. */
interface Echo {
  readonly method: string
  readonly target: string
  readonly isSecure: boolean
  readonly before: string
  readonly after: string
}

const echoes = new WeakMap<Head, Echo>()

/** The request without its body, as JSON. `more` are further members, each a name and its JSON. */
export function requestText(req: Asked, head: Head, more = ''): string {
  const { before, after } = echoOf(req, head)
  return `${before}${JSON.stringify(originOf(req, head))}${after}${more}\n}\n`
}

function echoOf(req: Asked, head: Head): Echo {
  // What trusted proxies name is not in the fields alone.
  if (trustsProxies(req)) return makeEcho(req, head)
  const { method, target, secure } = req
  const last = echoes.get(head)
  if (last !== undefined && last.target === target && last.method === method && last.isSecure === secure) return last
  const echo = makeEcho(req, head)
  echoes.set(head, echo)
  return echo
}

function makeEcho(req: Asked, head: Head): Echo {
  const { method, target, secure } = req
  const args = hasQuery(req) ? pretty(argsOf(req), 1) : '{}'
  const before = `{
  "args": ${args},
  "headers": ${head.fieldsText},
  "method": ${JSON.stringify(method)},
  "origin": `
  return { method, target, isSecure: secure, before, after: `,\n  "url": ${JSON.stringify(urlOf(req, head))}` }
}

export function requestAnswer(req: Asked, head: Head): Reply {
  return jsonText(head, requestText(req, head))
}

/** The request with its body. */
export function bodyAnswer(req: Asked, head: Head): Reply | Promise<Reply> {
  if (!hasBody(req)) return jsonText(head, requestText(req, head, NO_BODY))
  const read = readBody(req)
  const answer = (body: ReadBody) => jsonText(head, requestText(req, head, bodyText(body)))
  return read instanceof Promise ? read.then(answer) : answer(read)
}

/** The request with its body, as JSON. */
export async function bodyRequestText(req: Asked, head: Head): Promise<string> {
  return requestText(req, head, bodyText(await readBody(req)))
}

const texts = new WeakMap<ReadBody, string>()

/** Made once for bodies that are equal. */
function bodyText(body: ReadBody): string {
  const known = texts.get(body)
  if (known !== undefined) return known
  const { data, files, form, json } = body
  const text = `,
  "data": ${JSON.stringify(data)},
  "files": ${listsText(files)},
  "form": ${listsText(form)},
  "json": ${json}`
  texts.set(body, text)
  return text
}

function listsText(lists: Readonly<Record<string, readonly string[]>>): string {
  return Object.keys(lists).length === 0 ? '{}' : pretty(lists, 1)
}

const NO_BODY = bodyText({ data: '', files: {}, form: {}, json: 'null' })
