// What light requests and light responses do alike with the properties of Node's objects.

/** Gives an object a property of its own, as an assignment would. */
export function define(object: object, key: string | symbol, value: unknown): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
}

/** The property that a prototype has, or one that it leads to. */
export function propertyOf(prototype: object, key: string | symbol): PropertyDescriptor | undefined {
  for (let at: object | null = prototype; at !== null; at = Object.getPrototypeOf(at)) {
    const found = Object.getOwnPropertyDescriptor(at, key)
    if (found !== undefined) return found
  }
  return undefined
}
