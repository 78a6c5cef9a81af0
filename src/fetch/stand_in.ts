type Class = abstract new (...given: never[]) => object

/**
 * Makes objects of the runtime's class `instanceof` the class `own`, which replaces it. Subclasses of `own` behave as
 * usual.
 */
export function takeForInstances(own: Class, native: () => Class): void {
  Object.defineProperty(own, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      return this === own
        ? value instanceof native()
        : Function.prototype[Symbol.hasInstance].call(this as never, value)
    },
    configurable: true,
    writable: true,
  })
}

/** Gives a class the name of the class that it replaces. */
export function callLike(own: Class, name: string): void {
  Object.defineProperty(own, 'name', { value: name, configurable: true })
}
