import { lateBuiltin } from './late_builtin.js'

/** Sets the `code` of an error. */
export function coded<E extends Error>(error: E, code: string): E & { code: string } {
  return Object.assign(error, { code })
}

/** The code and the description of a negative errno, as Node has them. */
export function systemError(errno: number): [code: string, meaning: string] {
  return lateBuiltin('node:util').getSystemErrorMap().get(errno) ?? [`E${-errno}`, 'unknown error']
}

/** The negative errno of a code, as the addon gives it: on Windows, Node has numbers of its own. */
export function errnoOf(code: 'EBUSY' | 'EISDIR' | 'ENXIO'): number {
  if (process.platform !== 'win32') return -lateBuiltin('node:os').constants.errno[code]
  for (const [errno, [name]] of lateBuiltin('node:util').getSystemErrorMap()) {
    if (name === code) return errno
  }
  return 0
}

/** Whether a value is an Error of any realm. Those of `vm` contexts, which jest uses, fail `instanceof`. */
export function isError(value: unknown): value is Error {
  if (value instanceof Error) return true
  if (typeof value !== 'object' || value === null) return false
  return lateBuiltin('node:util').types.isNativeError(value)
}

/** The `name` of any thrown value, if it has one that can be read: a getter of the app may throw. */
export function nameOf(thrown: unknown): string | undefined {
  try {
    const name = (thrown as { name?: unknown } | null | undefined)?.name
    return typeof name === 'string' ? name : undefined
  } catch {
    return undefined
  }
}

/** The message of any thrown value, even of one that throws when it is read. */
export function messageOf(thrown: unknown): string {
  try {
    return String(isError(thrown) ? thrown.message : thrown)
  } catch {
    return 'an error without a message'
  }
}

/** The `code` of any thrown value, if it has one. */
export function codeOf(thrown: unknown): string | undefined {
  const code = isError(thrown) ? (thrown as { code?: unknown }).code : undefined
  return typeof code === 'string' ? code : undefined
}
