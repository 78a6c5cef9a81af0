/** The method that `console.log` and `util.inspect` call. */
export const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom') as never

/** `util.inspect`, as it is passed to that method. */
export type Inspect = (value: unknown, options: object) => string
