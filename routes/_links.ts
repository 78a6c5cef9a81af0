import { integerWithin } from './_query.js'

/** How many pages link to each other. */
export function linkCount(text: string): number {
  return integerWithin(text, 'link count', 0, 256)
}
