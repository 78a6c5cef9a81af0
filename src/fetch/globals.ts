// fetch's classes in `globalThis`. Frameworks make their answers by `new Response()`: the runtime's own are slow to make
// and slower to read, so brink's stand in their place once an app of fetch is served. They extend the runtime's, and
// objects of either are `instanceof` both, whoever has taken which class before.
import { FetchHeaders } from './headers.js'
import { natives } from './natives.js'
import { FetchRequest } from './request.js'
import { FetchResponse } from './response.js'
import { callLike, takeForInstances } from './stand_in.js'

let isChained = false

/** Lets brink's classes extend the runtime's. */
export function chainClasses(): void {
  if (isChained) return
  isChained = true
  const native = natives()
  Object.setPrototypeOf(FetchHeaders.prototype, native.Headers.prototype)
  Object.setPrototypeOf(FetchRequest.prototype, native.Request.prototype)
  Object.setPrototypeOf(FetchResponse, native.Response)
  Object.setPrototypeOf(FetchResponse.prototype, native.Response.prototype)
}

let isReplaced = false

/** Puts `Request`, `Response` and `fetch` of brink's into `globalThis`. */
export function replaceGlobals(): void {
  chainClasses()
  if (isReplaced) return
  isReplaced = true
  const { Request: NativeRequest } = natives()
  type Init = ConstructorParameters<typeof Request>[1]
  const toNative = (input: unknown, init: Init) =>
    FetchRequest.is(input) ? FetchRequest.toNative(input, init) : (input as string | URL | Request)

  /** The runtime's class, which takes requests of brink's as well. */
  class GlobalRequest extends NativeRequest {
    constructor(input: string | URL | Request, init?: Init) {
      const isStream = typeof (init?.body as Partial<ReadableStream> | null | undefined)?.getReader === 'function'
      super(toNative(input, init), isStream && !('duplex' in (init as object)) ? { ...init, duplex: 'half' } : init)
    }
  }
  callLike(GlobalRequest, 'Request')
  takeForInstances(GlobalRequest, () => NativeRequest)
  Object.setPrototypeOf(FetchRequest.prototype, GlobalRequest.prototype)
  Object.defineProperty(FetchRequest.prototype, 'constructor', {
    value: GlobalRequest,
    writable: true,
    configurable: true,
  })

  const { fetch: nativeFetch } = globalThis
  const fetch = (input: Parameters<typeof nativeFetch>[0], init?: Parameters<typeof nativeFetch>[1]) =>
    nativeFetch(toNative(input, init as Init) as typeof input, init)
  for (const [name, value] of Object.entries({ Request: GlobalRequest, Response: FetchResponse, fetch })) {
    Object.defineProperty(globalThis, name, { value, writable: true, enumerable: false, configurable: true })
  }
}
