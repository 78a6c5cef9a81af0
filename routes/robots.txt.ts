import { endpoint, text } from './_endpoint.js'

/** Asks crawlers to leave /deny out (RFC 9309). */
export default endpoint((_req, head) => text(head, 'User-agent: *\nDisallow: /deny\n'))
