// Bounds of statistical tests at p = 0.001: a draw that is as it should be exceeds them once in a thousand seeds. Seeds are fixed,
// so a test passes always or never.

/** The quantile 0.999 of the normal distribution. */
const Z = 3.0902

/** Pearson's statistic of what was counted. */
export function chiSquare(counted: readonly number[], expected: readonly number[]): number {
  return counted.reduce((sum, count, at) => {
    const wanted = expected[at] as number
    return sum + (count - wanted) ** 2 / wanted
  }, 0)
}

/** Its quantile 0.999, by Wilson and Hilferty. */
export function chiSquareBound(degrees: number): number {
  const part = 2 / (9 * degrees)
  return degrees * (1 - part + Z * Math.sqrt(part)) ** 3
}

/** The statistic of Kolmogorov and Smirnov, times the root of the count. Its quantile 0.999 is below 1.95. */
export function kolmogorovSmirnov(values: readonly number[], distribution: (value: number) => number): number {
  const sorted = [...values].sort((one, other) => one - other)
  const { length } = sorted
  const distances = sorted.map((value, at) => {
    const wanted = distribution(value)
    return Math.max(wanted - at / length, (at + 1) / length - wanted)
  })
  return Math.sqrt(length) * distances.reduce((most, distance) => Math.max(most, distance), 0)
}

export const KS_BOUND = 1.95

/** The distribution function of the standard normal distribution (Abramowitz and Stegun 7.1.26: 1.5e-7). */
export function normalBelow(value: number): number {
  const scaled = Math.abs(value) / Math.SQRT2
  const t = 1 / (1 + 0.3275911 * scaled)
  const terms = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592]
  const polynomial = terms.reduce((sum, term) => (sum + term) * t, 0)
  const erf = 1 - polynomial * Math.exp(-scaled * scaled)
  return value < 0 ? (1 - erf) / 2 : (1 + erf) / 2
}
