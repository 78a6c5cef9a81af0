// Numbers as people read them.

const COUNT = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const SMALL = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 })
const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

export function count(value: number): string {
  return value < 10 ? SMALL.format(value) : COUNT.format(value)
}

export function small(value: number): string {
  return SMALL.format(value)
}

export function duration(ms: number): string {
  if (ms < 1) return `${COUNT.format(ms * 1000)} µs`
  return ms < 1000 ? `${SMALL.format(ms)} ms` : `${SMALL.format(ms / 1000)} s`
}

export function bytes(value: number): string {
  const unit = Math.min(BYTE_UNITS.length - 1, value < 1 ? 0 : Math.floor(Math.log10(value) / 3))
  return `${SMALL.format(value / 1000 ** unit)} ${BYTE_UNITS[unit]}`
}

export function clock(seconds: number): string {
  return new Date(seconds * 1000).toTimeString().slice(0, 8)
}
