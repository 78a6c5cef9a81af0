// Handlers that are called under any load: those of health checks and metrics.

const unshed = new WeakSet<object>()

/** Marks a handler. Its routes are answered also by a server that sheds load. */
export function neverShed<Handler extends object>(handler: Handler): Handler {
  unshed.add(handler)
  return handler
}

export function isNeverShed(handler: object): boolean {
  return unshed.has(handler)
}
