// An app whose requests are traced, with the packages of OpenTelemetry. curl localhost:8080/notes/1
import { trace } from '@opentelemetry/api'
import { closeOnSignals, HttpError, Router, serve } from 'brink'
import { sdk, traced } from './tracing.js'

const tracer = trace.getTracer('notes')
const notes = new Map([['1', 'Buy milk']])

/** Stands for a database: what it does is a span of its own. */
const find = (id) =>
  tracer.startActiveSpan('find note', async (span) => {
    await new Promise((resolve) => setTimeout(resolve, 5))
    span.end()
    return notes.get(id)
  })

const app = new Router()
  .use(traced)
  .get('/', () => 'Hello')
  .get('/notes/:id', async ({ params }) => {
    const text = await find(params.id)
    if (text === undefined) throw new HttpError(404, 'There is no such note.')
    return { id: params.id, text }
  })
  .get('/broken', () => {
    throw new Error('It does not work.')
  })

const server = await serve(app, { port: Number(process.env.PORT ?? 8080), log: () => {} })
console.log(`Listening on ${server.url}`)
// What was traced last is exported before the process exits.
closeOnSignals(server, { onClosed: () => sdk.shutdown() })
