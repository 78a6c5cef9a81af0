import { lateBuiltin } from './late_builtin.js'

/** Gives an error the `code` that programs can tell it by. */
export function coded<E extends Error>(error: E, code: string): E & { code: string } {
  return Object.assign(error, { code })
}

/** The code and the meaning of a negative errno, as Node tells them. */
export function systemError(errno: number): [code: string, meaning: string] {
  return lateBuiltin('node:util').getSystemErrorMap().get(errno) ?? [`E${-errno}`, 'unknown error']
}

/** Whether a value is an Error, of whatever realm: those of `vm` contexts, as jest has them, are no `instanceof` it. */
export function isError(value: unknown): value is Error {
  if (value instanceof Error) return true
  if (typeof value !== 'object' || value === null) return false
  return lateBuiltin('node:util').types.isNativeError(value)
}

/** The message of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return isError(thrown) ? thrown.message : String(thrown)
}

/** The `code` of whatever was thrown, if it has one. */
export function codeOf(thrown: unknown): string | undefined {
  const code = isError(thrown) ? (thrown as { code?: unknown }).code : undefined
  return typeof code === 'string' ? code : undefined
}
