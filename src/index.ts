export { type CompressOptions, compress } from './compression.js'
export type { Encoding } from './encoders.js'
export { HttpError, type HttpErrorOptions } from './errors.js'
export { type EventContext, type EventGenerator, type EventOptions, events } from './event_stream.js'
export type { ServerEvent } from './event_text.js'
export { FileSlice } from './file_slice.js'
export { file } from './files/file.js'
export { files } from './files/files.js'
export type { CacheControlRules, FileOptions, FilesOptions } from './files/options.js'
export { routesFrom } from './folder.js'
export type { FormLimits } from './form_limits.js'
export type {
  AddRoute,
  ErrorHandler,
  Handler,
  HandlerResult,
  Handling,
  Middleware,
  Next,
  PathParams,
} from './handler.js'
export type { HeadersSource, HeaderValue, ReplyHeaders } from './headers.js'
export { type Part, parts } from './multipart.js'
export type { ClientError, ServeOptions } from './options.js'
export { html, Reply, type ReplyBody, redirect, reply } from './reply.js'
export type { BrinkRequest, RequestState } from './request.js'
export type { RequestHeaders } from './request_headers.js'
export { Router } from './router.js'
export type { RouteOptions } from './router_definition.js'
export { type CloseOptions, type Server, serve } from './server.js'
export type { ServerStats } from './stats.js'
export type { UpgradeHandler, UpgradeRequest } from './upgrade.js'
