// Runs exchanges on node:http and on the server under test, and counts those that differ further than is listed.

import { createServer as nodeServer } from 'node:http'
import { BEGINS, type Extent, extentOf, isWithin } from './differences.js'
import { difference } from './twins/compare.js'
import type { CreateServer, Exchange } from './twins/exchange.js'
import { runTrial, type Transcript } from './twins/trial.js'

/** A machine that pauses tears segments apart and lets deadlines pass. A fault shows each time. */
const ATTEMPTS = 3

const UNFIT = /^(waited in vain|neither an answer|the server does not end|the script fails)/

interface Outcome {
  /** How far the two differ, if they do. */
  readonly extent: Extent | undefined
  readonly complaint: string
}

export class Judge {
  readonly #subject: CreateServer
  #passed = 0
  #failed = 0

  constructor(subject: CreateServer) {
    this.#subject = subject
  }

  /** Listeners of events change what a server does, so the table is run with and without them. */
  async row(name: string, make: () => Exchange, watching: readonly boolean[]): Promise<void> {
    const listed = extentOf(name)
    console.log(BEGINS + name)
    const isListed = ({ extent }: Outcome) => isWithin(listed, extent)
    for (const watched of watching) {
      let outcome = await this.#compared(make, watched).catch(unrunnable)
      for (let more = ATTEMPTS - 1; more > 0 && !isListed(outcome); more--) {
        console.log(`${name}: once more, for\n${outcome.complaint}\n`)
        outcome = await this.#compared(make, watched).catch(unrunnable)
      }
      if (isListed(outcome)) {
        this.#passed += 1
        continue
      }
      this.#failed += 1
      console.log(`FAIL ${name}${watched ? ' (watched)' : ''}\n${outcome.complaint}\n`)
    }
  }

  /** Tells the sum, and ends the process. */
  end(): never {
    console.log(`${this.#passed} passed, ${this.#failed} failed`)
    process.exit(this.#failed > 0 ? 1 : 0)
  }

  async #compared(make: () => Exchange, watched: boolean): Promise<Outcome> {
    const exchange = make()
    const expected = await runTrial(exchange, nodeServer as CreateServer, watched)
    const got = await runTrial(make(), this.#subject, watched)
    // Rows are made by what node:http does: one that waits there for what never comes is wrong itself.
    const waits = told(expected).find((line) => UNFIT.test(line))
    if (waits !== undefined) return { extent: 'hangs', complaint: `node:http itself: ${waits}` }
    const complaint = difference(expected, got, exchange.interleaved === true)
    if (complaint === undefined) return { extent: undefined, complaint: '' }
    return { extent: extentBetween(expected, got), complaint }
  }
}

function unrunnable(error: unknown): Outcome {
  return { extent: 'hangs', complaint: `it cannot be run: ${error}` }
}

function extentBetween(expected: Transcript, got: Transcript): Extent {
  if (told(got).some((line) => UNFIT.test(line))) return 'hangs'
  if (difference(expected, got, true) === undefined) return 'order'
  return difference({ ...expected, server: [] }, { ...got, server: [] }, true) === undefined ? 'events' : 'bytes'
}

function told({ clients, server }: Transcript): string[] {
  return [...clients.flat(), ...server]
}
