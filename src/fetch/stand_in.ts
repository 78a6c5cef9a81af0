type Class = abstract new (...given: never[]) => object

/**
 * Lets `instanceof` take objects of the runtime's class for those of `own`, which stands in its place. Subclasses are as
 * any class.
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

/** Gives a class the name of the one whose place it takes. */
export function callLike(own: Class, name: string): void {
  Object.defineProperty(own, 'name', { value: name, configurable: true })
}
