import { readFileSync } from 'node:fs'
import { endpoint, json } from './_endpoint.js'

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }

/** Which program answers, and its version. */
export default endpoint((_req, head) => json(head, { service: 'brink', version: manifest.version }))
