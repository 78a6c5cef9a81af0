// The options of `brink target` as those of `target()`.

import { FAULT_LIMITS } from '../faults/fault_limits.js'
import { nearest } from '../runtime/did_you_mean.js'
import { CONTROL_MODES } from '../target/control_access.js'
import { TARGET_LIMITS } from '../target/limits.js'
import type { TargetOptions } from '../target/options.js'
import { UsageError } from './usage_error.js'

/** What the command line says about a target; undefined for what it does not say. */
export interface TargetFlags {
  /** Whether it tells where it listens, and at its end what has happened, as JSON. */
  readonly json: boolean
  readonly seed: number | undefined
  /** The file of its plan. */
  readonly plan: string | undefined
  readonly fault: string | undefined
  readonly limits: TargetOptions['limits']
  readonly faultLimits: TargetOptions['faultLimits']
  readonly control: TargetOptions['control']
}

/** Arguments are seen by everybody on a machine. */
const TOKEN = 'BRINK_CONTROL_TOKEN'

/** @throws UsageError */
export function targetFlagsOf(given: ReadonlyMap<string, string>, env: NodeJS.ProcessEnv): TargetFlags {
  const plan = given.get('plan')
  const fault = given.get('fault')
  if (plan !== undefined && fault !== undefined) {
    throw new UsageError('--fault cannot be given beside --plan: write it into a phase of the plan.')
  }
  const all = limitsOf(given.get('limits'))
  const some = (names: readonly string[]) => {
    const own = [...all].filter(([name]) => names.includes(name))
    return own.length === 0 ? undefined : Object.fromEntries(own)
  }
  const limits = some(TARGET_LIMITS)
  return {
    json: given.has('json'),
    seed: seedOf(given.get('seed')),
    plan,
    fault,
    limits,
    faultLimits: some(FAULT_LIMITS),
    control: controlOf(given.get('control'), env[TOKEN]),
  }
}

function controlOf(text: string | undefined, token: string | undefined): TargetOptions['control'] {
  if (text === undefined || text === 'token') {
    if (token) return { token }
    if (text === undefined) return undefined
    throw new UsageError(`--control token needs the token in $${TOKEN}.`)
  }
  const mode = CONTROL_MODES.find((name) => name === text)
  if (mode !== undefined) return mode
  throw new UsageError(`--control must be ${CONTROL_MODES.join(', ')} or token, not '${text}'.`)
}

function seedOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const seed = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(seed)) return seed
  throw new UsageError(`--seed must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}, not '${text}'.`)
}

/** Of `name=value,name=value`. What the values may be is checked by the target. */
function limitsOf(text: string | undefined): Map<string, unknown> {
  const limits = new Map<string, unknown>()
  for (const part of text?.split(',') ?? []) {
    const [, name, value] = /^\s*(\w+)=(.+?)\s*$/.exec(part) ?? []
    if (name === undefined || value === undefined) {
      throw new UsageError(`--limits must be a list such as maxDuration=30000,maxCount=100, not '${text}'.`)
    }
    limits.set(knownLimit(name), limitValue(name, value))
  }
  return limits
}

function knownLimit(name: string): string {
  const names: readonly string[] = [...TARGET_LIMITS, ...FAULT_LIMITS]
  if (names.includes(name)) return name
  const meant = nearest(name, names)
  const hint = meant === undefined ? `the limits are ${[...names].sort().join(', ')}.` : `did you mean ${meant}?`
  throw new UsageError(`--limits has no limit '${name}': ${hint}`)
}

function limitValue(name: string, text: string): unknown {
  if (/^\d+$/.test(text)) return Number(text)
  if (text === 'true' || text === 'false') return text === 'true'
  const isList = name === 'hiddenFields' || (name === 'allowedRedirects' && text !== '*')
  return isList ? text.split('|') : text
}
