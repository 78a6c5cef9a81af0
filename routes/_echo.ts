// The answers that repeat their request: /get, /post, /anything and what has their shape.
import type { Reply } from 'brink'
import { hasBody, type ReadBody, readBody } from './_body.js'
import { type Asked, jsonText } from './_endpoint.js'
import { type Head, originOf, urlOf } from './_head.js'
import { pretty } from './_json.js'
import { argsOf, hasQuery } from './_query.js'

/** The request without its body, as JSON. `more` are further members, each a name and its JSON. */
export function requestText(req: Asked, head: Head, more = ''): string {
  const args = hasQuery(req) ? pretty(argsOf(req), 1) : '{}'
  return `{
  "args": ${args},
  "headers": ${head.fieldsText},
  "method": ${JSON.stringify(req.method)},
  "origin": ${JSON.stringify(originOf(req, head))},
  "url": ${JSON.stringify(urlOf(req, head))}${more}
}
`
}

export function requestAnswer(req: Asked, head: Head): Reply {
  return jsonText(head, requestText(req, head))
}

/** The request with its body. */
export function bodyAnswer(req: Asked, head: Head): Reply | Promise<Reply> {
  if (!hasBody(req)) return jsonText(head, requestText(req, head, NO_BODY))
  return withBody(req, head)
}

async function withBody(req: Asked, head: Head): Promise<Reply> {
  return jsonText(head, requestText(req, head, bodyText(await readBody(req))))
}

/** The request with its body, as JSON. */
export async function bodyRequestText(req: Asked, head: Head): Promise<string> {
  return requestText(req, head, bodyText(await readBody(req)))
}

function bodyText({ data, files, form, json }: ReadBody): string {
  return `,
  "data": ${JSON.stringify(data)},
  "files": ${pretty(files, 1)},
  "form": ${pretty(form, 1)},
  "json": ${json}`
}

const NO_BODY = bodyText({ data: '', files: {}, form: {}, json: 'null' })
