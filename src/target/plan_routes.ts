import type { Plan } from '../faults/plan.js'
import { planSchema } from '../faults/plan_schema.js'
import { isJson, parseMediaType } from '../fields/media_type.js'
import { type Reply, reply } from '../reply/reply.js'
import type { BrinkRequest } from '../request/request.js'
import { Router } from '../routing/router.js'
import { NO_STORE, refusal } from './refusal.js'
import { refusedAsForeign } from './same_origin.js'

/** For each phase and rule that a plan may have. */
const BYTES_EACH = 4096
const UNSHED = { shed: false }

/** The plan of a server over HTTP: `/plan` and `/plan/schema`, to be mounted where the target's own routes are. */
export function planRoutes(plan: Plan): Router {
  const bodyLimit = Math.max(plan.limits.maxRules * BYTES_EACH, 64 * 1024)
  const schema = planSchema()
  return new Router()
    .get('/plan', () => stateOf(plan), UNSHED)
    .post('/plan', async (req) => refusedAsForeign(req) ?? (await setPlan(plan, req)), { ...UNSHED, bodyLimit })
    .delete('/plan', (req) => refusedAsForeign(req) ?? endPlan(plan), UNSHED)
    .get('/plan/schema', () => reply(200, schema, { 'content-type': 'application/schema+json' }), UNSHED)
}

/** @throws FaultError for one that cannot be */
async function setPlan(plan: Plan, req: BrinkRequest): Promise<Reply> {
  const text = await req.text()
  if (text === '') {
    if (plan.restart()) return stateOf(plan)
    return refusal(409, { code: 'NO_PLAN', message: 'There is no plan that could begin again: send one as JSON.' })
  }
  const type = parseMediaType(req.headers.get('content-type'))
  if (type === undefined || !isJson(type)) {
    return refusal(415, { code: 'NO_JSON', message: 'A plan must be sent as application/json.' })
  }
  plan.set(text, 'now')
  return stateOf(plan)
}

function endPlan(plan: Plan): Reply {
  plan.end()
  return stateOf(plan)
}

function stateOf(plan: Plan): Reply {
  return reply(200, plan.state, NO_STORE)
}
