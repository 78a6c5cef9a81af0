// The package managers, and how each installs an app and runs it.
import { fileURLToPath } from 'node:url'
import { bun, deno } from '../runtimes/runtimes.js'

export type Command = readonly [program: string, ...args: string[]]

export interface Way {
  readonly name: string
  /** Files of the app that the package manager reads. */
  readonly files?: Readonly<Record<string, string>>
  /** Whether the app depends on the tarball, and not on a version in a registry. */
  readonly isLocal?: boolean
  readonly install: readonly Command[]
  readonly run: Command
}

const packaged = (path: string): string =>
  fileURLToPath(new URL(`../../../test/install/packages/node_modules/${path}`, import.meta.url))

const { execPath: node } = process
const npm: Command = [node, packaged('npm/bin/npm-cli.js')]
const pnpm: Command = [node, packaged('pnpm/bin/pnpm.cjs')]
const yarn: Command = [node, packaged('@yarnpkg/cli-dist/bin/yarn.js')]
const runs: Command = [node, 'app.js']

const yarnFiles = (linker: string) => ({ '.yarnrc.yml': `nodeLinker: ${linker}\n`, 'yarn.lock': '' })

export const ways: readonly Way[] = [
  { name: 'npm install', install: [[...npm, 'install']], run: runs },
  { name: 'npm install, a tarball', isLocal: true, install: [[...npm, 'install']], run: runs },
  {
    name: 'npm ci, twice',
    install: [
      [...npm, 'install', '--package-lock-only'],
      [...npm, 'ci'],
      [...npm, 'ci'],
    ],
    run: runs,
  },
  { name: 'npm install --ignore-scripts', install: [[...npm, 'install', '--ignore-scripts']], run: runs },
  { name: 'npx brink', install: [[...npm, 'install']], run: [...npm, 'exec', '--', 'brink', 'backends'] },
  { name: 'pnpm install', install: [[...pnpm, 'install']], run: runs },
  { name: 'pnpm, hoisted', files: { '.npmrc': 'node-linker=hoisted\n' }, install: [[...pnpm, 'install']], run: runs },
  { name: 'Yarn with PnP', files: yarnFiles('pnp'), install: [[...yarn, 'install']], run: [...yarn, 'node', 'app.js'] },
  { name: 'Yarn with node_modules', files: yarnFiles('node-modules'), install: [[...yarn, 'install']], run: runs },
  { name: 'Bun', install: [[bun.file, 'install']], run: [bun.file, 'app.js'] },
  {
    name: 'Deno',
    install: [[deno.file, 'install']],
    // As docs/deno.md has it; the app asks itself.
    run: [deno.file, 'run', '--no-prompt', '--allow-ffi', '--allow-read', '--allow-env', '--allow-net', 'app.js'],
  },
]

/** npm with whatever the user has on the PATH: for a package that is made of a repository. */
export const fromGit: Way = { name: 'npm, from git', install: [[...npm, 'install']], run: runs }
