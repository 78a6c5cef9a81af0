// Open http://localhost:8080, then: curl localhost:8080/news -d 'It works.'
import { EventEmitter, on } from 'node:events'
import { events, files, HttpError, Router, serve } from 'brink'

const KEPT = 100

/** @type {{ id: number, text: string }[]} */
const news = []
let last = 0
const published = new EventEmitter().setMaxListeners(0)
const closing = new AbortController()

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
      // Listening begins before the first look, so that nothing is missed between the two.
      const changes = on(published, 'news', { signal: AbortSignal.any([signal, closing.signal]) })
      let seen = Number(lastEventId ?? 0)
      try {
        do {
          for (const { id, text } of news.filter((item) => item.id > seen)) {
            yield { id: String(id), data: text }
            seen = id
          }
        } while (!(await changes.next()).done)
      } catch (error) {
        if (!closing.signal.aborted) throw error
      }
    }),
  )
  .get('/*', files(new URL('public', import.meta.url)))

const server = await serve(app, { port: Number(process.env.PORT ?? 8080) })
console.log(`Listening on ${server.url}`)
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    // close() waits for answers, and these have no end of their own.
    closing.abort()
    server.close({ force: 5000 })
  })
}
