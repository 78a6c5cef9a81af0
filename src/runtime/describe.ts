// Values of the app in the messages of errors.

const LONGEST = 80

/**
 * Describes a value for "must be …, not …": `'text'`, `42`, `the function auth`, `a Router`, `an object with the keys a, b`.
 * Never throws, whatever the value does when it is read.
 */
export function describe(value: unknown): string {
  try {
    if (typeof value === 'string') return quoted(value)
    if (typeof value === 'bigint') return `the bigint ${value}n`
    if (typeof value === 'function') return describeFunction(value)
    if (typeof value === 'object' && value !== null) return describeObject(value)
    return String(value)
  } catch {
    return `a value of type ${typeof value}`
  }
}

/** Whether a function is a class, which cannot be called without `new`. */
export function isClass(value: unknown): boolean {
  return typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value))
}

function quoted(text: string): string {
  // As JSON escapes control characters, in single quotes.
  const whole = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
  return `'${JSON.stringify(whole).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}

function describeFunction(value: { readonly name?: unknown }): string {
  const { name } = value
  const kind = isClass(value) ? 'class' : 'function'
  return typeof name === 'string' && name !== '' ? `the ${kind} ${withoutUnderscore(name)}` : `a ${kind}`
}

function describeObject(value: object): string {
  if (Array.isArray(value)) return describeList(value)
  if (value instanceof RegExp) return `the pattern ${String(value)}`
  const ofClass = describeClass(value)
  if (ofClass !== undefined) return ofClass
  const keys = Object.keys(value)
  if (keys.length === 0) return 'an empty object'
  const some = keys.slice(0, 5).join(', ')
  return `an object with the ${keys.length === 1 ? 'key' : 'keys'} ${keys.length > 5 ? `${some}, …` : some}`
}

/** `a Map` for an instance of a class, of any realm; undefined for plain objects. */
export function describeClass(value: object): string | undefined {
  const { [Symbol.toStringTag]: tag } = value as { [Symbol.toStringTag]?: unknown }
  const given: unknown = typeof tag === 'string' ? tag : value.constructor?.name
  if (typeof given !== 'string' || given === '' || given === 'Object') return undefined
  const name = withoutUnderscore(given)
  return `${/^(?:[AEIO]|Up|Un[^i])/.test(name) ? 'an' : 'a'} ${name}`
}

/** Bundlers put an underscore before the name of a class that refers to itself. */
function withoutUnderscore(name: string): string {
  return name.replace(/^_(?=[A-Z])/, '')
}

function describeList(list: readonly unknown[]): string {
  if (list.length === 0) return 'an empty list'
  const isShort = list.length <= 5 && list.every((item) => typeof item !== 'object' || item === null)
  return isShort ? `the list [${list.map(describe).join(', ')}]` : `a list of ${list.length}`
}
