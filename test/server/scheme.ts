// The scheme of the URLs of servers that are tested, which may be over TLS.
import { certificateOfRun } from '../over_tls/certificate.js'

const isOverTls = certificateOfRun() !== undefined
export const SCHEME = isOverTls ? 'https' : 'http'
export const DEFAULT_PORT = isOverTls ? 443 : 80
/** That of no URL of theirs. */
export const OTHER_SCHEME = isOverTls ? 'http' : 'https'
