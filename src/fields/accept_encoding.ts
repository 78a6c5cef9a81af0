const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+"
const WEIGHT = '[ \\t]*;[ \\t]*q=(0(?:\\.\\d{0,3})?|1(?:\\.0{0,3})?)'
const ELEMENT = new RegExp(`[ \\t]*(${TOKEN})(?:${WEIGHT})?[ \\t]*(?:,|$)`, 'iy')

// identity is acceptable without being listed, but ranks below every listed coding (RFC 9110 §12.5.3).
const UNLISTED_IDENTITY = 0.0001

/**
 * Chooses the content coding of a response: the available one with the highest weight in `Accept-Encoding`, the first
 * one among equals (RFC 9110 §12.5.3). Elements that do not follow the grammar are ignored.
 *
 * @param field the value of `Accept-Encoding`; null when it is absent, which selects `identity`
 * @param available codings in lower case, preferred ones first. `identity` is chosen only if it is listed
 * @returns undefined when the client accepts none of them
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

/** Coding names are case-insensitive, and two have an older alias (RFC 9110 §8.4.1). */
export function canonicalEncoding(coding: string): string {
  const name = coding.toLowerCase()
  return name === 'x-gzip' || name === 'x-compress' ? name.slice(2) : name
}
