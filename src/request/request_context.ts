// Async contexts. Everything that belongs to one request runs in the context of that request, so that
// AsyncLocalStorage, tracers and `async_hooks` can tell requests apart. The native side reports events of many
// requests in one call, in the server's own context.
import { AsyncResource } from 'node:async_hooks'

/** The type of the async resource in which a request's handler and middleware run. */
export const REQUEST_CONTEXT = 'BRINK_REQUEST'

/** The context in which a reply was returned by `next()`. Its stream or upgrade handler runs in it. */
export class ReplyContext extends AsyncResource {
  /** A reply that an app keeps and returns again must not run in the context of an earlier request. */
  readonly request: object

  constructor(request: object) {
    super('BRINK_REPLY')
    this.request = request
  }
}
