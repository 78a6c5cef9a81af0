// Clients that keep their connection between requests, as `http.Agent` does: some never rest, others pause.

import { Agent, get } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

/** Longer than a worker may take to drain. */
const NO_ANSWER_MS = 15_000
/** The longest pauses, in turn. The last one is well within the time for which servers keep idle connections. */
const LONGEST_PAUSES_MS = [0, 20, 200, 1_000, 2_000] as const
/** Also a client that does not pause leaves the load generator its share. */
const SHORTEST_PAUSE_MS = 1

export interface Counts {
  answered: number
  readonly failures: Map<string, number>
}

export async function keepAsking(url: string, number: number, counts: Counts, isOver: () => boolean): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const longest = LONGEST_PAUSES_MS[number % LONGEST_PAUSES_MS.length] ?? 0
  while (!isOver()) {
    try {
      await ask(url, agent)
      counts.answered += 1
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      const what = code ?? message
      counts.failures.set(what, (counts.failures.get(what) ?? 0) + 1)
    }
    await pause(SHORTEST_PAUSE_MS + Math.random() * longest)
  }
  agent.destroy()
}

function ask(url: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent, signal: AbortSignal.timeout(NO_ANSWER_MS) }, (response) => {
      response.on('error', reject).on('end', () => {
        if (response.statusCode === 200) resolve()
        else reject(new Error(`status ${response.statusCode}`))
      })
      response.resume()
    })
    request.on('error', (error) => {
      reject(error.name === 'AbortError' ? new Error('never answered') : error)
    })
  })
}
