// The form that shows the plan and changes it.
import { byId, make, write } from './elements.js'
import { planExamples } from './plan_examples.js'
import { count, duration } from './words.js'

/** As far as the page reads `GET plan`. */
interface PlanState {
  readonly state: 'none' | 'waiting' | 'running' | 'ended'
  readonly seed: number
  readonly requests: number
  readonly phase: { readonly index: number; readonly name: string | null; readonly remaining: number | null } | null
  readonly plan: unknown
}

export interface PlanForm {
  /** Asks the target for its plan, and shows it. */
  refresh(): Promise<void>
}

export function usePlanForm(announce: (sentence: string) => void): PlanForm {
  const text = byId<HTMLTextAreaElement>('plan-text')
  const example = byId<HTMLSelectElement>('plan-example')
  let isEdited = false
  const option = (label: string, value: string) => Object.assign(make('option', { textContent: label }), { value })
  example.append(option('the plan that is set', ''))
  for (const [place, [label]] of planExamples.entries()) example.append(option(label, `${place}`))

  const refresh = async () => {
    const answer = await fetch('plan').catch(() => undefined)
    if (!answer?.ok) return
    const state = (await answer.json()) as PlanState
    write(byId('plan-state'), sentenceOf(state))
    if (!isEdited && document.activeElement !== text) text.value = textOf(state.plan)
  }

  const send = async (init: RequestInit, done: string) => {
    const answer = await fetch('plan', init).catch(() => undefined)
    const isDone = answer?.ok === true
    const complaint = isDone ? '' : answer === undefined ? 'The target does not answer.' : await complaintOf(answer)
    byId('plan-error').textContent = complaint
    text.setAttribute('aria-invalid', String(!isDone))
    if (!isDone) return
    isEdited = false
    example.value = ''
    announce(done)
    await refresh()
  }

  text.addEventListener('input', () => {
    isEdited = true
  })
  example.addEventListener('change', () => {
    const chosen = planExamples[Number(example.value)]
    isEdited = example.value !== ''
    if (example.value === '') void refresh()
    else if (chosen !== undefined) text.value = textOf(chosen[1])
  })
  byId('plan-form').addEventListener('submit', (event) => {
    event.preventDefault()
    const headers = { 'content-type': 'application/json' }
    void send({ method: 'POST', body: text.value, headers }, 'The plan was applied.')
  })
  byId('plan-end').addEventListener('click', () => void send({ method: 'DELETE' }, 'The plan was ended.'))
  return { refresh }
}

function textOf(plan: unknown): string {
  return plan === null || plan === undefined ? '' : JSON.stringify(plan, undefined, 2)
}

function sentenceOf({ state, seed, requests, phase }: PlanState): string {
  const facts = `Seed ${seed}; ${count(requests)} requests so far.`
  if (state === 'none') return 'No plan is set.'
  if (state === 'waiting') return `The plan waits for the first request. Seed ${seed}.`
  if (state === 'ended' || phase === null) return `The plan has ended. ${facts}`
  const name = phase.name === null ? '' : `, ${phase.name}`
  const rest = phase.remaining === null ? '' : `, ${duration(phase.remaining)} left`
  return `The plan runs: phase ${phase.index + 1}${name}${rest}. ${facts}`
}

/** What the target says about a plan. */
async function complaintOf(answer: Response): Promise<string> {
  const said = await answer.text()
  try {
    const { error } = JSON.parse(said) as { error: { message: string } }
    return error.message
  } catch {
    return said || `The target has answered ${answer.status}.`
  }
}
