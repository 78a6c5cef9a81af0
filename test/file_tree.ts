// Folders with files for a test, gone when its process ends.
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** When files of a tree were changed last, where a test does not say. */
export const LONG_AGO = 'Sun, 06 Nov 1994 08:49:37 GMT'

const roots: string[] = []

function removeAll(): void {
  for (const root of roots) rmSync(root, { recursive: true, force: true })
}

/** A new folder with these files. A file of `undefined` is a folder. */
export function fileTree(files: Record<string, string | Uint8Array | undefined>): string {
  const root = mkdtempSync(join(tmpdir(), 'brink-files-'))
  if (roots.push(root) === 1) process.once('exit', removeAll)
  for (const [path, content] of Object.entries(files)) {
    if (content === undefined) mkdirSync(join(root, path), { recursive: true })
    else put(root, path, content)
  }
  return root
}

/** Writes a file, as if it had been changed at a time. */
export function put(root: string, path: string, content: string | Uint8Array, date = LONG_AGO): void {
  const file = join(root, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
  utimesSync(file, new Date(date), new Date(date))
}
