import { Hono } from 'hono'
import * as work from './work.mjs'

export function honoApp() {
  const app = new Hono()
  app.get('/plaintext', (c) => c.text(work.GREETING))
  app.get('/close', (c) => c.text(work.GREETING))
  app.get('/json', (c) => c.json(work.message()))
  app.get('/users/:id', (c) =>
    c.text(
      work.userText(c.req.param('id'), c.req.query('x'), c.req.header('user-agent'), c.req.header('accept-language')),
    ),
  )
  app.post('/echo', async (c) => c.json(await c.req.json()))
  app.get('/async', async (c) => {
    await work.RESOLVED
    return c.text(work.GREETING)
  })
  app.get('/timer', async (c) => {
    await work.afterTimer()
    return c.text(work.GREETING)
  })
  app.use('/api/*', (c, next) => {
    c.set('tenant', work.TENANT)
    return next()
  })
  app.use('/api/*', (c, next) => {
    const name = work.nameOfKey(c.req.header(work.KEY_FIELD))
    if (name === undefined) return c.text('Who are you?', 401)
    c.set('name', name)
    return next()
  })
  app.use('/api/*', (c, next) => {
    // Behind next() it would cost a second Response.
    c.header(...work.SERVED_BY)
    return next()
  })
  for (const resource of work.RESOURCES) {
    for (const [method, hasId] of work.RESOURCE_ROUTES) {
      app.on(method, hasId ? `/api/${resource}/:id` : `/api/${resource}`, (c) =>
        c.text(work.resourceText(method, resource, c.req.param('id') ?? '', c.get('name'), c.get('tenant'))),
      )
    }
  }
  return app
}
