// For servers that take a fetch handler and have no router or middleware of their own: both as small as can be.
import * as work from './work.mjs'

/** Its type is text/plain by itself. */
export const text = (body) => new Response(body)

export function user(request, id) {
  const { headers } = request
  const query = new URL(request.url).searchParams
  return text(work.userText(id, query.get('x'), headers.get('user-agent'), headers.get('accept-language')))
}

export const echo = async (request) => Response.json(await request.json())

export async function late(promise) {
  await promise
  return text(work.GREETING)
}

const middlewares = [
  (_request, state, next) => {
    state.tenant = work.TENANT
    return next()
  },
  (request, state, next) => {
    state.name = work.nameOfKey(request.headers.get(work.KEY_FIELD))
    return state.name === undefined ? new Response('Who are you?', { status: 401 }) : next()
  },
  async (_request, _state, next) => {
    const response = await next()
    response.headers.set(...work.SERVED_BY)
    return response
  },
]

export function resource(request, method, name, id) {
  const state = {}
  const run = (at) => {
    if (at < middlewares.length) return middlewares[at](request, state, () => run(at + 1))
    return text(work.resourceText(method, name, id ?? '', state.name, state.tenant))
  }
  return run(0)
}
