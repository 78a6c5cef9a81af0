// Open http://localhost:8080. Its pages are routed in the browser: open one and reload it.
import { compress, files, HttpError, Router, serve } from 'brink'

const books = new Map([
  ['1', { id: '1', title: 'The Art of Computer Programming' }],
  ['2', { id: '2', title: 'Structure and Interpretation of Computer Programs' }],
])

const api = new Router()
  .get('/books', () => [...books.values()])
  .get('/books/:id', ({ params }) => {
    const book = books.get(params.id)
    if (book === undefined) throw new HttpError(404, `There is no book ${params.id}.`)
    return book
  })
  // Without it an unknown path of the API would be the page: the wildcard below takes what no other route does.
  .all('/*', ({ path }) => {
    throw new HttpError(404, `There is no ${path}.`)
  })

const app = new Router()
  .use(compress())
  .mount('/api', api)
  .get('/*', files(new URL('public', import.meta.url), { fallback: 'index.html', immutable: 'assets/**' }))

const server = await serve(app, { port: Number(process.env.PORT ?? 8080) })
console.log(`Listening on ${server.url}`)
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close({ force: 5000 }))
