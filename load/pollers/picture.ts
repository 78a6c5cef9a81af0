// load/reports/pollers.svg, without a library: a picture that a README can show by day and by night. Each line carries
// its name at its end, in its colour, so that no legend has to be matched by colour alone.

import { PAPER_STYLE, PAPER_STYLE_BY_NIGHT } from '../paper.js'
import { perCpuSecond } from '../sample.js'
import { grouped, thousands } from '../table.js'
import { type MeasuredLine, medians, type Result } from './result.js'

const WIDTH = 820
const HEIGHT = 460
const PLOT = { left: 64, right: 640, top: 92, bottom: 366 }
const LABEL_HEIGHT = 19

/** By day and by night: text in them has a contrast of 4.5 to 1 with its paper, or more. */
const COLOURS: readonly (readonly [day: string, night: string])[] = [
  ['#7b3fa0', '#c99bea'],
  ['#0063b1', '#6cb8ff'],
  ['#00735a', '#3fd0a9'],
  ['#b54708', '#ff9a4d'],
  ['#a3154a', '#ff84ab'],
]

interface Point {
  x: number
  y: number
}

interface Curve {
  line: MeasuredLine
  points: Point[]
  last: Point
  /** Requests per CPU second at the end of the line. */
  rate: number
  colour: string
}

export function picture(result: Result): string {
  const highest = Math.max(...result.lines.flatMap((line) => medians(line, perCpuSecond)))
  const step = gridStep(highest)
  const top = Math.ceil(highest / step) * step
  const toY = (rate: number) => PLOT.bottom - (rate / top) * (PLOT.bottom - PLOT.top)
  const curves = result.lines.map((line, index) => curveOf(line, index, result.idle.length, toY))
  const title = `Requests per second of server CPU time, ${result.connections} connections active`
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-labelledby="title description">
<title id="title">${title}</title>
<desc id="description">${description(result, curves)}</desc>
${stylesheet()}
<rect class="paper" width="${WIDTH}" height="${HEIGHT}" rx="10"/>
<text class="title" x="24" y="36">${title}</text>
<text class="note" x="24" y="57">${howMeasured(result)}</text>
${grid(step, top, toY)}
${categories(result.idle)}
<text class="note middle" x="${(PLOT.left + PLOT.right) / 2}" y="${PLOT.bottom + 46}">idle connections beside them</text>
<text class="note" x="24" y="${HEIGHT - 16}">${result.machine}, ${result.date}</text>
${curves.map(drawn).join('\n')}
${labels(curves).join('\n')}
</svg>
`
}

/** A round number that makes four to eight lines. */
function gridStep(highest: number): number {
  const magnitude = 10 ** Math.floor(Math.log10(highest))
  return [magnitude / 5, magnitude / 2, magnitude, magnitude * 2].find((step) => highest / step <= 8) ?? magnitude
}

function xOf(column: number, columns: number): number {
  const margin = 30
  const span = PLOT.right - PLOT.left - 2 * margin
  return PLOT.left + margin + (columns === 1 ? span / 2 : (column * span) / (columns - 1))
}

function curveOf(line: MeasuredLine, index: number, columns: number, toY: (rate: number) => number): Curve {
  const rates = medians(line, perCpuSecond)
  const points = rates.map((rate, column) => ({ x: xOf(column, columns), y: toY(rate) }))
  const [last, rate] = [points.at(-1), rates.at(-1)]
  if (last === undefined || rate === undefined) throw new Error(`There are no numbers for ${line.name}`)
  return { line, points, last, rate, colour: `line${index % COLOURS.length}` }
}

function howMeasured({ generator, rounds, seconds }: Result): string {
  return `GET /plaintext; server on one core, ${generator} on another; medians of ${rounds} rounds of ${seconds} s. Higher is better.`
}

function description({ idle }: Result, curves: Curve[]): string {
  const ends = curves.map(({ line, points, rate }) => {
    const first = medians(line, perCpuSecond)[0] ?? 0
    return `${line.name}: ${grouped(first)} with none idle, ${grouped(rate)} with ${grouped(idle[points.length - 1] ?? 0)}`
  })
  return `${ends.join('; ')}.`
}

function stylesheet(): string {
  const colours = (night: 0 | 1) => COLOURS.map((pair, index) => `.line${index} { color: ${pair[night]} }`).join(' ')
  return `<style>
${PAPER_STYLE}
.label { font-weight: 600; fill: currentColor; paint-order: stroke; stroke: #fff; stroke-width: 5 }
.curve { fill: none; stroke: currentColor; stroke-width: 2.5; stroke-linejoin: round }
.dot { fill: currentColor }
.grid { stroke: #d9dee3 }
${colours(0)}
@media (prefers-color-scheme: dark) {
${PAPER_STYLE_BY_NIGHT}
.label { stroke: #0d1117 }
.grid { stroke: #2b323a }
${colours(1)}
}
</style>`
}

function grid(step: number, top: number, toY: (rate: number) => number): string {
  const lines: string[] = []
  for (let rate = 0; rate <= top; rate += step) {
    const y = toY(rate).toFixed(1)
    const text = rate === 0 ? '0' : `${grouped(rate / 1000)} k`
    lines.push(`<path class="grid" d="M${PLOT.left} ${y}H${PLOT.right}"/>`)
    lines.push(`<text class="tick end" x="${PLOT.left - 10}" y="${y}" dy="4">${text}</text>`)
  }
  return lines.join('\n')
}

function categories(idle: number[]): string {
  return idle
    .map((count, column) => {
      const x = xOf(column, idle.length).toFixed(1)
      return `<text class="tick middle" x="${x}" y="${PLOT.bottom + 22}">${grouped(count)}</text>`
    })
    .join('\n')
}

function drawn({ points, colour }: Curve): string {
  const path = points.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join('')
  return `<path class="curve ${colour}" d="${path}"/>${points.map((point) => dot(point, colour)).join('')}`
}

function dot({ x, y }: Point, colour: string): string {
  return `<circle class="dot ${colour}" cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="4"/>`
}

/** Beside the ends of the lines, pushed apart where the ends are close. */
function labels(curves: Curve[]): string[] {
  return [...new Set(curves.map(({ last }) => last.x))].flatMap((x) => {
    const ends = curves.filter(({ last }) => last.x === x).toSorted((a, b) => a.last.y - b.last.y)
    const heights = pushedApart(ends.map(({ last }) => last.y))
    return ends.map(({ line, rate, colour }, index) => {
      const full = line.limit === undefined ? '' : `, full with ${grouped(line.limit)}`
      const [left, height] = [(x + 14).toFixed(1), heights[index]?.toFixed(1)]
      return `<text class="label ${colour}" x="${left}" y="${height}" dy="4">${line.name} · ${thousands(rate)}${full}</text>`
    })
  })
}

/** Sorted heights with room for a label each: neighbours too close become a group around its own middle. */
function pushedApart(heights: number[]): number[] {
  const groups: { middle: number; size: number }[] = []
  for (const height of heights) {
    let group = { middle: height, size: 1 }
    for (let above = groups.at(-1); above !== undefined && tooClose(above, group); above = groups.at(-1)) {
      groups.pop()
      const size = above.size + group.size
      group = { middle: (above.middle * above.size + group.middle * group.size) / size, size }
    }
    groups.push(group)
  }
  return groups.flatMap(({ middle, size }) =>
    Array.from({ length: size }, (_, index) => middle + (index - (size - 1) / 2) * LABEL_HEIGHT),
  )
}

function tooClose(above: { middle: number; size: number }, below: { middle: number; size: number }): boolean {
  return below.middle - above.middle < ((above.size + below.size) / 2) * LABEL_HEIGHT
}
