import { type BrinkRequest, compress, HttpError, reply } from 'brink'
import { DATASET } from '../_dataset.js'
import { hasQuery } from '../_query.js'

const squeezed = compress({ threshold: 0 })

/** The JSON of HttpArena: the first so many of 50 items, with totals; compressed for those who accept it. */
export const GET = (req: BrinkRequest<{ count: string }>) => {
  const answered = reply(200, itemsOf(req))
  return req.headers.get('accept-encoding') === null ? answered : squeezed(req, () => Promise.resolve(answered))
}

function itemsOf(req: BrinkRequest<{ count: string }>) {
  const count = Number(req.params.count)
  if (!/^\d{1,2}$/.test(req.params.count) || count > DATASET.length) {
    throw new HttpError(400, `The number of items must be from 0 to ${DATASET.length}.`)
  }
  const factor = Number((hasQuery(req) && req.query.get('m')) || 1)
  if (!Number.isSafeInteger(factor)) throw new HttpError(400, 'm must be a whole number.')
  const items = DATASET.slice(0, count).map((item) => ({ ...item, total: item.price * item.quantity * factor }))
  return { items, count }
}
