// What a value is drawn from.

/** Values are milliseconds or bytes. */
export type Distribution =
  | { readonly kind: 'fixed'; readonly value: number }
  | { readonly kind: 'uniform'; readonly low: number; readonly high: number }
  | { readonly kind: 'normal'; readonly mean: number; readonly deviation: number }
  /** The logarithm is normal, with the deviation `sigma`; half of the values are below the median. */
  | { readonly kind: 'lognormal'; readonly median: number; readonly sigma: number }
  | { readonly kind: 'exponential'; readonly mean: number }

/** The value of a distribution for two numbers from 0 to below 1. It may be below 0, and has no upper bound. */
export function sample(distribution: Distribution, first: number, second: number): number {
  switch (distribution.kind) {
    case 'fixed':
      return distribution.value
    case 'uniform':
      return distribution.low + first * (distribution.high - distribution.low)
    case 'normal':
      return distribution.mean + distribution.deviation * standardNormal(first, second)
    case 'lognormal':
      return distribution.median * Math.exp(distribution.sigma * standardNormal(first, second))
    case 'exponential':
      return -distribution.mean * Math.log1p(-first)
  }
}

/** The same as a whole number: of a uniform distribution, each one from low to high is as likely. */
export function sampleWhole(distribution: Distribution, first: number, second: number): number {
  if (distribution.kind !== 'uniform') return Math.round(sample(distribution, first, second))
  const low = Math.round(distribution.low)
  return low + Math.floor(first * (Math.round(distribution.high) - low + 1))
}

/** By Box and Muller. */
function standardNormal(first: number, second: number): number {
  return Math.sqrt(-2 * Math.log1p(-first)) * Math.cos(2 * Math.PI * second)
}
