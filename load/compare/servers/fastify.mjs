import createApp from 'fastify'
import * as work from './work.mjs'

async function api(app) {
  app.decorateRequest('tenant', '')
  app.decorateRequest('user', '')
  app.addHook('onRequest', (request, _reply, next) => {
    request.tenant = work.TENANT
    next()
  })
  app.addHook('onRequest', (request, reply, next) => {
    const name = work.nameOfKey(request.headers[work.KEY_FIELD])
    if (name === undefined) return reply.code(401).send('Who are you?')
    request.user = name
    next()
  })
  app.addHook('onSend', (_request, reply, payload, next) => {
    reply.header(...work.SERVED_BY)
    next(null, payload)
  })
  for (const resource of work.RESOURCES) {
    for (const [method, hasId] of work.RESOURCE_ROUTES) {
      app.route({
        method,
        url: hasId ? `/${resource}/:id` : `/${resource}`,
        handler: (request, reply) => {
          reply.send(work.resourceText(method, resource, request.params.id ?? '', request.user, request.tenant))
        },
      })
    }
  }
}

export async function listen() {
  const app = createApp()
  app.get('/plaintext', (_request, reply) => {
    reply.send(work.GREETING)
  })
  app.get('/close', (_request, reply) => {
    reply.send(work.GREETING)
  })
  app.get('/json', (_request, reply) => {
    reply.send(work.message())
  })
  app.get('/users/:id', ({ params, query, headers }, reply) => {
    reply.send(work.userText(params.id, query.x, headers['user-agent'], headers['accept-language']))
  })
  app.post('/echo', (request, reply) => {
    reply.send(request.body)
  })
  app.get('/async', async () => {
    await work.RESOLVED
    return work.GREETING
  })
  app.get('/timer', async () => {
    await work.afterTimer()
    return work.GREETING
  })
  app.register(api, { prefix: '/api' })
  await app.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
  return app.server.address().port
}
