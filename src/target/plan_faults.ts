import type { DrawnFault } from '../faults/drawn_fault.js'
import { faultNumber } from '../faults/fault_number.js'
import { parseFaults } from '../faults/fault_spec.js'
import type { DrawnRequest, Plan } from '../faults/plan.js'
import type { FaultSource, OwnDraw } from '../faulty/faulty_dispatcher.js'

/** The plan of a target, and what requests ask for in its place, as the dispatcher asks for them. */
export class PlanFaults implements FaultSource {
  readonly #plan: Plan

  constructor(plan: Plan) {
    this.#plan = plan
  }

  get isActive(): boolean {
    return this.#plan.isActive
  }

  draw(request: DrawnRequest): DrawnFault | undefined {
    return this.#plan.draw(request)
  }

  own(text: string): OwnDraw {
    const spec = parseFaults(text, 'answer', this.#plan.limits)
    return (number) => this.#plan.drawOwn(spec, number)
  }

  numberOf(text: string): number {
    return faultNumber(text)
  }
}
