// A chart over time, with what stands for it where it cannot be seen: a legend with the newest values, and a table.
import uPlot from 'uplot'
import { byId, type Column, fillTable, make, write } from './elements.js'
import type { History } from './history.js'
import { clock } from './words.js'

const HEIGHT = 200
/** So much time is shown at least, and at most, in seconds. */
const SHORTEST = 60
const LONGEST = 300
const ROWS = 30
/** Seconds between two samples of one watch, at most. */
const LONGEST_STEP = 3

export interface Line {
  readonly label: string
  /** The custom property of CSS that has its color. */
  readonly color: string
  /** Tells lines apart without their colors. */
  readonly dash?: readonly number[]
  readonly values: (history: History) => number[]
}

export interface ChartOptions {
  readonly title: string
  readonly lines: readonly Line[]
  readonly text: (value: number) => string
  /** Whether the areas below the lines are put upon each other. */
  readonly isStacked?: boolean
  /** The range of a logarithmic scale, for the newest data. */
  readonly logRange?: (history: History) => [number, number]
  /** Draws below the lines. */
  readonly paint?: (plot: uPlot, history: History, color: (name: string) => string) => void
}

export class Chart {
  readonly #options: ChartOptions
  readonly #history: History
  readonly #place = make('div', { className: 'plot' })
  readonly #values: HTMLElement[] = []
  readonly #details = make('details')
  readonly #table = make('table')
  #plot: uPlot | undefined
  #shown: uPlot.AlignedData = [[]]

  constructor(options: ChartOptions, history: History) {
    this.#options = options
    this.#history = history
    this.#place.setAttribute('role', 'img')
    const summary = make('summary', { textContent: `${options.title}: table` })
    const scroll = make('div', { className: 'scroll' }, this.#table)
    // What scrolls has to be reached by a keyboard.
    scroll.tabIndex = 0
    scroll.setAttribute('role', 'region')
    scroll.setAttribute('aria-label', `${options.title}, the newest first`)
    this.#details.append(summary, scroll)
    this.#details.addEventListener('toggle', () => this.#fillTable())
    const caption = make('figcaption', { textContent: options.title })
    byId('charts').append(make('figure', {}, caption, this.#legend(), this.#place, this.#details))
    new ResizeObserver(() => this.#resize()).observe(this.#place)
  }

  /** Shows what the history has now. */
  draw(): void {
    const { lines, title, text } = this.#options
    const columns = lines.map(({ values }) => values(this.#history))
    this.#shown = withGaps(this.#history.times(), this.#options.isStacked ? stacked(columns) : columns)
    this.#plot ??= this.#made()
    this.#plot.setData(this.#shown)
    const newest = columns.map((column) => text(column.at(-1) ?? 0))
    for (const [place, value] of newest.entries()) write(this.#values[place] as HTMLElement, value)
    const said = lines.map(({ label }, place) => `${label} ${newest[place]}`)
    this.#place.setAttribute('aria-label', `${title}: now ${said.join(', ')}`)
    this.#fillTable()
  }

  /** Takes the colors of the page again. */
  recolor(): void {
    this.#plot?.destroy()
    this.#plot = undefined
    if (this.#history.last !== undefined) this.draw()
  }

  #legend(): HTMLUListElement {
    const items = this.#options.lines.map(({ label, color, dash = [] }) => {
      const value = make('b')
      this.#values.push(value)
      return make('li', {}, swatch(color, dash), document.createTextNode(`${label} `), value)
    })
    return make('ul', { className: 'legend' }, ...items)
  }

  #made(): uPlot {
    const { lines, text, isStacked, logRange, paint } = this.#options
    const styles = getComputedStyle(document.documentElement)
    const color = (name: string) => styles.getPropertyValue(name).trim()
    const order = isStacked ? [...lines].reverse() : lines
    const axis = { stroke: color('--faint'), grid: { stroke: color('--line'), width: 1 }, ticks: { show: false } }
    const history = this.#history
    return new uPlot(
      {
        width: Math.max(100, this.#place.clientWidth),
        height: HEIGHT,
        legend: { show: false },
        cursor: { sync: { key: 'time' }, drag: { setScale: false } },
        scales: {
          x: { time: true, range: (_plot, least, most) => shownTime(least, most) },
          y: logRange === undefined ? { range: fromZero } : { distr: 3, range: () => logRange(history) },
        },
        axes: [
          { ...axis, size: 28, values: (_plot, splits) => splits.map(clock) },
          {
            ...axis,
            size: 70,
            values: (_plot, splits) => splits.map((value) => (value === null ? '' : text(value))),
            ...(logRange === undefined ? {} : { splits: (_plot, _axis, least, most) => powersOfTen(least, most) }),
          },
        ],
        series: [
          {},
          ...order.map(({ label, color: name, dash = [] }) => ({
            label,
            stroke: color(name),
            width: 1.5,
            dash: [...dash],
            points: { show: false },
            ...(isStacked ? { fill: `color-mix(in srgb, ${color(name)} 35%, transparent)` } : {}),
          })),
        ],
        bands: isStacked ? lines.slice(1).map((_, place) => ({ series: [place + 1, place + 2] })) : [],
        hooks: { drawClear: paint === undefined ? [] : [(plot) => paint(plot, history, color)] },
      },
      this.#shown,
      this.#place,
    )
  }

  #resize(): void {
    const { clientWidth } = this.#place
    if (clientWidth > 0) this.#plot?.setSize({ width: clientWidth, height: HEIGHT })
  }

  #fillTable(): void {
    if (!this.#details.open) return
    const { lines, text } = this.#options
    const columns: Column[] = [{ title: 'Time' }, ...lines.map(({ label }) => ({ title: label, isNumber: true }))]
    const times = this.#history.times()
    const values = lines.map((line) => line.values(this.#history))
    const first = Math.max(0, times.length - ROWS)
    const rows = times
      .slice(first)
      .map((time, place) => [clock(time), ...values.map((column) => text(column[first + place] ?? 0))])
    fillTable(this.#table, columns, rows.reverse(), 'Nothing has come yet.')
  }
}

/** The sums from the bottom up, the whole first: what is drawn later lies over it. */
function stacked(columns: readonly number[][]): number[][] {
  const sums: number[][] = []
  for (const column of columns) {
    const below = sums.at(-1)
    sums.push(column.map((value, place) => value + (below?.[place] ?? 0)))
  }
  return sums.reverse()
}

/** No line goes over a time in which nobody watched, nor where there is no value. */
function withGaps(times: readonly number[], columns: readonly number[][]): uPlot.AlignedData {
  const shownTimes: number[] = []
  const shown: (number | null)[][] = columns.map(() => [])
  for (const [place, time] of times.entries()) {
    const before = times[place - 1]
    if (before !== undefined && time - before > LONGEST_STEP) {
      shownTimes.push(before + 1)
      for (const column of shown) column.push(null)
    }
    shownTimes.push(time)
    for (const [which, column] of columns.entries()) {
      const value = column[place] as number
      shown[which]?.push(Number.isNaN(value) ? null : value)
    }
  }
  return [shownTimes, ...shown]
}

function powersOfTen(least: number, most: number): number[] {
  const [first, last] = [Math.round(Math.log10(least)), Math.round(Math.log10(most))]
  return Array.from({ length: last - first + 1 }, (_, place) => 10 ** (first + place))
}

function shownTime(least: number | null, most: number | null): [number, number] {
  const end = most ?? Date.now() / 1000
  return [Math.max(end - LONGEST, Math.min(least ?? end, end - SHORTEST)), end]
}

function fromZero(_plot: uPlot, _least: number | null, most: number | null): [number, number] {
  return [0, most === null || most <= 0 ? 1 : most * 1.1]
}

function swatch(color: string, dash: readonly number[]): SVGSVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  svg.setAttribute('viewBox', '0 0 24 8')
  svg.setAttribute('aria-hidden', 'true')
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'line')
  const attributes = { x1: '0', x2: '24', y1: '4', y2: '4', stroke: `var(${color})`, 'stroke-width': '3' }
  for (const [name, value] of Object.entries(attributes)) line.setAttribute(name, value)
  if (dash.length > 0) line.setAttribute('stroke-dasharray', dash.map((length) => length / 2).join(' '))
  svg.append(line)
  return svg
}
