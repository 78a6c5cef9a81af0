// Functions of brink that are to be called, and that an app may give uncalled where a handler or a middleware belongs:
// `use(compress)` for `use(compress())`.

const calls = new WeakMap<object, string>()

/** Marks a function that is no handler and no middleware. `advice` completes "…: ", such as `write compress()`. */
export function isNoHandler(given: object, advice: string): void {
  calls.set(given, advice)
}

/** What to write instead of the function itself; undefined for functions that are not brink's. */
export function adviceFor(given: object): string | undefined {
  return calls.get(given)
}
