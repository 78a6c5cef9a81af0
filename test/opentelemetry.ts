// The example of OpenTelemetry: it exports its spans to a collector that is a server of this process.
import { join } from 'node:path'
import { Router, serve } from 'brink'
import * as assert from 'uvu/assert'
import { askExample } from './example_program.js'

interface Attribute {
  readonly key: string
  readonly value: { readonly stringValue?: string; readonly intValue?: number | string }
}

interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly attributes: readonly Attribute[]
  readonly events?: readonly { readonly name: string; readonly attributes: readonly Attribute[] }[]
  readonly status: { readonly code?: number }
}

/** OTLP over HTTP as JSON. */
interface Export {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly Span[] }[] }[]
}

const KIND_SERVER = 2
const STATUS_ERROR = 2
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const PARENT = '00f067aa0ba902b7'

/** Runs the example with this command line, and checks what it has exported. */
export async function tryOpenTelemetry(root: string, args: readonly string[]): Promise<void> {
  const spans: Span[] = []
  const collector = await serve(
    new Router().post('/v1/traces', async (req) => {
      const { resourceSpans } = await req.json<Export>()
      spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)))
      return {}
    }),
    { port: 0 },
  )
  try {
    const file = join(root, 'examples/opentelemetry/app.js')
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_TRACES_SAMPLER: undefined }
    await askExample([...args, file], env, async (url) => {
      const traced = { headers: { traceparent: `00-${TRACE}-${PARENT}-01` } }
      assert.equal(await (await fetch(`${url}/notes/1`, traced)).json(), { id: '1', text: 'Buy milk' })
      assert.is((await fetch(`${url}/notes/2`)).status, 404)
      assert.is((await fetch(`${url}/broken`)).status, 500)
      assert.is((await fetch(`${url}/unknown`)).status, 404)
    })
  } finally {
    await collector.close({ force: 0 })
  }
  check(spans)
}

function check(spans: readonly Span[]): void {
  const servers = spans.filter(({ kind }) => kind === KIND_SERVER)
  assert.equal(
    servers.map((span) => [span.name, attribute(span, 'http.response.status_code'), attribute(span, 'http.route')]),
    [
      ['GET /notes/:id', '200', '/notes/:id'],
      ['GET /notes/:id', '404', '/notes/:id'],
      ['GET /broken', '500', '/broken'],
      ['GET', '404', ''],
    ],
  )
  const [found, missing, broken] = servers as [Span, Span, Span]
  // The client's trace goes on, and what the handler does is a part of it.
  assert.equal([found.traceId, found.parentSpanId], [TRACE, PARENT])
  const [inner, second] = spans.filter(({ name }) => name === 'find note')
  assert.equal([inner?.traceId, inner?.parentSpanId], [TRACE, found.spanId])
  assert.equal([second?.traceId, second?.parentSpanId], [missing.traceId, missing.spanId])
  assert.is(broken.status.code, STATUS_ERROR)
  assert.is.not(missing.status.code, STATUS_ERROR)
  assert.equal(
    servers.map(({ events = [] }) => events.map(({ name }) => name)),
    [[], ['exception'], ['exception'], []],
  )
}

function attribute({ attributes }: Span, key: string): string {
  const value = attributes.find((attribute) => attribute.key === key)?.value
  return `${value?.stringValue ?? value?.intValue ?? ''}`
}
