// `brink/node/https`: Node's HTTPS server on brink's loop. The documentation of `node:https` applies.
import type { RequestListener } from 'node:http'
import { isNoHandler } from '../runtime/uncalled.js'
import type { SecureServerOptions } from './secure_options.js'
import { type SecureServer, type SecureServerConstructor, secureServer } from './secure_server.js'

export type { CertificateOptions, SecureServerOptions as ServerOptions } from './secure_options.js'

export interface Server extends SecureServer {}
export const Server: SecureServerConstructor = secureServer()

/**
 * Creates a server with TLS on brink's loop, as `https.createServer` does on Node's.
 *
 * @throws the errors of `https.createServer` for invalid options; Error `ERR_TLS_OPTION` for options that brink does not
 * have, with what to do instead; `ERR_TLS_CONTEXT` for what OpenSSL refuses; `ERR_TLS_UNAVAILABLE` without OpenSSL
 */
export function createServer(requestListener?: RequestListener): SecureServer
export function createServer(options: SecureServerOptions, requestListener?: RequestListener): SecureServer
export function createServer(
  options?: SecureServerOptions | RequestListener,
  requestListener?: RequestListener,
): SecureServer {
  return new Server(options as SecureServerOptions, requestListener)
}

isNoHandler(createServer, 'it makes a server by itself, createServer(options, listener)')

export default { createServer, Server }
