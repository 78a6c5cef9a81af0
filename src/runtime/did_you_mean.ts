// Which known name a misspelt one was meant to be.

/** `: did you mean "host"?` for a name that is nearly one of the known ones, or the empty string. */
export function didYouMean(given: string, known: readonly string[]): string {
  const meant = nearest(given, known)
  return meant === undefined ? '' : `: did you mean "${meant}"?`
}

/** The known name that a misspelt one is closest to; undefined when none is close. */
export function nearest(given: string, known: readonly string[]): string | undefined {
  const wanted = plain(given)
  let best: string | undefined
  let least = Number.POSITIVE_INFINITY
  for (const name of known) {
    const letters = plain(name)
    const most = Math.floor(Math.max(wanted.length, letters.length) / 3)
    // Spares the comparison of what is much too long: a name may come from a client.
    if (Math.abs(wanted.length - letters.length) > most) continue
    const distance = distanceBetween(wanted, letters)
    if (distance > most || distance >= least) continue
    best = name
    least = distance
  }
  return best
}

/** `max-headers`, `max_headers` and `MaxHeaders` are the same. */
function plain(name: string): string {
  return name.replace(/[-_]/g, '').toLowerCase()
}

/** Insertions, deletions, replacements and exchanges of neighbours that make one word of the other. */
function distanceBetween(one: string, other: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= other.length; column += 1) {
      const same = one[row - 1] === other[column - 1]
      let cost = Math.min(
        (last[column] as number) + 1,
        (current[column - 1] as number) + 1,
        (last[column - 1] as number) + (same ? 0 : 1),
      )
      if (row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]) {
        cost = Math.min(cost, (beforeLast[column - 2] as number) + 1)
      }
      current.push(cost)
    }
    beforeLast = last
    last = current
  }
  return last[other.length] as number
}
