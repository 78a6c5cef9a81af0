// Replaces fetch's classes in `globalThis`. Frameworks call `new Response()`. The runtime's Response is slow to create, and
// slower to read, so brink replaces it when the first fetch app is served. The new classes extend the runtime's classes.
// Objects of both are `instanceof` both, also for code that kept the old class.
import { FetchHeaders } from './headers.js'
import { natives } from './natives.js'
import { FetchRequest } from './request.js'
import { FetchResponse } from './response.js'
import { callLike, takeForInstances } from './stand_in.js'

let isChained = false

/** Makes brink's classes extend the runtime's classes. */
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

/** Replaces `Request`, `Response` and `fetch` in `globalThis`, once. */
export function replaceGlobals(): void {
  chainClasses()
  if (isReplaced) return
  isReplaced = true
  const { Request: NativeRequest } = natives()
  type Init = ConstructorParameters<typeof Request>[1]
  const toNative = (input: unknown, init: Init) =>
    FetchRequest.is(input) ? FetchRequest.toNative(input, init) : (input as string | URL | Request)

  /** The runtime's class. Its constructor also takes a FetchRequest. */
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
