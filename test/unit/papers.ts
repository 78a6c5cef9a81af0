// The README, the pages in docs/ and the other papers at the top level, as tests read them.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

export interface CodeBlock {
  /** Such as `js`. */
  readonly language: string
  readonly code: string
  /** The line of its first line in the paper, counted from 1. */
  readonly line: number
}

/** The text of a paper, by its path from the top level. */
export function paper(path: string): string {
  return readFileSync(ROOT + path, 'utf8')
}

/** The paths of all Markdown files below a folder, from the top level. */
export function papersIn(folder: string): string[] {
  return readdirSync(ROOT + folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`)
    .sort()
}

/** The README and the pages in docs/. */
export const guide = ['README.md', ...papersIn('docs')]

export function codeBlocks(text: string): CodeBlock[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map((match) => ({
    language: String(match[1]),
    code: String(match[2]),
    line: text.slice(0, match.index).split('\n').length + 1,
  }))
}

export function withoutCode(text: string): string {
  return text.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, '')
}

/** The anchors of a paper's headings, as GitHub makes them. */
export function anchors(text: string): Set<string> {
  const headings = text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (.*)$/gm)
  return new Set([...headings].map(([, heading]) => anchorOf(String(heading))))
}

function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}
