// Latency over time: a column for each sample, a cell for each bucket, darker the more answers were in it.
import type uPlot from 'uplot'
import type { History } from './history.js'
import { type Sample, secondsOf } from './sample.js'

const LEAST_ALPHA = 0.12

/** Paints below the lines of a chart whose scale `y` is in milliseconds. */
export function paintHeat(plot: uPlot, history: History, color: (name: string) => string): void {
  const { ctx, bbox } = plot
  const { left, top, width, height } = bbox
  const most = Math.max(1, ...history.samples.map(({ latency }) => Math.max(0, ...latency.counts)))
  ctx.save()
  ctx.beginPath()
  ctx.rect(left, top, width, height)
  ctx.clip()
  ctx.fillStyle = color('--edge')
  for (const sample of history.samples) paintColumn(plot, sample, most)
  ctx.restore()
}

function paintColumn(plot: uPlot, { at, seconds, latency }: Sample, most: number): void {
  const { ctx } = plot
  const end = secondsOf(at)
  const x = plot.valToPos(end - seconds, 'x', true)
  const width = Math.max(1, plot.valToPos(end, 'x', true) - x)
  const { bounds, counts } = latency
  for (const [place, count] of counts.entries()) {
    if (count === 0) continue
    const [low, high] = bucket(bounds, place)
    const y = plot.valToPos(high, 'y', true)
    ctx.globalAlpha = LEAST_ALPHA + (1 - LEAST_ALPHA) * (Math.log1p(count) / Math.log1p(most))
    ctx.fillRect(x, y, width, Math.max(1, plot.valToPos(low, 'y', true) - y))
  }
}

/** From power to power of ten, around all that came. */
export function latencyRange({ samples }: History): [number, number] {
  let least = Number.POSITIVE_INFINITY
  let most = 0
  for (const { latency, percentiles } of samples) {
    for (const [place, count] of latency.counts.entries()) {
      if (count === 0) continue
      const [low, high] = bucket(latency.bounds, place)
      least = Math.min(least, low)
      most = Math.max(most, high)
    }
    most = Math.max(most, percentiles['p99.9'] ?? 0)
  }
  if (most === 0) return [0.01, 10]
  const low = 10 ** Math.floor(Math.log10(least))
  return [low, Math.max(low * 10, 10 ** Math.ceil(Math.log10(most)))]
}

/** A scale that is logarithmic has no 0, and the last bucket no end. */
function bucket(bounds: readonly number[], place: number): [low: number, high: number] {
  const end = bounds[place] ?? (bounds.at(-1) as number) * 2
  return [bounds[place - 1] ?? end / 2, end]
}
