// Deno.serve with a switch over the path.
import * as app from './fetch_app.mjs'
import * as work from './work.mjs'

const API_ROUTE = /^\/api\/([a-z]+)(?:\/([^/]+))?$/
const resources = new Set(work.RESOURCES)
const routes = new Set(work.RESOURCE_ROUTES.map(([method, hasId]) => `${method} ${hasId}`))

function pathOf(url) {
  const begin = url.indexOf('/', url.indexOf('//') + 2)
  const end = url.indexOf('?', begin)
  return end === -1 ? url.slice(begin) : url.slice(begin, end)
}

function api(request, path) {
  const [, name, id] = API_ROUTE.exec(path) ?? []
  if (!resources.has(name) || !routes.has(`${request.method} ${id !== undefined}`)) return missing()
  return app.resource(request, request.method, name, id)
}

const missing = () => new Response('Not Found', { status: 404 })

function handle(request) {
  const path = pathOf(request.url)
  switch (path) {
    case '/plaintext':
    case '/close':
      return app.text(work.GREETING)
    case '/json':
      return Response.json(work.message())
    case '/echo':
      return app.echo(request)
    case '/async':
      return app.late(work.RESOLVED)
    case '/timer':
      return app.late(work.afterTimer())
  }
  if (path.startsWith('/users/')) return app.user(request, decodeURIComponent(path.slice(7)))
  if (path.startsWith('/api/')) return api(request, path)
  return missing()
}

export const listen = () =>
  new Promise((resolve) => {
    Deno.serve({ hostname: '127.0.0.1', port: 0, onListen: ({ port }) => resolve(port) }, handle)
  })
