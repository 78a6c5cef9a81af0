import type { Router } from 'brink'
import * as assert from 'uvu/assert'

/** The error that a router logs for a request. */
export async function logged(router: Router, path = '/'): Promise<Error> {
  const errors: unknown[] = []
  const response = await router.request(path, {}, { log: (error) => errors.push(error) })
  await response.text().catch(() => {})
  assert.is(errors.length, 1)
  return errors[0] as Error
}
