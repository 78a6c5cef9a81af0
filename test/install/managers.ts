// The package managers, and how each installs an app and runs it.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { bun, deno } from '../runtimes/runtimes.js'

export type Command = readonly [program: string, ...args: string[]]

export interface Way {
  readonly name: string
  /** Files of the app that the package manager reads. */
  readonly files?: Readonly<Record<string, string>>
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

/**
 * Where npm is told to find packages: the others are told the same in their own words. Those that read npm's files
 * need it all the same, for each app has a home of its own.
 */
export function registrySettings(): Record<string, string> {
  const of = (name: string): string => execFileSync('npm', ['config', 'get', name], { encoding: 'utf8' }).trim()
  const registry = of('registry')
  const authorities = of('cafile')
  const hasAuthorities = authorities !== 'null' && authorities !== ''
  return {
    npm_config_registry: registry,
    NPM_CONFIG_REGISTRY: registry,
    YARN_NPM_REGISTRY_SERVER: registry,
    ...(registry.startsWith('http:') ? { YARN_UNSAFE_HTTP_WHITELIST: new URL(registry).hostname } : {}),
    ...(hasAuthorities
      ? {
          npm_config_cafile: authorities,
          YARN_HTTPS_CA_FILE_PATH: authorities,
          NODE_EXTRA_CA_CERTS: authorities,
          DENO_CERT: authorities,
        }
      : {}),
  }
}
