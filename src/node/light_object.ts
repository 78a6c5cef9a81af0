// Properties of light requests and light responses.

/** Defines an own property, as an assignment would. */
export function define(object: object, key: string | symbol, value: unknown): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
}

/** The descriptor of a property, from the prototype or from those that it inherits from. */
export function propertyOf(prototype: object, key: string | symbol): PropertyDescriptor | undefined {
  for (let at: object | null = prototype; at !== null; at = Object.getPrototypeOf(at)) {
    const found = Object.getOwnPropertyDescriptor(at, key)
    if (found !== undefined) return found
  }
  return undefined
}
