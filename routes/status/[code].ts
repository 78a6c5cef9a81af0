import { type BrinkRequest, reply } from 'brink'
import { wholeNumber } from '../_whole_number.js'

/** An answer with the status that the path names, to any method. */
export default ({ params }: BrinkRequest<{ code: string }>) => {
  const code = wholeNumber(params.code, 'The status', 200, 599)
  return reply(code, `${code}\n`)
}
