import { endpoint, jsonText } from './_endpoint.js'

/** The header fields of the request. */
export default endpoint((_req, head) => jsonText(head, `{\n  "headers": ${head.fieldsText}\n}\n`))
