import express from 'express'
import * as work from './work.mjs'

function api() {
  const router = express.Router()
  router.use((request, _response, next) => {
    request.tenant = work.TENANT
    next()
  })
  router.use((request, response, next) => {
    request.user = work.nameOfKey(request.headers[work.KEY_FIELD])
    if (request.user !== undefined) return next()
    response.status(401).type('text').send('Who are you?')
  })
  router.use((_request, response, next) => {
    response.set(...work.SERVED_BY)
    next()
  })
  for (const resource of work.RESOURCES) {
    for (const [method, hasId] of work.RESOURCE_ROUTES) {
      router[method.toLowerCase()](hasId ? `/${resource}/:id` : `/${resource}`, (request, response) => {
        const { user, tenant } = request
        response.type('text').send(work.resourceText(method, resource, request.params.id ?? '', user, tenant))
      })
    }
  }
  return router
}

export async function listen() {
  const app = express()
  for (const path of ['/plaintext', '/close']) {
    app.get(path, (_request, response) => response.type('text').send(work.GREETING))
  }
  app.get('/json', (_request, response) => response.json(work.message()))
  app.get('/users/:id', ({ params, query, headers }, response) => {
    response.type('text').send(work.userText(params.id, query.x, headers['user-agent'], headers['accept-language']))
  })
  app.post('/echo', express.json(), (request, response) => response.json(request.body))
  app.get('/async', async (_request, response) => {
    await work.RESOLVED
    response.type('text').send(work.GREETING)
  })
  app.get('/timer', async (_request, response) => {
    await work.afterTimer()
    response.type('text').send(work.GREETING)
  })
  app.use('/api', api())
  return new Promise((resolve, reject) => {
    const server = app.listen(0, '127.0.0.1', 4096, (error) => (error ? reject(error) : resolve(server.address().port)))
  })
}
