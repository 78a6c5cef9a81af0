// Whether two transcripts tell the same, and where they part.

import type { Transcript } from './trial.js'

/** Where they differ first, in words; undefined when they do not. */
export function difference(expected: Transcript, got: Transcript, interleaved: boolean): string | undefined {
  for (const [index, lines] of expected.clients.entries()) {
    const parting = firstDifference(lines, got.clients[index] ?? [])
    if (parting !== undefined) return `client ${index + 1}:\n${parting}`
  }
  const [theirs, ours] = [expected.server, got.server].map((lines) => (interleaved ? sorted(lines) : lines))
  const parting = firstDifference(theirs as string[], ours as string[])
  return parting === undefined ? undefined : `server:\n${parting}`
}

/** The lines of each object by themselves, in their order; less 'drain', which depends on what the system's buffers took. */
function sorted(lines: readonly string[]): string[] {
  const nameOf = (line: string) => /^[a-z]+\d+/.exec(line)?.[0] ?? ''
  return lines
    .filter((line) => !/^res\d+ drain/.test(line))
    .sort((one, other) => (nameOf(one) < nameOf(other) ? -1 : nameOf(one) > nameOf(other) ? 1 : 0))
}

const CONTEXT = 2
const SHOWN = 4

function firstDifference(expected: readonly string[], got: readonly string[]): string | undefined {
  const length = Math.max(expected.length, got.length)
  for (let at = 0; at < length; at++) {
    if (expected[at] === got[at]) continue
    const before = expected.slice(Math.max(0, at - CONTEXT), at).map((line) => `    ${cut(line)}`)
    const theirs = expected.slice(at, at + SHOWN).map((line) => `  - ${cut(line)}`)
    const ours = got.slice(at, at + SHOWN).map((line) => `  + ${cut(line)}`)
    return [
      ...before,
      ...(theirs.length ? theirs : ['  - (nothing)']),
      ...(ours.length ? ours : ['  + (nothing)']),
    ].join('\n')
  }
  return undefined
}

function cut(line: string): string {
  const text = line.length > 600 ? `${line.slice(0, 400)} … ${line.length} characters` : line
  return text.replaceAll('\r', '\\r').replaceAll('\n', '\\n')
}
