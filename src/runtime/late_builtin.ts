// Node's own modules that most programs never need, or of which they need little: importing them would be half of the
// time that importing brink takes.
import { requireFromHere } from './package_place.js'

interface Builtins {
  'node:fs': typeof import('node:fs')
  'node:fs/promises': typeof import('node:fs/promises')
  'node:http': typeof import('node:http')
  'node:os': typeof import('node:os')
  'node:stream': typeof import('node:stream')
  'node:util': typeof import('node:util')
  'node:zlib': typeof import('node:zlib')
}

/** The module, loaded when it is first asked for. */
export function lateBuiltin<Name extends keyof Builtins>(name: Name): Builtins[Name] {
  return requireFromHere(name) as Builtins[Name]
}
