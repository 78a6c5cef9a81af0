// Async contexts: what belongs to one request runs in the context of that request and of no other, so that an
// AsyncLocalStorage, a tracer or `async_hooks` sees each request as a thing of its own. Events of many requests come
// from the native side in one call, whose own context belongs to the server.
import { AsyncResource } from 'node:async_hooks'

/** The type of a request's async resource: of its handler and middleware, and what they begin. */
export const REQUEST_CONTEXT = 'BRINK_REQUEST'

/** The context in which a middleware's `next()` gave a reply: a stream or an upgrade handler in it runs there. */
export class ReplyContext extends AsyncResource {
  /** A reply that an app keeps has not the context of the request that it was first made for. */
  readonly request: object

  constructor(request: object) {
    super('BRINK_REPLY')
    this.request = request
  }
}
