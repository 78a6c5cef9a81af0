// Distributions of times and sizes in the fault grammar: `20ms`, `10ms..50ms`, `normal(100ms, 20ms)`.
import { didYouMean } from '../runtime/did_you_mean.js'
import type { Distribution } from './distribution.js'
import type { CheckedFaultLimits } from './fault_limits.js'
import { list, type Measure, NUMBER_PATTERN, quantityPattern, readNumber, readQuantity } from './quantities.js'
import { SPACE_PATTERN, type TextReader } from './text_reader.js'
import type { ValueKind } from './value_kind.js'

const NAMES = ['normal', 'lognormal', 'exponential'] as const
const WORD = /[A-Za-z]+/y
/** Beyond it, values are all or nothing. */
const LARGEST_SIGMA = 10

/** @param limit the option that bounds what is drawn */
export function distributionOf(measure: Measure, limit: 'maxDelay' | 'maxSize'): ValueKind<Distribution> {
  return {
    pattern: patternOf(measure),
    read: (reader) => readDistribution(reader, measure),
    complaint: (distribution, limits) => complaintAbout(distribution, limit, limits),
  }
}

function patternOf(measure: Measure): string {
  const quantity = quantityPattern(measure)
  const call = (name: string, ...args: string[]) => {
    const listed = args.join(`${SPACE_PATTERN},${SPACE_PATTERN}`)
    return `${name}${SPACE_PATTERN}\\(${SPACE_PATTERN}${listed}${SPACE_PATTERN}\\)`
  }
  const all = [
    `${quantity}(?:${SPACE_PATTERN}\\.\\.${SPACE_PATTERN}${quantity})?`,
    call('normal', quantity, quantity),
    call('lognormal', quantity, NUMBER_PATTERN),
    call('exponential', quantity),
  ]
  return `(?:${all.join('|')})`
}

function readDistribution(reader: TextReader, measure: Measure): Distribution {
  const before = reader.at
  const name = reader.take(WORD)
  if (name === undefined) return readPlain(reader, measure)
  if (!(NAMES as readonly string[]).includes(name)) {
    reader.back(before)
    throw reader.expected(`${measure.what}, or ${list(NAMES)}`, didYouMean(name, NAMES))
  }
  if (!reader.takeSign('(')) throw reader.expected(`"(" behind ${name}`)
  const distribution = readArguments(reader, name as (typeof NAMES)[number], measure)
  if (!reader.takeSign(')')) throw reader.expected(`")" behind the arguments of ${name}`)
  return distribution
}

function readPlain(reader: TextReader, measure: Measure): Distribution {
  const value = readQuantity(reader, measure)
  if (!reader.takeSign('..')) return { kind: 'fixed', value }
  return { kind: 'uniform', low: value, high: readQuantity(reader, measure) }
}

function readArguments(reader: TextReader, name: (typeof NAMES)[number], measure: Measure): Distribution {
  const first = readQuantity(reader, measure)
  if (name === 'exponential') return { kind: 'exponential', mean: first }
  if (!reader.takeSign(',')) throw reader.expected(`"," and the second argument of ${name}`)
  if (name === 'normal') return { kind: 'normal', mean: first, deviation: readQuantity(reader, measure) }
  return { kind: 'lognormal', median: first, sigma: readNumber(reader, 'sigma as a number such as 0.5') }
}

function complaintAbout(
  distribution: Distribution,
  limit: 'maxDelay' | 'maxSize',
  limits: CheckedFaultLimits,
): string | undefined {
  if (distribution.kind === 'uniform' && distribution.low > distribution.high) {
    return 'The lower bound is above the upper one'
  }
  if (distribution.kind === 'lognormal' && distribution.sigma > LARGEST_SIGMA) {
    return `The sigma of lognormal must be ${LARGEST_SIGMA} at most`
  }
  const unit = limit === 'maxDelay' ? 'ms' : 'bytes'
  const largest = largestOf(distribution)
  if (largest <= limits[limit]) return undefined
  return `${largest} ${unit} are more than the ${limits[limit]} that are allowed ("${limit}")`
}

/** The largest of what is written. What is drawn above the limit becomes the limit. */
function largestOf(distribution: Distribution): number {
  switch (distribution.kind) {
    case 'fixed':
      return distribution.value
    case 'uniform':
      return distribution.high
    case 'normal':
      return Math.max(distribution.mean, distribution.deviation)
    case 'lognormal':
      return distribution.median
    case 'exponential':
      return distribution.mean
  }
}
