import { type BrinkRequest, reply } from 'brink'
import { bytesOf } from './_body.js'
import { echoedType } from './_content_types.js'

/** Answers with the body that was sent, and its content type. */
async function echo(req: BrinkRequest) {
  const type = echoedType(req, req.headers.get('content-type') ?? 'application/octet-stream')
  return reply(200, await bytesOf(req), { 'content-type': type, 'x-content-type-options': 'nosniff' })
}

export const POST = echo
export const PUT = echo
export const PATCH = echo

export const GET = () => 'Send a body with POST, PUT or PATCH, and it comes back as it was sent.\n'
