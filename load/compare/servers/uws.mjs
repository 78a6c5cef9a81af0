// uWebSockets.js. It has no middleware: the three are functions called in turn, as its users write them.
import uws from 'uwebsockets'
import * as work from './work.mjs'

const TEXT = 'text/plain'
const JSON_TYPE = 'application/json'
const [SERVED_BY_NAME, SERVED_BY_VALUE] = work.SERVED_BY

const send = (res, text, type = TEXT) => res.writeHeader('Content-Type', type).end(text)

/** Answers later. What it was called with may not be touched once the client has gone. */
async function late(res, promise) {
  let gone = false
  res.onAborted(() => {
    gone = true
  })
  await promise
  if (!gone) res.cork(() => send(res, work.GREETING))
}

function echo(res) {
  let begun
  res.onAborted(() => {})
  res.onData((chunk, isLast) => {
    // The chunk is gone when this returns.
    if (!isLast || begun) begun = Buffer.concat(begun ? [begun, Buffer.from(chunk)] : [Buffer.from(chunk)])
    if (!isLast) return
    const value = JSON.parse((begun ?? Buffer.from(chunk)).toString('utf8'))
    res.cork(() => send(res, JSON.stringify(value), JSON_TYPE))
  })
}

const middlewares = [
  (_res, _req, state, next) => {
    state.tenant = work.TENANT
    next()
  },
  (res, req, state, next) => {
    state.name = work.nameOfKey(req.getHeader(work.KEY_FIELD))
    if (state.name !== undefined) return next()
    res.writeStatus('401 Unauthorized')
    send(res, 'Who are you?')
  },
  (res, _req, _state, next) => {
    res.writeHeader(SERVED_BY_NAME, SERVED_BY_VALUE)
    next()
  },
]

function behindMiddlewares(handler) {
  return (res, req) => {
    const state = {}
    const run = (at) => {
      if (at < middlewares.length) middlewares[at](res, req, state, () => run(at + 1))
      else handler(res, req, state)
    }
    run(0)
  }
}

const ON = { GET: 'get', POST: 'post', PUT: 'put', DELETE: 'del' }

export function listen({ tls }) {
  const app = (tls ? uws.SSLApp({ key_file_name: tls.key, cert_file_name: tls.cert }) : uws.App())
    .get('/plaintext', (res) => send(res, work.GREETING))
    // By itself it closes without saying so, which clients take for a failure.
    .get('/close', (res) => send(res.writeHeader('Connection', 'close'), work.GREETING))
    .get('/large', (res) => send(res, work.LARGE))
    .get('/json', (res) => send(res, JSON.stringify(work.message()), JSON_TYPE))
    .get('/users/:id', (res, req) => {
      const [agent, language] = [req.getHeader('user-agent'), req.getHeader('accept-language')]
      send(res, work.userText(req.getParameter(0), req.getQuery('x'), agent, language))
    })
    .post('/echo', echo)
    .get('/async', (res) => late(res, work.RESOLVED))
    .get('/timer', (res) => late(res, work.afterTimer()))
  for (const resource of work.RESOURCES) {
    for (const [method, hasId] of work.RESOURCE_ROUTES) {
      app[ON[method]](
        hasId ? `/api/${resource}/:id` : `/api/${resource}`,
        behindMiddlewares((res, req, { name, tenant }) => {
          const id = hasId ? req.getParameter(0) : ''
          send(res, work.resourceText(method, resource, id, name, tenant))
        }),
      )
    }
  }
  return new Promise((resolve, reject) => {
    app.listen('127.0.0.1', 0, (socket) => {
      if (socket) resolve(uws.us_socket_local_port(socket))
      else reject(new Error('It does not listen'))
    })
  })
}
