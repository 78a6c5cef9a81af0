import { HttpError } from '../fields/http_error.js'
import { CONTENT_TYPES } from '../metrics/exposition.js'
import { preferredFormat } from '../operate/preferred_format.js'
import { type Reply, reply } from '../reply/reply.js'
import type { BrinkRequest } from '../request/request.js'
import { Router } from '../routing/router.js'
import type { Asking, Statistics } from '../statistics/statistics.js'
import { MOST_OF_RUN_ID, runIdOf } from '../statistics/statistics_numbers.js'
import { NO_STORE } from './refusal.js'
import { refusedAsForeign } from './same_origin.js'

const TEXT = { ...NO_STORE, 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' }
/** `POST /reset` needs no more than a run. */
const MOST_OF_BODY = 1024

/**
 * `GET /stats`, `GET /metrics`, `GET /histogram` and `POST /reset`, to mount below the target's own prefix. With `?run=`
 * they are about one run; a run that is not kept is 404.
 * @param reset of one run, or of all
 */
export function statisticsRoutes(
  statistics: Statistics,
  reset: (run: string | undefined, asking: Asking) => void,
): Router {
  return new Router()
    .get('/stats', (req) => json(statistics.snapshot(runOf(req, statistics), askingOf(req))))
    .get('/metrics', (req) => {
      const format = preferredFormat(req.headers.get('accept'))
      return reply(200, statistics.openMetrics(format), { ...NO_STORE, 'content-type': CONTENT_TYPES[format] })
    })
    .get('/histogram', (req) => {
      const run = runOf(req, statistics)
      const format = req.query.get('format') ?? 'log'
      if (format === 'log') return reply(200, statistics.histogramLog(run), TEXT)
      if (format === 'percentiles') return reply(200, statistics.percentiles(run), TEXT)
      throw new HttpError(400, 'The parameter "format" is "log" or "percentiles".', { code: 'UNKNOWN_FORMAT' })
    })
    .post(
      '/reset',
      (req) => {
        const refusal = refusedAsForeign(req)
        if (refusal !== undefined) return refusal
        reset(runOf(req, statistics), askingOf(req))
        return reply(204, undefined, NO_STORE)
      },
      { bodyLimit: MOST_OF_BODY },
    )
}

function json(value: object): Reply {
  return reply(200, `${JSON.stringify(value)}\n`, { ...NO_STORE, 'content-type': 'application/json' })
}

/** @throws HttpError 400 for what is no id of a run, 404 for a run that is not kept */
function runOf(req: BrinkRequest, statistics: Statistics): string | undefined {
  const run = req.query.get('run')
  if (run === null || run === '') return undefined
  if (runIdOf(run) === undefined) {
    throw new HttpError(400, `An id of a run has 1 to ${MOST_OF_RUN_ID} letters, digits and _.:~+-`, {
      code: 'NO_RUN_ID',
    })
  }
  if (statistics.hasRun(run)) return run
  throw new HttpError(404, 'There is no such run, or it was dropped for newer ones.', { code: 'UNKNOWN_RUN' })
}

function askingOf({ sequence }: BrinkRequest): Asking {
  return { isFirst: sequence === 0 }
}
