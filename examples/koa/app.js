// A Koa app. The one line that is not as usual: createServer would come from 'node:http'. Needs the package koa.

import { json } from 'node:stream/consumers'
import { createServer } from 'brink/node'
import Koa from 'koa'

const app = new Koa()

/** @type {{ id: number, text: string }[]} */
const notes = []

app.use(async (ctx) => {
  const route = `${ctx.method} ${ctx.path}`
  const id = /^GET \/notes\/(\d+)$/.exec(route)?.[1]
  if (route === 'GET /') ctx.body = 'Hello from Koa'
  else if (route === 'GET /notes') ctx.body = notes
  else if (route === 'POST /notes') await addNote(ctx)
  else if (id !== undefined) showNote(ctx, Number(id))
})

async function addNote(ctx) {
  const { text } = (await json(ctx.req).catch(() => undefined)) ?? {}
  if (typeof text !== 'string') {
    ctx.status = 422
    ctx.body = { error: 'A note needs a text.' }
    return
  }
  const note = { id: notes.length + 1, text }
  notes.push(note)
  ctx.status = 201
  ctx.set('Location', `/notes/${note.id}`)
  ctx.body = note
}

function showNote(ctx, id) {
  const note = notes.find((each) => each.id === id)
  ctx.status = note ? 200 : 404
  ctx.body = note ?? { error: 'There is no such note.' }
}

const server = createServer(app.callback())
server.listen(Number(process.env.PORT ?? 8080), () =>
  console.log(`Listening on http://localhost:${server.address().port}`),
)
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close())
