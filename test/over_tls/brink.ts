// Stands in the place of 'brink' where tests run over TLS: their servers have a certificate, if they do not say anything of it.
import { type ServeOptions, type Server, serve as serveBrink } from 'brink'
import { certificateOfRun } from './certificate.js'
import { noteListeners } from './places.js'

export * from 'brink'

const tls = certificateOfRun()
/** A crowd of clients, with this process as their other end, takes long on a busy machine. */
const HANDSHAKE_TIMEOUT_MS = 120_000

export const serve = (async (app: Parameters<typeof serveBrink>[0], options?: ServeOptions): Promise<Server> => {
  const server = await serveBrink(app, withTls(options))
  noteListeners(server)
  return server
}) as typeof serveBrink

function withTls(options: ServeOptions | undefined): ServeOptions | undefined {
  if (tls === undefined || (typeof options !== 'object' && options !== undefined) || options === null) return options
  if (options !== undefined && 'tls' in options) return options
  return { handshakeTimeout: HANDSHAKE_TIMEOUT_MS, ...options, tls }
}
