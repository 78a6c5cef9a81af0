// Bun.serve with its own router, whose static routes are answered without a handler.
import * as app from './fetch_app.mjs'
import * as work from './work.mjs'

function apiRoutes() {
  const routes = {}
  for (const resource of work.RESOURCES) {
    for (const [method, hasId] of work.RESOURCE_ROUTES) {
      const path = hasId ? `/api/${resource}/:id` : `/api/${resource}`
      routes[path] ??= {}
      routes[path][method] = (request) => app.resource(request, method, resource, request.params.id)
    }
  }
  return routes
}

export async function listen({ folder }) {
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 240,
    routes: {
      '/fixed': app.text(work.GREETING),
      '/plaintext': () => app.text(work.GREETING),
      // By itself it closes without saying so, which clients take for a failure.
      '/close': () => new Response(work.GREETING, { headers: { Connection: 'close' } }),
      '/json': () => Response.json(work.message()),
      '/users/:id': (request) => app.user(request, request.params.id),
      '/echo': { POST: app.echo },
      '/async': () => app.late(work.RESOLVED),
      '/timer': () => app.late(work.afterTimer()),
      '/files/:name': (request) => new Response(Bun.file(`${folder}/${request.params.name}`)),
      ...apiRoutes(),
    },
    fetch: () => new Response('Not Found', { status: 404 }),
  })
  return server.port
}
