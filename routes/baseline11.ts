import type { BrinkRequest } from 'brink'
import { bytesOf } from './_body.js'

const MOST_DIGITS = 15

/** The `/baseline11` of HttpArena: the sum of the numbers in the query. */
export const GET = (req: BrinkRequest) => String(sumOfQuery(req.target))

/** And of the number in the body. */
export const POST = async (req: BrinkRequest) => {
  const sum = sumOfQuery(req.target)
  return String(
    sum +
      numberIn(
        Buffer.from(await bytesOf(req))
          .toString('latin1')
          .trim(),
      ),
  )
}

function sumOfQuery(target: string): number {
  const mark = target.indexOf('?')
  if (mark === -1) return 0
  let sum = 0
  for (const pair of target.slice(mark + 1).split('&')) sum += numberIn(pair.slice(pair.indexOf('=') + 1))
  return sum
}

/** Anything else counts nothing: the query may ask for a fault, too. */
function numberIn(text: string): number {
  return text.length <= MOST_DIGITS && /^[+-]?\d+$/.test(text) ? Number(text) : 0
}
