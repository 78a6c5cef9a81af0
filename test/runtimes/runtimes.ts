// The runtimes that are installed beside the tests, and how each runs a program.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const PACKAGES = new URL('../../../test/runtimes/packages/node_modules/', import.meta.url)

export interface Runtime {
  readonly name: string
  readonly file: string
  /** What stands before the program. */
  readonly args: readonly string[]
  /** Whether the whole suite is run on it. */
  readonly isNode: boolean
}

const file = (path: string): string => fileURLToPath(new URL(path, PACKAGES))
const node = (version: number): Runtime => ({
  name: `Node ${version}`,
  file: file(`node${version}/bin/node`),
  args: [],
  isNode: true,
})

/** The flags that docs/deno.md names, and what the programs need besides: they ask themselves, and write files. */
const DENO = ['--allow-ffi', '--allow-read', '--allow-env', '--allow-net', '--allow-write', '--allow-sys']

export const bun: Runtime = { name: 'Bun', file: file('bun/bin/bun'), args: [], isNode: false }
export const deno: Runtime = {
  name: 'Deno',
  file: file('deno/deno'),
  args: ['run', '--no-prompt', ...DENO],
  isNode: false,
}
export const runtimes: readonly Runtime[] = [node(22), node(24), node(26), bun, deno]

/** npm leaves out what is not for this machine. */
export function isInstalled(runtime: Runtime): boolean {
  return existsSync(runtime.file)
}
