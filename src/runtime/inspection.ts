/** A method of this name says what `console.log` shows. */
export const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom') as never

/** What it is given to show its parts with. */
export type Inspect = (value: unknown, options: object) => string
