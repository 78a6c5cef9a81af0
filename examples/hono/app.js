// A Hono app: with Hono's own server for Node, serve would come from '@hono/node-server'. Needs the package hono.
import { serve } from 'brink'
import { Hono } from 'hono'
import { cors } from 'hono/cors'
import { HTTPException } from 'hono/http-exception'
import { streamSSE } from 'hono/streaming'
import { validator } from 'hono/validator'

/** @type {string[]} */
const notes = []

const app = new Hono()
  .use('/notes/*', cors())
  .get('/', (c) => c.text('Hello from Hono'))
  .get('/notes', (c) => c.json(notes))
  .post(
    '/notes',
    validator('json', (value) => {
      if (typeof value?.text !== 'string') throw new HTTPException(422, { message: 'A note needs a text.' })
      return { text: value.text }
    }),
    (c) => {
      const { text } = c.req.valid('json')
      return c.json({ id: notes.push(text), text }, 201)
    },
  )
  .get('/count', (c) =>
    streamSSE(c, async (stream) => {
      for (const id of ['1', '2', '3']) await stream.writeSSE({ id, data: `count ${id}` })
    }),
  )

const server = await serve(app, { port: Number(process.env.PORT ?? 8080) })
console.log(`Listening on ${server.url}`)
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close({ force: 5000 }))
