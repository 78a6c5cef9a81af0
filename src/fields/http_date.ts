import { timers } from '../runtime/timers.js'

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

const TIME = '(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)'
const SHORT_DAY = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)'
const LONG_DAY = '(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)'
const MONTH = `(?<month>${MONTHS.join('|')})`

// The current format, and the two obsolete ones that a recipient must accept (RFC 9110 §5.6.7).
const FORMS = [
  new RegExp(`^${SHORT_DAY}, (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT$`),
  new RegExp(`^${LONG_DAY}, (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} GMT$`),
  new RegExp(`^${SHORT_DAY} ${MONTH} (?<day>[ \\d]\\d) ${TIME} (?<year>\\d{4})$`),
]

/** The years 0 to 9999, which have four digits. */
const EARLIEST = -62_167_219_200_000
const LATEST = 253_402_300_799_999

/**
 * Parses an HTTP-date to milliseconds since 1970, or undefined when it is invalid (RFC 9110 §5.6.7): another format,
 * a day that the month does not have, hour 24. The name of the day is not compared with the date.
 *
 * @param now determines the century of a two-digit year: the date is at most 50 years ahead
 */
export function parseHttpDate(text: string, now = timers.date()): number | undefined {
  for (const form of FORMS) {
    const fields = form.exec(text)?.groups
    if (fields !== undefined) return timeOf(fields, now)
  }
  return undefined
}

/**
 * Formats milliseconds since 1970 as an HTTP-date, rounded down to the second; undefined when the year does not have
 * four digits.
 */
export function formatHttpDate(ms: number): string | undefined {
  return ms >= EARLIEST && ms <= LATEST ? new timers.Date(ms).toUTCString() : undefined
}

function timeOf(fields: Record<string, string>, now: number): number | undefined {
  const [day, hour, minute, second] = ['day', 'hour', 'minute', 'second'].map((name) => Number(fields[name]))
  const year = fullYear(fields.year as string, now)
  const month = MONTHS.indexOf(fields.month as string)
  // Second 60 is a leap second, which Unix time does not have: it becomes the next second.
  if (hour > 23 || minute > 59 || second > 60) return undefined
  const date = new timers.Date(0)
  date.setUTCFullYear(year, month, day)
  if (date.getUTCMonth() !== month || date.getUTCDate() !== day) return undefined
  return date.setUTCHours(hour, minute, second)
}

function fullYear(digits: string, now: number): number {
  if (digits.length === 4) return Number(digits)
  const thisYear = new timers.Date(now).getUTCFullYear()
  const year = thisYear - (thisYear % 100) + Number(digits)
  return year > thisYear + 50 ? year - 100 : year
}
