// Builtin modules that most programs never use, or use little of. Importing them would double the load time of brink.
import { requireFromHere } from './package_place.js'

interface Builtins {
  'node:crypto': typeof import('node:crypto')
  'node:fs': typeof import('node:fs')
  'node:fs/promises': typeof import('node:fs/promises')
  'node:http': typeof import('node:http')
  'node:https': typeof import('node:https')
  'node:net': typeof import('node:net')
  'node:os': typeof import('node:os')
  'node:stream': typeof import('node:stream')
  'node:tls': typeof import('node:tls')
  'node:url': typeof import('node:url')
  'node:util': typeof import('node:util')
  'node:zlib': typeof import('node:zlib')
}

/** Loads a builtin module on first use. */
export function lateBuiltin<Name extends keyof Builtins>(name: Name): Builtins[Name] {
  return requireFromHere(name) as Builtins[Name]
}
