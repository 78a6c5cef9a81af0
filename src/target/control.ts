// What a target answers below /_brink/, for whoever runs it. Faults never touch it.
import { redirect } from '../reply/reply.js'
import { Router } from '../routing/router.js'
import { LiveFeed } from './live_feed.js'
import { pageFile } from './live_page.js'

/** Where the target's own routes are. */
export const CONTROL_PREFIX = '/_brink'

/**
 * With whole paths, because that of its page ends with a slash. Other routers are mounted below the prefix.
 * @param sample what has happened since it was called last, for the live page
 */
export function controlRoutes(sample: () => object): Router {
  return new Router()
    .get(CONTROL_PREFIX, () => redirect(`${CONTROL_PREFIX}/`))
    .get(`${CONTROL_PREFIX}/`, pageFile('live.html'))
    .get(`${CONTROL_PREFIX}/live.css`, pageFile('live.css'))
    .get(`${CONTROL_PREFIX}/live.js`, pageFile('live.js'))
    .get(`${CONTROL_PREFIX}/live`, new LiveFeed(sample).handler)
}
