// Stands between the server and the routes of a target: finds a route as they do, and decides for each request what
// happens to its answer. What a head says is remembered with the head; the plan is asked anew for each request, so a plan
// that begins or ends applies at once.

import type { DrawnFault, FaultKind } from '../faults/drawn_fault.js'
import { FaultError } from '../faults/fault_error.js'
import { reply } from '../reply/reply.js'
import type { BrinkRequest } from '../request/request.js'
import type { Dispatcher, FixedRoute, Match, NumberedRoute, Route } from '../routing/dispatcher.js'
import { type Asked, askedIn } from './asked_faults.js'
import { type Delays, FaultyAnswer } from './faulty_answer.js'

/** Draws the faults that a request asks for itself; `number` is that of its draw, if it has brought one. */
export type OwnDraw = (number?: number) => DrawnFault | undefined

/** What decides on faults. */
export interface FaultSource {
  /** Whether there are faults that no request has asked for. */
  readonly isActive: boolean
  draw(request: { readonly method: string; readonly path: string; readonly number?: number }): DrawnFault | undefined
  /** @throws FaultError for faults that are not understood */
  own(text: string): OwnDraw
  /** @throws FaultError */
  numberOf(text: string): number
}

/** What counts answers, by numbers that cross with them. */
export interface AnswerNumbers {
  /** What is below the prefix of the target itself. */
  readonly own: number
  /** The id of a run, if it is a valid one. */
  runIdOf(text: string): string | undefined
  /** 0 without run and faults. */
  numberOf(run: string | undefined, kinds: readonly FaultKind[]): number
  /** A request comes, whatever its number is. */
  hears(): void
  /** A request came that has another number than 0. */
  came(number: number): void
}

/** Keeps what came. */
export interface RequestRecorder {
  readonly isOn: boolean
  add(request: BrinkRequest, fault: DrawnFault | undefined, run: string | undefined): void
}

export interface FaultySettings {
  readonly faults: FaultSource
  readonly numbers: AnswerNumbers
  readonly delays: Delays
  readonly recorder?: RequestRecorder | undefined
  /** The prefix of what faults never touch. */
  readonly spared: string
}

export class FaultyDispatcher implements Dispatcher {
  readonly readsHeads = true
  readonly measuresRuns = true
  /** The numbers are not those of routes. */
  readonly routes: readonly NumberedRoute[] = []
  readonly #inner: Dispatcher
  readonly #settings: FaultySettings

  constructor(inner: Dispatcher, settings: FaultySettings) {
    this.#inner = inner
    this.#settings = settings
  }

  get largestBody(): number {
    return this.#inner.largestBody
  }

  get takesUpgrades(): boolean {
    return this.#inner.takesUpgrades
  }

  get takesWebTargets(): boolean {
    return this.#inner.takesWebTargets === true
  }

  get requestRules(): Dispatcher['requestRules'] {
    return this.#inner.requestRules
  }

  /** The native side would answer them without faults. */
  get fixed(): ReadonlyMap<string, FixedRoute> {
    return new Map([...this.#inner.fixed].map(([path, fixed]) => [path, { ...fixed, isAlone: false }]))
  }

  find(method: string, target: string, head = ''): Match {
    return this.#wrapped(this.#inner.find(method, target), method, head)
  }

  findUpgrade(method: string, target: string, head = ''): Match | undefined {
    const found = this.#inner.findUpgrade(method, target)
    return found && this.#wrapped(found, method, head)
  }

  failed(error: unknown, req: BrinkRequest): ReturnType<Dispatcher['failed']> {
    return this.#inner.failed(error, req)
  }

  #wrapped({ route, path, search, values }: Match, method: string, head: string): Match {
    const { spared, numbers } = this.#settings
    const isSpared = path === spared || path.startsWith(`${spared}/`)
    const wrapped = isSpared
      ? { ...route, number: numbers.own }
      : routeOf(route, { method, path }, askedIn(head, search), this.#settings)
    return { route: wrapped, path, search, values }
  }
}

interface Asker {
  readonly method: string
  readonly path: string
}

function routeOf(route: Route, asker: Asker, asked: Asked, settings: FaultySettings): Route {
  const run = asked.run === undefined ? undefined : settings.numbers.runIdOf(asked.run)
  try {
    const own = asked.faults === undefined ? undefined : settings.faults.own(asked.faults)
    const number = asked.number === undefined ? undefined : settings.faults.numberOf(asked.number)
    return new FaultyRoute(route, asker, { run, own, number }, settings)
  } catch (error) {
    if (!(error instanceof FaultError)) throw error
    const refusal = () => reply(error.status, { error: error.told }, { 'cache-control': 'no-store' })
    return new FaultyRoute(
      { ...route, run: refusal, streams: false, needsRequest: false },
      asker,
      { run, own: () => undefined },
      settings,
    )
  }
}

interface Said {
  readonly run: string | undefined
  readonly own: OwnDraw | undefined
  readonly number?: number | undefined
}

/** A route for requests with the same head. */
class FaultyRoute implements Route {
  readonly pattern: string
  readonly names: readonly string[]
  readonly bodyLimit: Route['bodyLimit']
  readonly streams: Route['streams']
  readonly deadlines: Route['deadlines']
  readonly isUnshed: Route['isUnshed']
  readonly #inner: Route
  readonly #asker: Asker
  readonly #said: Said
  readonly #settings: FaultySettings

  constructor(inner: Route, asker: Asker, said: Said, settings: FaultySettings) {
    this.pattern = inner.pattern
    this.names = inner.names
    this.bodyLimit = inner.bodyLimit
    this.streams = inner.streams
    this.deadlines = inner.deadlines
    this.isUnshed = inner.isUnshed
    this.#inner = inner
    this.#asker = asker
    this.#said = said
    this.#settings = settings
  }

  // Read for each request: what is remembered with a head outlives plans, and numbers of runs.

  get number(): number {
    const { run } = this.#said
    return run === undefined ? 0 : this.#settings.numbers.numberOf(run, [])
  }

  get needsRequest(): boolean {
    return this.#inner.needsRequest || this.#settings.recorder?.isOn === true
  }

  get run(): Route['run'] {
    this.#settings.numbers.hears()
    return this.#isPlain ? this.#inner.run : (request) => this.#run(request, this.#inner.run)
  }

  get refused(): Route['refused'] {
    this.#settings.numbers.hears()
    if (this.#isPlain) return this.#inner.refused
    return (error) => (request) => this.#run(request, this.#inner.refused(error))
  }

  /** Whether nothing is to be done for a request but to run its route. */
  get #isPlain(): boolean {
    const { faults, recorder } = this.#settings
    return this.number === 0 && this.#said.own === undefined && !faults.isActive && recorder?.isOn !== true
  }

  #run(request: BrinkRequest, run: Route['run']): ReturnType<Route['run']> {
    const { numbers, recorder, delays } = this.#settings
    const fault = this.#draw()
    const number = fault === undefined ? this.number : numbers.numberOf(this.#said.run, fault.kinds)
    if (number !== 0) numbers.came(number)
    if (recorder?.isOn) recorder.add(request, fault, this.#said.run)
    return fault === undefined ? run(request) : new FaultyAnswer(fault, run, number, delays)
  }

  #draw(): DrawnFault | undefined {
    const { own, number } = this.#said
    const { faults } = this.#settings
    if (own !== undefined) return own(number)
    if (!faults.isActive) return undefined
    return faults.draw(number === undefined ? this.#asker : { ...this.#asker, number })
  }
}
