// A client under test: it asks again when it should, and not when it should not.
import { setTimeout } from 'node:timers/promises'

/**
 * @param {string} url
 * @param {{ tries?: number, wait?: number, timeout?: number }} options times in milliseconds
 */
export async function retrying(url, { tries = 4, wait = 10, timeout = 1000 } = {}) {
  for (let attempt = 1; ; attempt += 1) {
    const isLast = attempt === tries
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(timeout), headers: { 'x-attempt': `${attempt}` } })
      const text = await answer.text()
      if (answer.status < 500 || isLast) return { status: answer.status, text, attempt }
    } catch (error) {
      if (isLast) throw error
    }
    await setTimeout(wait)
  }
}
