import { endpoint, text } from './_endpoint.js'

/** What no crawler should see. */
export default endpoint((_req, head) => text(head, "YOU SHOULDN'T BE HERE\n"))
