/**
 * What a handler may return: a string (sent as text), bytes, a stream, a `Reply`, a standard `Response`, undefined or
 * null (204), or any other value, which is sent as JSON. Values of another realm, such as a `vm` context, are treated
 * like those of this one.
 *
 * JSON is the output of `JSON.stringify`: a class instance gives its `toJSON()`, or else its own enumerable
 * properties; a `Date` gives a string; a property that is `undefined` is left out; a `BigInt` throws a TypeError.
 * Values that have content but would become `{}` are refused with `ERR_UNSUPPORTED_BODY`: a `Map`, a `Set`, a
 * `Headers`, an instance that has only private fields. Only the value itself is checked, not what it contains.
 *
 * An Error that is returned is treated as if it were thrown.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler without a return statement answers 204.
export type HandlerResult = string | number | boolean | object | null | undefined | void
