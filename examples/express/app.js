// An Express app. The one line that is not as usual: createServer would come from 'node:http'. Needs the package express.
import { createServer } from 'brink/node'
import express from 'express'

const app = express()
app.use(express.json())

/** @type {{ id: number, text: string }[]} */
const notes = []

app.get('/', (_req, res) => res.send('Hello from Express'))
app.get('/notes', (_req, res) => res.json(notes))
app.post('/notes', (req, res) => {
  const { text } = req.body ?? {}
  if (typeof text !== 'string') return res.status(422).json({ error: 'A note needs a text.' })
  const note = { id: notes.length + 1, text }
  notes.push(note)
  return res.status(201).location(`/notes/${note.id}`).json(note)
})
app.get('/notes/:id', (req, res) => {
  const note = notes.find(({ id }) => `${id}` === req.params.id)
  return note ? res.json(note) : res.status(404).json({ error: 'There is no such note.' })
})

const server = createServer(app)
server.listen(Number(process.env.PORT ?? 8080), () =>
  console.log(`Listening on http://localhost:${server.address().port}`),
)
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close())
