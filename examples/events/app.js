// Open http://localhost:8080, then: curl localhost:8080/news -d 'It works.'
import { EventEmitter, on } from 'node:events'
import { events, files, HttpError, Router, serve } from 'brink'

const KEPT = 100

/** @type {{ id: number, text: string }[]} */
const news = []
let last = 0
const published = new EventEmitter().setMaxListeners(0)

const app = new Router()
  .post('/news', async (req) => {
    const text = await req.text()
    if (text.trim() === '') throw new HttpError(422, 'Send some text.')
    last += 1
    news.push({ id: last, text })
    if (news.length > KEPT) news.shift()
    published.emit('news')
  })
  .get('/news', (req) =>
    events(req, async function* ({ lastEventId, signal }) {
      // Listen before reading the list, so that no news are missed in between. The signal aborts when the client
      // disconnects and when the server closes.
      const changes = on(published, 'news', { signal })
      let seen = Number(lastEventId ?? 0)
      do {
        for (const { id, text } of news.filter((item) => item.id > seen)) {
          yield { id: String(id), data: text }
          seen = id
        }
      } while (!(await changes.next()).done)
    }),
  )
  .get('/*', files(new URL('public', import.meta.url)))

const server = await serve(app, { port: Number(process.env.PORT ?? 8080) })
console.log(`Listening on ${server.url}`)
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close({ force: 5000 }))
