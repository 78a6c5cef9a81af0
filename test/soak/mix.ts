// Good, slow, broken and vanishing clients, all at once, until they are told to stop.

import { setTimeout as pause } from 'node:timers/promises'
import type { HealthyOrders, HealthyReport } from '../processes/healthy_program.js'
import { startWorker } from '../processes/orders.js'
import type { CrowdOrders, Habit } from '../slow/crowd_program.js'
import type { BrokenOrders } from './broken_program.js'
import type { VanishingOrders } from './vanishing_program.js'

const GOOD = { connections: 16, pauseMs: 5 }
const BROKEN = 4
const SLOW_OF_EACH_HABIT = 20
const HABITS: readonly Habit[] = [
  'a byte of a head',
  'a byte of a body',
  'a byte of a chunk size',
  'never reads',
  'nothing',
]
const VANISHING = 30
const VANISH_EVERY_MS = 500

export interface MixReport {
  readonly good: HealthyReport
  readonly broken: { readonly connections: number; readonly complaints: readonly string[] }
  /** Connections whose process was killed. */
  readonly vanished: number
}

export class Mix {
  readonly #good = startWorker<HealthyOrders>('processes/healthy_program')
  readonly #broken = startWorker<BrokenOrders>('soak/broken_program')
  readonly #slow = HABITS.map((habit) => ({ habit, crowd: startWorker<CrowdOrders>('slow/crowd_program') }))
  #vanishing: Promise<void> = Promise.resolve()
  #vanished = 0
  #stopped = false

  async start(port: number, seed: number): Promise<void> {
    this.#stopped = false
    await this.#good.order('start', { port, ...GOOD })
    await this.#broken.order('start', { port, clients: BROKEN, seed })
    for (const { habit, crowd } of this.#slow) {
      await crowd.order('start', { port, clients: SLOW_OF_EACH_HABIT, habit, persistent: true })
    }
    this.#vanishing = this.#keepVanishing(port)
    this.#vanishing.catch(() => {})
  }

  /** What there was since the last report. */
  async report(): Promise<MixReport> {
    const vanished = this.#vanished
    this.#vanished = 0
    return { good: await this.#good.order('report'), broken: await this.#broken.order('report'), vanished }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#vanishing
    await this.#good.order('stop')
    await this.#broken.order('stop')
    for (const { crowd } of this.#slow) await crowd.order('stop')
  }

  async end(): Promise<void> {
    this.#stopped = true
    await this.#good.kill()
    await this.#broken.kill()
    for (const { crowd } of this.#slow) await crowd.kill()
  }

  async #keepVanishing(port: number): Promise<void> {
    while (!this.#stopped) {
      const doomed = startWorker<VanishingOrders>('soak/vanishing_program')
      try {
        await doomed.order('start', { port, clients: VANISHING })
      } finally {
        await doomed.kill()
      }
      this.#vanished += VANISHING
      await pause(VANISH_EVERY_MS)
    }
  }
}
