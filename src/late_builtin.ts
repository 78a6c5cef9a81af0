// Node's own modules that most programs never need, or of which they need little: importing them would be half of the
// time that importing brink takes.
import { createRequire } from 'node:module'

interface Builtins {
  'node:fs': typeof import('node:fs')
  'node:fs/promises': typeof import('node:fs/promises')
  'node:http': typeof import('node:http')
  'node:os': typeof import('node:os')
  'node:stream': typeof import('node:stream')
  'node:util': typeof import('node:util')
  'node:zlib': typeof import('node:zlib')
}

const require = createRequire(import.meta.url)

/** The module, loaded when it is first asked for. */
export function lateBuiltin<Name extends keyof Builtins>(name: Name): Builtins[Name] {
  return require(name) as Builtins[Name]
}
