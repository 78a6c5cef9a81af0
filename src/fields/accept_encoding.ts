const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+"
const WEIGHT = '[ \\t]*;[ \\t]*q=(0(?:\\.\\d{0,3})?|1(?:\\.0{0,3})?)'
const ELEMENT = new RegExp(`[ \\t]*(${TOKEN})(?:${WEIGHT})?[ \\t]*(?:,|$)`, 'iy')

// What is not listed may be sent as it is, but anything that is listed was asked for (RFC 9110 §12.5.3, step 2).
const UNLISTED_IDENTITY = 0.0001

/**
 * The content coding to answer with, out of those that can be had: the one to which `Accept-Encoding` gives the highest
 * weight, and among equals the first (RFC 9110 §12.5.3). Elements that are not of the grammar count for nothing.
 *
 * @param field the value of `Accept-Encoding`; null when there is none, which asks for nothing but `identity`
 * @param available codings in lower case, the preferred ones first. `identity` must be named to be chosen
 * @returns undefined when the client takes none of them
 */
export function chooseEncoding(field: string | null, available: readonly string[]): string | undefined {
  const weights = weightsOf(field ?? '')
  let chosen: string | undefined
  let highest = 0
  for (const coding of available) {
    const weight = weights.get(coding) ?? unlisted(coding, weights.get('*'))
    if (weight <= highest) continue
    chosen = coding
    highest = weight
  }
  return chosen
}

function unlisted(coding: string, anything: number | undefined): number {
  if (coding !== 'identity') return anything ?? 0
  return anything === 0 ? 0 : UNLISTED_IDENTITY
}

function weightsOf(field: string): Map<string, number> {
  const weights = new Map<string, number>()
  for (let at = 0; at < field.length; ) {
    ELEMENT.lastIndex = at
    const element = ELEMENT.exec(field)
    if (element === null) {
      const comma = field.indexOf(',', at)
      at = comma === -1 ? field.length : comma + 1
    } else {
      weights.set(canonicalEncoding(element[1] as string), Number(element[2] ?? 1))
      at = ELEMENT.lastIndex
    }
  }
  return weights
}

/** RFC 9110 §8.4.1: names do not care about case, and two of them have an older spelling. */
export function canonicalEncoding(coding: string): string {
  const name = coding.toLowerCase()
  return name === 'x-gzip' || name === 'x-compress' ? name.slice(2) : name
}
