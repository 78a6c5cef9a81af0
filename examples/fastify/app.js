// A Fastify app. The one line that is not as usual is the first: it puts brink behind node:http. Needs the package fastify.
// For this app alone, and not the whole process: Fastify({ serverFactory: brinkFactory }), with brinkFactory of brink/node.
import 'brink/node/register'
import Fastify from 'fastify'

const app = Fastify()

/** @type {{ id: number, text: string }[]} */
const notes = []
const note = { type: 'object', required: ['text'], properties: { text: { type: 'string' } } }

app.get('/', async () => 'Hello from Fastify')
app.get('/notes', async () => notes)
app.post('/notes', { schema: { body: note } }, async (request, reply) => {
  const made = { id: notes.length + 1, text: request.body.text }
  notes.push(made)
  return reply.code(201).header('location', `/notes/${made.id}`).send(made)
})
app.get('/notes/:id', async (request, reply) => {
  const found = notes.find(({ id }) => `${id}` === request.params.id)
  return found ?? reply.code(404).send({ error: 'There is no such note.' })
})

await app.listen({ port: Number(process.env.PORT ?? 8080) })
console.log(`Listening on http://localhost:${app.server.address().port}`)
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close())
