// Adds up counters.

/** Numbers are added, and those of objects by their names. Undefined for nothing. */
export function sumOf<Counters extends object>(all: readonly Counters[]): Counters | undefined {
  return all.reduce<Counters | undefined>((total, counters) => (total ? added(total, counters) : counters), undefined)
}

function added<Counters extends object>(left: Counters, right: Counters): Counters {
  const sum = { ...left } as Record<string, unknown>
  for (const [name, value] of Object.entries(right)) {
    const own = sum[name]
    if (typeof own === 'number' && typeof value === 'number') sum[name] = own + value
    else if (isObject(own) && isObject(value)) sum[name] = added(own, value)
    else sum[name] = own ?? value
  }
  return sum as Counters
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
