// The runtime's own fetch classes. Reading one of these globals makes Node load all of fetch, so they are read when they
// are first needed, never at import.

/** The runtime's classes, whatever has replaced them in `globalThis`. */
export interface Natives {
  readonly Headers: typeof Headers
  readonly Request: typeof Request
  readonly Response: typeof Response
}

let known: Natives | undefined

/** The runtime's own classes, also when `globalThis` holds subclasses of them. */
export function natives(): Natives {
  known ??= {
    Headers: rootOf(globalThis.Headers),
    Request: rootOf(globalThis.Request),
    Response: rootOf(globalThis.Response),
  }
  return known
}

function rootOf<Class extends { readonly prototype: object }>(given: Class): Class {
  let { prototype } = given
  for (;;) {
    const above: object | null = Object.getPrototypeOf(prototype)
    if (above === null || above === Object.prototype) return prototype.constructor as unknown as Class
    prototype = above
  }
}
