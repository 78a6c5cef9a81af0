// The entry point `brink/fetch`: helpers for fetch apps.
import type { Router } from './routing/router.js'
import { wrongArgument } from './runtime/option_errors.js'
import { isNoHandler } from './runtime/uncalled.js'

export type { FetchApp, FetchErrorHandler } from './fetch/application.js'
export { type ConnInfo, getConnInfo } from './fetch/conn_info.js'
export type { FetchInfo, FetchServer, FetchUpgrade, IncomingRequest } from './fetch/info.js'
export {
  type HonoContext,
  type UpgradeWebSocket,
  type WebSocketContext,
  type WebSocketEvents,
  type WebSocketLike,
  type WebSocketServerLike,
  webSocketHelper,
} from './fetch/web_socket.js'
export { type SrvxMiddleware, type SrvxOptions, type SrvxServer, serve } from './srvx/serve.js'

/**
 * A router as a fetch handler, for servers that take one: `Bun.serve({ fetch: toFetchHandler(app) })`.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`
 */
export function toFetchHandler(router: Router): (request: Request, info?: object) => Promise<Response> {
  if (typeof router?.fetch !== 'function') throw wrongArgument('toFetchHandler(router)', 'a Router', router)
  return router.fetch
}

isNoHandler(toFetchHandler, 'call it, toFetchHandler(router)')
