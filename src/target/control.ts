// What a target answers below /_brink/, for whoever runs it. Faults never touch it.
import { redirect } from '../reply/reply.js'
import { Router } from '../routing/router.js'

/** Where the target's own routes are. */
export const CONTROL_PREFIX = '/_brink'

/** With whole paths, because that of its page ends with a slash. Other routers are mounted below the prefix. */
export function controlRoutes(): Router {
  return new Router()
    .get(CONTROL_PREFIX, () => redirect(`${CONTROL_PREFIX}/`))
    .get(`${CONTROL_PREFIX}/`, () => 'This is a load target of brink. Its endpoints are listed at /.\n')
}
