// The live page of a target: it draws what the target sends once a second.
import { makeCharts } from './charts.js'
import { byId, write } from './elements.js'
import { phaseOf, sentenceOf, showSample, showStatistics } from './figures.js'
import { History } from './history.js'
import { usePlanForm } from './plan_form.js'
import { type Sample, type Statistics, sampleOf } from './sample.js'

/** Seconds: what is shown. */
const WINDOW = 300
const STATISTICS_MS = 5000
/** For whoever asks for less motion. */
const CALM_MS = 5000

const history = new History(WINDOW)
const charts = makeCharts(history)
const calm = matchMedia('(prefers-reduced-motion: reduce)')
const pause = byId<HTMLButtonElement>('pause')
const plan = usePlanForm(announce)
let drawnAt = 0
let phase: string | undefined

/** To screen readers, which read it when they have nothing else to say. Only what has changed, and what was asked for. */
function announce(sentence: string): void {
  byId('announcement').textContent = sentence
}

function isPaused(): boolean {
  return pause.getAttribute('aria-pressed') === 'true'
}

function draw(): void {
  const { last } = history
  if (last === undefined || isPaused() || document.hidden) return
  if (calm.matches && performance.now() - drawnAt < CALM_MS) return
  drawnAt = performance.now()
  showSample(last)
  for (const chart of charts) chart.draw()
}

function take(sample: Sample): void {
  history.add(sample)
  const now = phaseOf(sample)
  if (now === phase) return
  phase = now
  announce(now === undefined ? 'The plan has ended.' : `The plan is in its phase ${now}.`)
  void plan.refresh()
}

async function askStatistics(): Promise<void> {
  if (document.hidden || isPaused()) return
  void plan.refresh()
  try {
    const answer = await fetch('stats')
    if (answer.ok) showStatistics((await answer.json()) as Statistics)
  } catch {
    // The link says that the target does not answer.
  }
}

function showLink(state: 'live' | 'lost', text: string): void {
  const link = byId('link')
  if (link.dataset.state !== state)
    announce(state === 'live' ? 'Connected to the target.' : 'The target does not answer.')
  link.dataset.state = state
  write(link, text)
}

function listen(): void {
  const source = new EventSource('live')
  source.addEventListener('open', () => showLink('live', 'live'))
  source.addEventListener('error', () => showLink('lost', 'no connection: trying again'))
  source.addEventListener('history', ({ data }) => {
    for (const sample of JSON.parse(data) as Partial<Sample>[]) take(sampleOf(sample))
    draw()
  })
  source.addEventListener('sample', ({ data }) => {
    take(sampleOf(JSON.parse(data) as Partial<Sample>))
    draw()
  })
}

pause.addEventListener('click', () => {
  pause.setAttribute('aria-pressed', String(!isPaused()))
  drawnAt = 0
  draw()
})

byId('say').addEventListener('click', () => {
  announce(history.last === undefined ? 'Nothing has come yet.' : sentenceOf(history.last))
})

byId('reset').addEventListener('click', async () => {
  const answer = await fetch('reset', { method: 'POST' }).catch(() => undefined)
  announce(answer?.ok ? 'The statistics and the plan were reset.' : 'They could not be reset.')
  await Promise.all([askStatistics(), plan.refresh()])
})

document.addEventListener('visibilitychange', draw)
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  for (const chart of charts) chart.recolor()
})

write(byId('place'), location.host)
listen()
void askStatistics()
setInterval(askStatistics, STATISTICS_MS)
