export { type CompressOptions, compress } from './compression/compression.js'
export type { Encoding } from './compression/encoders.js'
export { type EventContext, type EventGenerator, type EventOptions, events } from './events/event_stream.js'
export type { ServerEvent } from './events/event_text.js'
export type { ClientError } from './exchange/client_error.js'
export { FileSlice } from './exchange/file_slice.js'
export type { TlsFacts } from './exchange/tls_facts.js'
export type { FetchApp, FetchErrorHandler } from './fetch/application.js'
export type { FetchInfo, FetchServer, FetchUpgrade, IncomingRequest } from './fetch/info.js'
export type { HeadersSource, HeaderValue, ReplyHeaders } from './fields/headers.js'
export { HttpError, type HttpErrorOptions } from './fields/http_error.js'
export { file } from './files/file.js'
export { files } from './files/files.js'
export type { CacheControlRules, FileOptions, FilesOptions } from './files/options.js'
export { routesFrom } from './folder/folder.js'
export type { FormLimits } from './forms/form_limits.js'
export { type Part, parts } from './forms/multipart.js'
export type { AccessRecord, RequestEnd } from './logging/access_record.js'
export type {
  AccessLogFormat,
  AccessLogFormatName,
  AccessLogger,
  AccessLogOptions,
  RequestIdOptions,
} from './logging/options.js'
export type { MetricsFormat } from './metrics/exposition.js'
export type { MetricsOptions } from './metrics/options.js'
export { type Health, type HealthOptions, type HealthServer, health, type TimedHealthCheck } from './operate/health.js'
export type { HealthCheck } from './operate/health_check.js'
export { type MetricsHandlerOptions, type MetricsServer, metrics } from './operate/metrics_handler.js'
export type { HandlerResult } from './reply/handler_result.js'
export { html, Reply, type ReplyBody, redirect, reply } from './reply/reply.js'
export type { CloseOptions, CloseReport, WorkCounts } from './request/closing.js'
export type { BrinkRequest, RequestState } from './request/request.js'
export type { RequestMessage } from './request/request_events.js'
export type { RequestHeaders } from './request/request_headers.js'
export type {
  AddRoute,
  ErrorHandler,
  Handler,
  Handling,
  MethodName,
  Middleware,
  Next,
  PathParams,
  RoutePath,
} from './routing/handler.js'
export type { LocalOptions } from './routing/local_answers.js'
export type { RouteOptions } from './routing/route_options.js'
export { Router } from './routing/router.js'
export type { UpgradeHandler, UpgradeRequest } from './routing/upgrade.js'
export type { FetchServeOptions } from './server/applications.js'
export { type CloseOnSignalsOptions, closeOnSignals } from './server/close_on_signals.js'
export type { ListenAtPath, ListenAtPort, ListenOnDescriptor, ListenOptions } from './server/listen_options.js'
export type { Listening } from './server/listening.js'
export { notifySystemd } from './server/notify.js'
export type { BackendName, ServeOptions } from './server/options.js'
export type { NeverShed, ShedWhen } from './server/overload.js'
export { type Server, serve } from './server/server.js'
export type { ServerStats } from './server/stats.js'
export type {
  KeyWithPassphrase,
  Pem,
  PfxWithPassphrase,
  TlsIdentity,
  TlsOptions,
  TlsVersion,
} from './server/tls_options.js'
