// load/reports/compare.svg: for each workload a bar for each server, the quickest on top, without a library. The bars
// carry their names and numbers, so that no legend has to be matched by colour.

import { PAPER_STYLE, PAPER_STYLE_BY_NIGHT } from '../paper.js'
import { perCpuSecond } from '../sample.js'
import { capitalised, grouped, thousands } from '../table.js'
import { type MeasuredWorkload, medianOf, oursOf, type Result } from './result.js'

const WIDTH = 860
const COLUMNS = 2
const MARGIN = 24
const GAP = 28
const TOP = 84
const PANEL_WIDTH = (WIDTH - 2 * MARGIN - (COLUMNS - 1) * GAP) / COLUMNS
const HEADING = 28
const BAR = 15
const PITCH = 21
/** Beside the bars: the names on the left, the numbers on the right. */
const NAMES = 104
const NUMBERS = 92

interface Bar {
  peer: string
  rate: number
}

export function picture(result: Result): string {
  const title = 'Requests per second of server CPU time'
  const columns: { y: number; panels: string[] }[] = Array.from({ length: COLUMNS }, () => ({ y: TOP, panels: [] }))
  for (const workload of result.workloads.filter(({ lines }) => lines.length > 0)) {
    const column = columns.reduce((shortest, each) => (each.y < shortest.y ? each : shortest))
    const x = MARGIN + columns.indexOf(column) * (PANEL_WIDTH + GAP)
    column.panels.push(panel(workload, x, column.y))
    column.y += HEADING + workload.lines.length * PITCH + GAP
  }
  const height = Math.max(...columns.map(({ y }) => y)) + 14
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title description">
<title id="title">${title}</title>
<desc id="description">${result.workloads.map(description).join(' ')}</desc>
${stylesheet()}
<rect class="paper" width="${WIDTH}" height="${height}" rx="10"/>
<text class="title" x="${MARGIN}" y="36">${title}</text>
<text class="note" x="${MARGIN}" y="57">${howMeasured(result)}</text>
${columns.flatMap(({ panels }) => panels).join('\n')}
<text class="note" x="${MARGIN}" y="${height - 16}">${escaped(result.machine)}, ${result.date}</text>
</svg>
`
}

function howMeasured({ generator }: Result): string {
  return `Server on one core, ${generator} on another; measured in turn, medians of rounds. Longer is better; “limit” is the least an epoll server can do.`
}

function barsOf({ lines }: MeasuredWorkload): Bar[] {
  return lines
    .map((line) => ({ peer: line.peer, rate: medianOf(line, perCpuSecond) }))
    .toSorted((a, b) => b.rate - a.rate)
}

function panel(workload: MeasuredWorkload, x: number, y: number): string {
  const bars = barsOf(workload)
  const longest = bars[0]?.rate ?? 1
  const ours = bars.find(({ peer }) => peer === oursOf(workload))?.rate
  const drawn = bars.map((bar, row) => drawnBar(bar, x, y + HEADING + row * PITCH, longest, ours))
  return [`<text class="heading" x="${x}" y="${y + 14}">${escaped(capitalised(workload.title))}</text>`, ...drawn].join(
    '\n',
  )
}

function drawnBar({ peer, rate }: Bar, x: number, y: number, longest: number, ours: number | undefined): string {
  const left = x + NAMES
  const width = Math.max(1, (rate / longest) * (PANEL_WIDTH - NAMES - NUMBERS))
  const kind = peer === 'limit' ? 'limit' : peer.startsWith('brink') ? 'ours' : 'theirs'
  const times = ours === undefined || rate === ours ? '' : ` · ${(rate / ours).toFixed(2)}`
  return [
    `<text class="${kind === 'ours' ? 'name our' : 'name'} end" x="${left - 8}" y="${y}" dy="12">${peer}</text>`,
    `<rect class="${kind}" x="${left}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="2"/>`,
    `<text class="tick" x="${(left + width + 6).toFixed(1)}" y="${y}" dy="12">${amount(rate)}${times}</text>`,
  ].join('')
}

function amount(rate: number): string {
  return rate >= 999_500 ? `${(rate / 1_000_000).toFixed(2)} M` : thousands(rate)
}

function description(workload: MeasuredWorkload): string {
  return escaped(
    `${workload.title}: ${barsOf(workload)
      .map(({ peer, rate }) => `${peer} ${grouped(rate)}`)
      .join(', ')}.`,
  )
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

function stylesheet(): string {
  return `<style>
${PAPER_STYLE}
.heading { font-weight: 600 }
.name { font-size: 12px }
.our { font-weight: 700 }
.ours { fill: #b4481e }
.theirs { fill: #7d8fa3 }
.limit { fill: #c3ccd6 }
@media (prefers-color-scheme: dark) {
${PAPER_STYLE_BY_NIGHT}
.ours { fill: #f08a5d }
.theirs { fill: #66788c }
.limit { fill: #3a4654 }
}
</style>`
}
