import * as assert from 'uvu/assert'

/** The error that a promise is rejected with. */
export async function errorOf(promise: PromiseLike<unknown>): Promise<Error & { status?: number; code?: string }> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  assert.unreachable('nothing was thrown')
  throw new Error()
}
