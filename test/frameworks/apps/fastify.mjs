// Fastify 5 on a serverFactory.
import { Readable } from 'node:stream'
import createFastify from 'fastify'

const json = (target, body) =>
  `POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`

export async function fastify({ createServer, ask }) {
  const app = createFastify({ serverFactory: (handler) => createServer(handler), bodyLimit: 1000 })
  app.addHook('onSend', async (_request, reply, payload) => {
    reply.header('x-hook', 'onSend')
    return payload
  })
  const seen = []
  app.addHook('onResponse', async (request, reply) => {
    seen.push(`${request.method} ${request.url} ${reply.statusCode} ${request.ip}`)
  })
  app.get('/', async () => 'Hello, World!')
  app.get('/users/:id', async (request) => ({ id: request.params.id, query: request.query }))
  app.post('/echo', async (request, reply) => reply.code(201).send(request.body))
  app.get('/stream', (_request, reply) => reply.send(Readable.from(['a', 'b', 'c'])))
  app.get('/raw', (_request, reply) => {
    reply.hijack()
    reply.raw.writeHead(200, 'Raw', { 'X-Raw': '1' })
    reply.raw.end('hijacked')
  })
  app.get('/trailers', (_request, reply) => reply.trailer('x-t', async () => 'trailed').send('with trailers'))
  app.get('/fails', async () => {
    throw Object.assign(new Error('failed'), { statusCode: 503 })
  })
  const checked = { schema: { body: { type: 'object', required: ['a'], properties: { a: { type: 'number' } } } } }
  app.post('/checked', checked, async (request) => request.body)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address()
  const answers = []
  const targets = ['/', '/users/7?a=1', '/stream', '/raw', '/trailers', '/fails', '/none', '/%zz']
  for (const target of targets) answers.push(await ask(port, `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`))
  for (const body of ['{"a":1}', '{"a":"x"}', '{broken', `{"a":"${'l'.repeat(2000)}"}`]) {
    answers.push(await ask(port, json('/echo', body)), await ask(port, json('/checked', body)))
  }
  answers.push(await ask(port, 'HEAD / HTTP/1.1\r\nHost: x\r\n\r\n'))
  answers.push(
    await ask(
      port,
      'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
      json('/echo', '{"a":2}'),
      'GET /users/2 HTTP/1.1\r\nHost: x\r\n\r\n',
    ),
  )
  await app.close()
  return [...answers, ...seen]
}
