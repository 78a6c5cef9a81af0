import type { Reply } from 'brink'
import { HttpError } from 'brink'
import { limitsOf } from 'brink/target'
import { hasBody } from './_body.js'
import { requestText } from './_echo.js'
import { type Asked, endpoint, jsonText, preflight, text } from './_endpoint.js'
import type { Head } from './_head.js'
import { param } from './_query.js'

/** Counts the bytes of the body as they arrive, and keeps none. */
async function upload(req: Asked, head: Head): Promise<Reply> {
  const most = limitsOf(req).maxUploadSize
  let size = 0
  if (hasBody(req)) {
    for await (const chunk of req.chunks()) {
      size += chunk.length
      if (size > most) throw new HttpError(413, `the body is larger than ${most} bytes`)
    }
  }
  if (param(req, 'format') === 'text') return text(head, String(size))
  return jsonText(head, requestText(req, head, `,\n  "bytes_received": ${size}`))
}

export const POST = endpoint(upload)
export const PUT = POST
export const PATCH = POST
export const OPTIONS = preflight
