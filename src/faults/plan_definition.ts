// A plan, as its JSON says it. What the schema of plans refuses is `ERR_FAULT_SYNTAX`; values are checked when all has been read.
import { messageOf } from '../runtime/errors.js'
import type { Clause } from './fault_clauses.js'
import { syntaxError, valueError } from './fault_error.js'
import type { CheckedFaultLimits } from './fault_limits.js'
import { type FaultSpec, specOf } from './fault_spec.js'
import { type ReadFaults, readObject, readText } from './fault_text.js'
import { isObject, listIn, member, objectIn, type Placed, stringIn, unexpected, wholeIn, wordIn } from './json_shape.js'
import { LARGEST_SEED, METHOD_PATTERN, MOST_REQUESTS, NAME_LENGTH, PATH_PATTERN, STARTS } from './plan_words.js'
import { readQuantity, TIME } from './quantities.js'
import { TextReader } from './text_reader.js'

/** Faults for some requests. */
export interface PlanRule {
  /** A path with asterisks; undefined for all. */
  readonly path: string | undefined
  /** Undefined for all. */
  readonly methods: readonly string[] | undefined
  readonly fault: FaultSpec
}

/** A part of a plan. It ends at the first of its ends. */
export interface PlanPhase {
  readonly name: string | undefined
  /** How long it lasts in milliseconds; infinite without an end. */
  readonly duration: number
  /** After how many requests it ends; infinite without an end. */
  readonly requests: number
  /** The first that matches counts. */
  readonly rules: readonly PlanRule[]
  /** For what no rule matches, and for the server. */
  readonly fault: FaultSpec | undefined
}

/** A plan of one phase or more. */
export interface PlanDefinition {
  readonly seed: number | undefined
  readonly start: (typeof STARTS)[number] | undefined
  /** The first phase follows the last. */
  readonly repeat: boolean
  readonly phases: readonly PlanPhase[]
  /** As it was given. */
  readonly json: unknown
}

/** In milliseconds. */
const SHORTEST_PHASE = 1
const LONGEST_PHASE = 7 * 86_400_000

const PLAN_MEMBERS = ['$schema', 'seed', 'start', 'repeat', 'phases'] as const
const PHASE_MEMBERS = ['name', 'for', 'requests', 'fault', 'rules'] as const
const RULE_MEMBERS = ['path', 'method', 'fault'] as const
const PATH = new RegExp(PATH_PATTERN)
const METHOD = new RegExp(METHOD_PATTERN)
const ANY_TEXT = /^/

/**
 * Parses the text of a plan.
 * @throws FaultError `ERR_FAULT_SYNTAX`, `ERR_FAULT_VALUE`
 */
export function parsePlan(text: string, limits: CheckedFaultLimits): PlanDefinition {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw Object.assign(syntaxError(`The plan is no JSON: ${messageOf(error)}`), { cause: error })
  }
  return planOf(json, limits)
}

/** The same for a value that `JSON.parse` could have given. */
export function planOf(json: unknown, limits: CheckedFaultLimits): PlanDefinition {
  const top = objectIn({ value: json, pointer: '' }, 'plan', PLAN_MEMBERS, ['phases'])
  const at = (name: (typeof PLAN_MEMBERS)[number]) => member(top, '', name)
  if (top.$schema !== undefined) stringIn(at('$schema'), 'the address of the schema', ANY_TEXT)
  const seed = top.seed === undefined ? undefined : wholeIn(at('seed'), 0, LARGEST_SEED)
  const start = top.start === undefined ? undefined : wordIn(at('start'), STARTS)
  const repeat = top.repeat === undefined ? false : booleanIn(at('repeat'))
  const read = listIn(at('phases'), 'phases').map(readPhase)
  return { seed, start, repeat, phases: checkedPhases(read, repeat, limits), json }
}

/** A plan of one phase without an end. */
export function planOfFault(fault: FaultSpec, text: string): PlanDefinition {
  const phase = { name: undefined, duration: Infinity, requests: Infinity, rules: [], fault }
  return { seed: undefined, start: 'now', repeat: false, phases: [phase], json: { phases: [{ fault: text }] } }
}

function booleanIn(placed: Placed): boolean {
  if (typeof placed.value === 'boolean') return placed.value
  throw unexpected('true or false', placed)
}

interface ReadRule {
  readonly path: string | undefined
  readonly methods: readonly string[] | undefined
  readonly faults: ReadFaults
  readonly pointer: string
}

interface ReadPhase {
  readonly name: string | undefined
  readonly duration: number
  readonly requests: number
  readonly rules: readonly ReadRule[]
  readonly faults: ReadFaults | undefined
  readonly pointer: string
}

function readPhase(placed: Placed): ReadPhase {
  const phase = objectIn(placed, 'phase', PHASE_MEMBERS)
  const at = (name: (typeof PHASE_MEMBERS)[number]) => member(phase, placed.pointer, name)
  return {
    pointer: placed.pointer,
    name: phase.name === undefined ? undefined : nameIn(at('name')),
    duration: phase.for === undefined ? Infinity : durationIn(at('for')),
    requests: phase.requests === undefined ? Infinity : wholeIn(at('requests'), 1, MOST_REQUESTS),
    faults: phase.fault === undefined ? undefined : faultsIn(at('fault'), 'server'),
    rules: phase.rules === undefined ? [] : listIn(at('rules'), 'rules').map(readRule),
  }
}

function readRule(placed: Placed): ReadRule {
  const rule = objectIn(placed, 'rule', RULE_MEMBERS, ['fault'])
  const at = (name: (typeof RULE_MEMBERS)[number]) => member(rule, placed.pointer, name)
  return {
    pointer: placed.pointer,
    path: rule.path === undefined ? undefined : stringIn(at('path'), PATH_EXPECTED, PATH),
    methods: rule.method === undefined ? undefined : methodsIn(at('method')),
    faults: faultsIn(at('fault'), 'answer'),
  }
}

const PATH_EXPECTED = 'a path such as /users or /api/*, percent-encoded and without a query'
const METHOD_EXPECTED = 'a method in capitals such as GET'

function methodsIn(placed: Placed): readonly string[] {
  const all = Array.isArray(placed.value) ? listIn(placed, 'methods') : [placed]
  return all.map((one) => stringIn(one, METHOD_EXPECTED, METHOD))
}

function nameIn(placed: Placed): string {
  const name = stringIn(placed, 'a name as a string', ANY_TEXT)
  if ([...name].length <= NAME_LENGTH) return name
  throw unexpected(`a name of ${NAME_LENGTH} characters at most`, placed)
}

function durationIn(placed: Placed): number {
  const reader = new TextReader(stringIn(placed, TIME.what, ANY_TEXT), placed.pointer)
  const duration = readQuantity(reader, TIME)
  if (!reader.isAtEnd) throw reader.expected('the end')
  return duration
}

function faultsIn(placed: Placed, scope: Clause['scope']): ReadFaults {
  const { value, pointer } = placed
  if (typeof value === 'string') return readText(value, scope, pointer)
  if (isObject(value)) return readObject(value, scope, pointer)
  throw unexpected('faults as a string such as "delay=10ms", or as an object', placed)
}

function checkedPhases(phases: readonly ReadPhase[], repeat: boolean, limits: CheckedFaultLimits): PlanPhase[] {
  const count = phases.reduce((sum, { rules }) => sum + 1 + rules.length, 0)
  if (count > limits.maxRules) {
    const complaint = `The plan has ${count} phases and rules, more than the ${limits.maxRules} that are allowed ("maxRules")`
    throw valueError(complaint, { pointer: '/phases' })
  }
  return phases.map((phase, at) => {
    const isLast = at === phases.length - 1
    return checkedPhase(phase, isLast && !repeat, limits)
  })
}

function checkedPhase(phase: ReadPhase, mayBeEndless: boolean, limits: CheckedFaultLimits): PlanPhase {
  const { name, duration, requests, faults, rules, pointer } = phase
  if (!mayBeEndless && duration === Infinity && requests === Infinity) {
    throw valueError('Only the last phase of a plan that does not repeat can be without "for" and "requests"', {
      pointer,
    })
  }
  if (duration < SHORTEST_PHASE || (duration > LONGEST_PHASE && duration !== Infinity)) {
    throw valueError('A phase lasts from 1ms to 168h', { pointer: `${pointer}/for` })
  }
  return {
    ...{ name, duration, requests },
    fault: faults && specOf(faults, limits),
    rules: rules.map(({ path, methods, faults }) => ({ path, methods, fault: specOf(faults, limits) })),
  }
}
