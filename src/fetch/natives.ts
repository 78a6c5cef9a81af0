// fetch's own classes, as the runtime has them. To name one makes Node load the whole of fetch, so that they are asked
// for when an app first needs them, never at import.

/** The classes below whatever stands in their place. */
export interface Natives {
  readonly Headers: typeof Headers
  readonly Request: typeof Request
  readonly Response: typeof Response
}

let known: Natives | undefined

/** The runtime's own classes, also where somebody has put others into `globalThis` that extend them. */
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
