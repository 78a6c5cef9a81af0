import type { Reply } from 'brink'
import { SANDBOX } from './_content_types.js'
import { answer } from './_endpoint.js'
import type { Head } from './_head.js'
import type { Image } from './_images.js'

export function imageAnswer(head: Head, { type, bytes }: Image): Reply {
  // A browser that opens an SVG takes it for a page.
  const policy = type === 'image/svg+xml' ? { 'content-security-policy': SANDBOX } : {}
  return answer(head, 200, bytes, { 'content-type': type, ...policy })
}
