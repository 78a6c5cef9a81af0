// A suite of the clients: what it checks, counted and told as it goes.

import type { Variant } from '../variants.js'

/** A program that a suite needs. */
export interface Tool {
  readonly isThere: () => boolean
  /** What to say where it is not. */
  readonly missing: string
}

export interface Suite {
  readonly name: string
  readonly tool?: Tool
  run(variant: Variant, check: Check, plan: Plan): Promise<void>
}

export interface Plan {
  /** Everything in its whole length; otherwise so long that nothing goes unseen. */
  readonly full: boolean
}

/** Runs one check: it throws what is wrong, or gives what was measured, if anything was. */
export type Check = (what: string, test: () => Promise<unknown>) => Promise<void>

export interface Count {
  passed: number
  failed: number
}

/** Runs a suite on one kind of server. What it tells stands together, though others run beside it. */
export async function runSuite(suite: Suite, variant: Variant, plan: Plan): Promise<Count> {
  const began = performance.now()
  const count = { passed: 0, failed: 0 }
  const lines: string[] = []
  const check: Check = async (what, test) => {
    try {
      const measured = await test()
      count.passed += 1
      if (typeof measured === 'string') lines.push(`     ${what}: ${measured}`)
    } catch (error) {
      count.failed += 1
      lines.push(`FAIL ${what}: ${complaintOf(error)}`)
    }
  }
  await check('it comes to its end', () => suite.run(variant, check, plan))
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  const mark = count.failed === 0 ? 'ok  ' : 'FAIL'
  const sum = `${mark} ${suite.name} [${variant.name}]  ${count.passed}/${count.passed + count.failed}  ${seconds} s`
  console.log([sum, ...lines].join('\n'))
  return count
}

/** What uvu's assertions say of the values does not stand in their messages. */
function complaintOf(error: unknown): string {
  const { stack, details } = error as { stack?: string; details?: unknown }
  return [stack ?? String(error), ...(typeof details === 'string' ? [details] : [])].join('\n')
}
