// The signal of a request. The native side reports disconnects in a call that belongs to no request, so each listener
// runs in the async context in which it was added, and its errors are reported for this request. Signals that depend
// on this one, as with `AbortSignal.any()`, run in the context in which this one was created.
import { AsyncResource } from 'node:async_hooks'
import { callListener } from '../runtime/call_listener.js'

type Listener = Parameters<AbortSignal['addEventListener']>[1]
type AddOptions = Parameters<AbortSignal['addEventListener']>[2]
type Failed = (error: unknown) => void

/** A signal and the function that aborts it. */
export interface RequestAbort {
  readonly signal: AbortSignal
  abort(reason: unknown): void
}

/** Creates a signal whose listeners' errors, thrown or rejected, go to `failed`. */
export function requestAbort(failed: Failed): RequestAbort {
  const controller = new AbortController()
  const context = new AsyncResource('BRINK_SIGNAL')
  const { signal } = controller
  const bound = new WeakMap<object, (event: Event) => void>()
  const { addEventListener, removeEventListener } = signal
  Object.defineProperties(signal, {
    addEventListener: hidden((type: string, listener: Listener | null, options?: AddOptions) => {
      // Let Node report the wrong type.
      if ((typeof listener !== 'object' && typeof listener !== 'function') || listener === null) {
        return addEventListener.call(signal, type, listener as never, options)
      }
      let runs = bound.get(listener)
      if (runs === undefined) {
        runs = inContext(signal, listener, failed)
        bound.set(listener, runs)
      }
      addEventListener.call(signal, type, runs, options)
    }),
    removeEventListener: hidden((type: string, listener: Listener | null, options?: EventListenerOptions) => {
      const added = typeof listener === 'object' || typeof listener === 'function' ? listener : null
      removeEventListener.call(signal, type, ((added && bound.get(added)) ?? listener) as never, options)
    }),
  })
  return { signal, abort: (reason) => context.runInAsyncScope(() => controller.abort(reason)) }
}

function hidden(value: unknown): PropertyDescriptor {
  return { value, enumerable: false, configurable: true, writable: true }
}

function inContext(signal: AbortSignal, listener: NonNullable<Listener>, failed: Failed): (event: Event) => void {
  const context = new AsyncResource('BRINK_LISTENER')
  const call = (event: Event): unknown =>
    typeof listener === 'function' ? listener.call(signal, event as never) : listener.handleEvent(event)
  return (event) => context.runInAsyncScope(callListener, undefined, () => call(event), failed)
}
