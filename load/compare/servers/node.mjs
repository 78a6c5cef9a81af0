// node:http as it is used without a framework: a switch, and no more.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import sirv from 'sirv'
import * as work from './work.mjs'

const TEXT = 'text/plain'
const [SERVED_BY_NAME, SERVED_BY_VALUE] = work.SERVED_BY
const API_ROUTE = /^\/api\/([a-z]+)(?:\/([^/?]+))?$/

function send(response, text, status = 200, type = TEXT) {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) }).end(text)
}

const sendJson = (response, value) => send(response, JSON.stringify(value), 200, 'application/json')
const missing = (response) => send(response, 'Not Found', 404)

function user(request, response) {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost')
  const { 'user-agent': agent, 'accept-language': language } = request.headers
  send(response, work.userText(decodeURIComponent(pathname.slice(7)), searchParams.get('x'), agent, language))
}

function echo(request, response) {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => sendJson(response, JSON.parse(Buffer.concat(chunks).toString('utf8'))))
}

async function late(response, promise) {
  await promise
  send(response, work.GREETING)
}

const resources = new Set(work.RESOURCES)
const routes = new Set(work.RESOURCE_ROUTES.map(([method, hasId]) => `${method} ${hasId}`))

const middlewares = [
  (request, _response, next) => {
    request.tenant = work.TENANT
    next()
  },
  (request, response, next) => {
    request.user = work.nameOfKey(request.headers[work.KEY_FIELD])
    if (request.user !== undefined) return next()
    send(response, 'Who are you?', 401)
  },
  (_request, response, next) => {
    response.setHeader(SERVED_BY_NAME, SERVED_BY_VALUE)
    next()
  },
]

function api(request, response) {
  const [, resource, id] = API_ROUTE.exec(request.url) ?? []
  if (!resources.has(resource) || !routes.has(`${request.method} ${id !== undefined}`)) return missing(response)
  const run = (at) => {
    if (at < middlewares.length) return middlewares[at](request, response, () => run(at + 1))
    send(response, work.resourceText(request.method, resource, id ?? '', request.user, request.tenant))
  }
  run(0)
}

export async function listen({ folder, tls }) {
  const sendFile = folder ? sirv(folder) : undefined
  // Its own five seconds are over before ten thousand clients have come.
  const options = { keepAliveTimeout: 72_000 }
  if (tls) Object.assign(options, { key: readFileSync(tls.key), cert: readFileSync(tls.cert) })
  const server = (tls ? createSecureServer : createServer)(options, (request, response) => {
    switch (request.url) {
      case '/plaintext':
      case '/close':
        return send(response, work.GREETING)
      case '/large':
        return send(response, work.LARGE)
      case '/json':
        return sendJson(response, work.message())
      case '/echo':
        return echo(request, response)
      case '/async':
        return late(response, work.RESOLVED)
      case '/timer':
        return late(response, work.afterTimer())
    }
    if (request.url.startsWith('/users/')) return user(request, response)
    if (request.url.startsWith('/api/')) return api(request, response)
    if (sendFile && request.url.startsWith('/files/')) {
      request.url = request.url.slice('/files'.length)
      return sendFile(request, response, () => missing(response))
    }
    missing(response)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', 4096, resolve))
  return server.address().port
}
