import { HttpError } from 'brink'
import { decimal, integerWithin, quoted } from './_query.js'

const LEAST = 200
const MOST = 599

/** The status that a client asks for. 1xx are no final answers (RFC 9110 §15.2), so they cannot be asked for. */
export function statusOf(code: string): number {
  return integerWithin(code, 'status code', LEAST, MOST)
}

/** One status, or one of several with their weights: `200:0.9,503:0.1`. A weight is 1 where none is given. */
export function chosenStatus(text: string): number {
  if (!text.includes(',')) return statusOf(text)
  const choices = text.split(',').map((choice) => {
    const [code = '', weight] = choice.split(':', 2)
    return { status: statusOf(code), weight: weight === undefined ? 1 : weightOf(weight) }
  })
  const total = choices.reduce((sum, { weight }) => sum + weight, 0)
  let place = Math.random() * total
  const chosen = choices.find(({ weight }) => {
    place -= weight
    return place < 0
  })
  if (chosen === undefined) throw new HttpError(400, 'invalid weights: one must be above 0')
  return chosen.status
}

function weightOf(text: string): number {
  const weight = decimal(text)
  if (weight !== undefined) return weight
  throw new HttpError(400, `invalid weight: ${quoted(text)} is not a number`)
}
