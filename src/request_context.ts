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

/** Errors with the context that they were thrown in, by request. */
const failures = new WeakMap<object, { readonly error: unknown; readonly context: AsyncResource }>()

/** Notes that an error comes out of a request's `next()` here, unless it has come out of one further in. */
export function noteFailure(request: object, error: unknown): void {
  if (failures.get(request)?.error === error) return
  failures.set(request, { error, context: new AsyncResource('BRINK_FAILURE') })
}

/** Deals with an error of a request in the context that it was thrown in. */
export function whereItFailed<T>(request: object, error: unknown, deal: () => T): T {
  const failure = failures.get(request)
  return failure !== undefined && failure.error === error ? failure.context.runInAsyncScope(deal) : deal()
}
