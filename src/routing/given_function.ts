// What an app gives as a handler or a middleware, checked where it is added: at the first request it would be too late.
import { describe, isClass } from '../runtime/describe.js'
import { adviceFor } from '../runtime/uncalled.js'
import { invalidRoute } from './pattern.js'

/**
 * @param what such as "The handler of GET '/users'"
 * @param mayBeOptions whether an object may be the options of a route, in the wrong place
 * @throws TypeError `ERR_INVALID_ROUTE` for what is no function, and for functions that cannot be handlers
 */
export function assertFunction(
  given: unknown,
  what: string,
  mayBeOptions = false,
): asserts given is (...args: never[]) => unknown {
  if (typeof given !== 'function') {
    const hint = hintFor(given, mayBeOptions)
    throw invalidRoute(`${what} must be a function, not ${describe(given)}${hint === '' ? '' : `: ${hint}`}.`)
  }
  const advice = adviceFor(given)
  if (advice !== undefined) throw invalidRoute(`${what} cannot be ${describe(given)} of brink itself: ${advice}.`)
  if (isClass(given))
    throw invalidRoute(`${what} must be a function, not ${describe(given)}: give a method of an object of it.`)
  if (isOfExpress(given)) {
    throw invalidRoute(
      `${what} has the arguments of Express, whose second is the response: here a handler is (req) => answer and a ` +
        'middleware is (req, next) => answer; the answer is returned, such as reply(200, body).',
    )
  }
}

/**
 * @param call such as "use()"
 * @throws TypeError `ERR_INVALID_ROUTE` for more arguments than there may be
 */
export function assertOneMiddleware(more: readonly unknown[], call: string): void {
  if (more.length === 0) return
  throw invalidRoute(
    `${call} takes one middleware, and is also given ${more.map(describe).join(', ')}: call use() for each middleware.`,
  )
}

function hintFor(given: unknown, mayBeOptions: boolean): string {
  if (Array.isArray(given)) return 'give each function as an argument of its own'
  if (typeof given === 'string') return `write () => ${describe(given)} for this text`
  if (typeof given !== 'object' || given === null) return ''
  if (typeof (given as { then?: unknown }).then === 'function') return 'await it first'
  if (typeof (given as { mount?: unknown }).mount === 'function') return 'add a router with mount(prefix, router)'
  if (typeof (given as { fetch?: unknown }).fetch === 'function') return 'an app with a fetch() is served by serve(app)'
  if (mayBeOptions && Object.getPrototypeOf(given) === Object.prototype) return 'options come last, after the handler'
  return 'a handler is called for each request, such as () => answer'
}

/** The arguments of a function up to a second one that is called a response. */
const UP_TO_RESPONSE = /^(?:async\s+)?(?:function\s*\*?\s*)?[\w$]*\s*\(\s*[\w$]+\s*,\s*(_?res|_?resp|_?response)\s*[,)]/
const METHODS =
  'send|json|status|sendStatus|end|write|writeHead|set|setHeader|header|type|redirect|render|cookie|sendFile'

/**
 * Whether a function calls methods of a second argument that is called a response. Here that argument is `next`, or
 * nothing, so the function could only fail.
 */
function isOfExpress(given: { readonly length: number }): boolean {
  if (given.length < 2) return false
  const text = Function.prototype.toString.call(given)
  const [begin = '', name] = UP_TO_RESPONSE.exec(text) ?? []
  if (name === undefined) return false
  const body = text.slice(begin.length)
  // Another variable of this name, such as that of fetch(url).then((res) => res.json()).
  const another = new RegExp(
    `\\b(?:const|let|var)\\s+${name}\\b|\\b${name}\\s*\\)?\\s*=>|[(,]\\s*${name}\\s*\\)\\s*\\{`,
  )
  return !another.test(body) && new RegExp(`\\b${name}\\s*\\.\\s*(?:${METHODS})\\s*\\(`).test(body)
}
