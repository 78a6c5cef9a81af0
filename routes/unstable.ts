import { endpoint, text } from './_endpoint.js'
import { param, share } from './_query.js'
import { generatorBy } from './_random.js'

/** 500 now and then, 200 otherwise. */
export default endpoint((req, head) => {
  const generator = generatorBy(param(req, 'seed'))
  const rate = share(param(req, 'failure_rate') ?? '0.5', 'failure rate')
  return text(head, undefined, generator.fraction() < rate ? 500 : 200)
})
