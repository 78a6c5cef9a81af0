// Puts modules of this folder into the places of packages that tests import.
const STAND_INS: Readonly<Record<string, string>> = {
  brink: new URL('./brink.js', import.meta.url).href,
  uvu: new URL('./uvu.js', import.meta.url).href,
}
const HERE = new URL('.', import.meta.url).href
const TESTS = new URL('..', import.meta.url).href

export interface Place {
  readonly parentURL?: string
}

export function resolve(specifier: string, place: Place, next: (specifier: string, place: Place) => unknown): unknown {
  const { parentURL = '' } = place
  const isTest = parentURL.startsWith(TESTS) && !parentURL.startsWith(HERE)
  return next((isTest ? STAND_INS[specifier] : undefined) ?? specifier, place)
}
