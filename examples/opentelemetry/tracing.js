// Spans of requests, by the channels of brink and the API of OpenTelemetry.
import { subscribe } from 'node:diagnostics_channel'
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { NodeSDK } from '@opentelemetry/sdk-node'

// Where it exports to is in the environment: OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318
export const sdk = new NodeSDK({ serviceName: 'notes', traceExporter: new OTLPTraceExporter() })
sdk.start()

const tracer = trace.getTracer('brink')
/** The context of each request, with its span. */
const contexts = new WeakMap()
const spanOf = (request) => trace.getSpan(contexts.get(request))

const fields = { get: (headers, name) => headers.get(name) ?? undefined, keys: (headers) => [...headers.keys()] }

subscribe('brink:request:start', ({ request }) => {
  // The traceparent of the request is the parent of its span.
  const parent = propagation.extract(context.active(), request.headers, fields)
  const span = tracer.startSpan(
    request.method,
    {
      kind: SpanKind.SERVER,
      attributes: {
        'http.request.method': request.method,
        'url.path': request.path,
        'client.address': request.ip,
        'user_agent.original': request.headers.get('user-agent') ?? '',
      },
    },
    parent,
  )
  contexts.set(request, trace.setSpan(parent, span))
})

subscribe('brink:request:routed', ({ request, route }) => {
  spanOf(request).updateName(`${request.method} ${route}`).setAttribute('http.route', route)
})

subscribe('brink:request:error', ({ request, error }) => {
  spanOf(request).recordException(error instanceof Error ? error : String(error))
})

subscribe('brink:request:end', ({ request, status, aborted }) => {
  const span = spanOf(request).setAttribute('http.response.status_code', status)
  if (status >= 500 || aborted) span.setStatus({ code: SpanStatusCode.ERROR })
  span.end()
})

/** A middleware in which the span of the request is active: spans that are made below it are its children. */
export const traced = (req, next) => context.with(contexts.get(req), next)
