// Items as HttpArena has them: its benchmarks ask for the shape, and read nothing but the numbers.

export interface Item {
  readonly id: number
  readonly name: string
  readonly category: string
  readonly price: number
  readonly quantity: number
  readonly active: boolean
  readonly tags: readonly string[]
  readonly rating: { readonly score: number; readonly count: number }
}

const KINDS = ['Widget', 'Gadget', 'Lamp', 'Cable', 'Sensor', 'Bracket', 'Valve', 'Panel', 'Spring', 'Filter']
const QUALITIES = ['Alpha', 'Bright', 'Compact', 'Dry', 'Even']
const CATEGORIES = ['electronics', 'tools', 'home', 'outdoor', 'office']
const TAGS = ['fast', 'new', 'popular', 'limited', 'sale', 'eco']

export const DATASET: readonly Item[] = Array.from({ length: 50 }, (_, index) => ({
  id: index + 1,
  name: `${QUALITIES[index % 5]} ${KINDS[index % 10]}`,
  category: CATEGORIES[(index * 3) % 5] as string,
  price: 5 + ((index * 37) % 491),
  quantity: 1 + ((index * 13) % 97),
  active: index % 3 !== 0,
  tags: TAGS.filter((_tag, place) => (index + place) % 3 === 0),
  rating: { score: 10 + ((index * 7) % 41), count: 3 + ((index * 29) % 499) },
}))
