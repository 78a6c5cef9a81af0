// curl localhost:8080/notes --json '{"text":"Buy milk"}'
// curl localhost:8080/notes
import { HttpError, Router, reply, serve } from 'brink'
import { openNotes } from './notes.js'

const notes = await openNotes(process.env.DATABASE ?? ':memory:')

const api = new Router()
  .get('/', ({ query }) => notes.list(limitOf(query)))
  .post('/', async (req) => {
    const note = notes.add(textOf(await req.json()))
    return reply(201, note, { location: `/notes/${note.id}` })
  })
  .get('/:id', ({ params }) => notes.get(idOf(params.id)) ?? missing(params.id))
  .put('/:id', async (req) => {
    const id = idOf(req.params.id)
    return notes.change(id, textOf(await req.json())) ?? missing(req.params.id)
  })
  .delete('/:id', ({ params }) => {
    if (!notes.remove(idOf(params.id))) missing(params.id)
  })
  .onError((error) => {
    if (!(error instanceof HttpError)) return undefined // logged, and answered with 500
    return reply(error.status, { error: error.message }, error.headers)
  })

const server = await serve(new Router().mount('/notes', api), {
  port: Number(process.env.PORT ?? 8080),
  bodyLimit: 64 * 1024,
})
console.log(`Notes are kept in ${notes.kind}.`)
console.log(`Listening on ${server.url}`)
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await server.close({ force: 5000 })
    notes.close()
  })
}

/** @param {unknown} body what the client sent */
function textOf(body) {
  const text = /** @type {{ text?: unknown } | null} */ (body)?.text
  if (typeof text !== 'string' || text.trim() === '') throw new HttpError(422, 'A note needs a "text".')
  return text
}

/** @param {string} id */
function idOf(id) {
  const number = Number(id)
  return Number.isSafeInteger(number) ? number : missing(id)
}

/** @param {URLSearchParams} query */
function limitOf(query) {
  const limit = Number(query.get('limit') ?? 100)
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw new HttpError(400, 'The limit is 1 to 1000.')
  return limit
}

/**
 * @param {string} id
 * @returns {never}
 */
function missing(id) {
  throw new HttpError(404, `There is no note ${id}.`)
}
