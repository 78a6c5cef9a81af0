import { setTimeout as sleep } from 'node:timers/promises'
import type { BrinkRequest } from 'brink'
import { wholeNumber } from '../_whole_number.js'

const LONGEST_MS = 10_000

/** An answer that takes its time. */
export async function GET({ params }: BrinkRequest<{ ms: string }>) {
  const ms = wholeNumber(params.ms, 'The delay in milliseconds', 0, LONGEST_MS)
  await sleep(ms)
  return `Answered after ${ms} ms.\n`
}
