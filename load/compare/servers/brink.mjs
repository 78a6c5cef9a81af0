import { readFileSync } from 'node:fs'
import * as brink from '../../../dist/index.js'
import * as work from './work.mjs'

const { reply, Router, serve } = brink
const [SERVED_BY_NAME, SERVED_BY_VALUE] = work.SERVED_BY

function api() {
  const router = new Router()
    .use((req, next) => {
      req.state.tenant = work.TENANT
      return next()
    })
    .use((req, next) => {
      const name = work.nameOfKey(req.headers.get(work.KEY_FIELD))
      if (name === undefined) return reply(401, 'Who are you?')
      req.state.name = name
      return next()
    })
    .use(async (_req, next) => {
      const answer = await next()
      answer.headers.set(SERVED_BY_NAME, SERVED_BY_VALUE)
      return answer
    })
  for (const resource of work.RESOURCES) {
    for (const [method, hasId] of work.RESOURCE_ROUTES) {
      router.on(method, hasId ? `/${resource}/:id` : `/${resource}`, ({ params, state }) =>
        work.resourceText(method, resource, params.id ?? '', state.name, state.tenant),
      )
    }
  }
  return router
}

export async function listen({ folder, tls, threads = 0 }) {
  const app = new Router()
    .get('/plaintext', () => work.GREETING)
    .get('/close', () => work.GREETING)
    .get('/json', () => work.message())
    .get('/users/:id', ({ params, query, headers }) =>
      work.userText(params.id, query.get('x'), headers.get('user-agent'), headers.get('accept-language')),
    )
    .post('/echo', (req) => req.json())
    .get('/async', async () => {
      await work.RESOLVED
      return work.GREETING
    })
    .get('/timer', async () => {
      await work.afterTimer()
      return work.GREETING
    })
    .get('/large', () => reply(200, work.LARGE, { 'content-type': 'text/plain' }))
    .mount('/api', api())
  // Not in every version of brink.
  if (app.fixed) app.fixed('/fixed', reply(200, work.GREETING))
  if (brink.files && folder) app.get('/files/*', brink.files(folder))
  const options = { port: 0, host: '127.0.0.1', threads }
  if (tls) options.tls = { key: readFileSync(tls.key), cert: readFileSync(tls.cert) }
  const { port } = await serve(app, options)
  return port
}
