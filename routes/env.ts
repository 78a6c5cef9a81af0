import { endpoint, json } from './_endpoint.js'

const SHOWN = /^(?:HTTPBIN|BRINK)_ENV_/

/** The environment variables that are meant to be shown. */
export default endpoint((_req, head) =>
  json(head, { env: Object.fromEntries(Object.entries(process.env).filter(([name]) => SHOWN.test(name))) }),
)
