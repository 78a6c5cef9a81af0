import type { Reply } from '../reply/reply.js'
import type { BrinkRequest } from '../request/request.js'
import { refusal } from './refusal.js'

/**
 * The answer to a request that a page of another site has a browser send; undefined for all others. Browsers name the
 * origin of each request that is not for reading; programs name none.
 */
export function refusedAsForeign(req: BrinkRequest): Reply | undefined {
  const origin = req.headers.get('origin')
  const site = req.headers.get('sec-fetch-site')
  const isOwn = origin === null || originHost(origin) === req.host?.toLowerCase()
  if (isOwn && (site === null || site === 'same-origin' || site === 'none')) return undefined
  const message = 'The target takes orders from its own page and from programs, not from other sites.'
  return refusal(403, { code: 'FOREIGN_ORIGIN', message })
}

/** With the port, unless it is the usual one of the scheme. Undefined for `null` and for what is no origin. */
function originHost(origin: string): string | undefined {
  return /^https?:\/\/([^/@]+)$/i.exec(origin)?.[1]?.toLowerCase()
}
