/**
 * What a handler can return: a string (sent as text), bytes, a stream, a `Reply`, a standard `Response`, nothing (204),
 * or any other value, which is sent as JSON. Values of other realms, such as `vm` contexts, are what they are here.
 *
 * JSON is what `JSON.stringify` makes of it: an instance of a class is what its `toJSON()` gives, otherwise its own
 * enumerable properties; a `Date` is a string; a property that is `undefined` is left out; a `BigInt` is a TypeError. What
 * it would make `{}` of, for all that it holds, is refused with `ERR_UNSUPPORTED_BODY`, and not sent empty: a `Map`, a
 * `Set`, a `Headers`, an instance with nothing but private fields. Only the value itself is looked at, not what is in it.
 *
 * An Error that is returned is thrown.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler without a return statement answers 204.
export type HandlerResult = string | number | boolean | object | null | undefined | void
