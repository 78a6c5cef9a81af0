/** Whether a value is a promise or a thenable. */
export function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return value instanceof Promise || typeof (value as Partial<PromiseLike<T>> | undefined)?.then === 'function'
}
