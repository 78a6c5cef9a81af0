// Finds and loads the addon. No other file does: the one that BRINK_ADDON names, one that was compiled here, or one of the package.
import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { coded, messageOf } from '../runtime/errors.js'
import { installedFolder } from '../runtime/installed_folder.js'
import { requireFrom } from '../runtime/package_place.js'

const COMPILE = 'npm install node-addon-api && node node_modules/brink/native/build.mjs'

/**
 * What the addon exports. Throws `ERR_ADDON_MISSING` where no binary fits, or the one that was found cannot be loaded;
 * the cause is the reason.
 */
export function loadAddon(): unknown {
  const named = process.env.BRINK_ADDON
  if (named) return loadNamed(named)
  const folder = installedFolder()
  const native = join(folder, 'native')
  const load = requireFrom(join(folder, 'package.json'))
  try {
    return load('node-gyp-build')(native)
  } catch (cause) {
    return loadForMusl(load, native) ?? fail(native, cause)
  }
}

function loadNamed(path: string): unknown {
  const file = resolve(path)
  try {
    return requireFrom(file)(file)
  } catch (cause) {
    const reason = firstLine(cause)
    throw missing(`BRINK_ADDON is ${path}, but that cannot be loaded on ${system()}: ${reason}.`, cause)
  }
}

/** node-gyp-build knows musl by Alpine's files, which other distributions with musl do not have. */
function loadForMusl(load: NodeJS.Require, native: string): unknown {
  const file = join(native, 'prebuilds', `${process.platform}-${process.arch}`, 'brink.musl.node')
  if (process.platform !== 'linux' || !existsSync(file)) return undefined
  try {
    return load(file)
  } catch {
    return undefined
  }
}

function fail(native: string, cause: unknown): never {
  // node-gyp-build has no code for this.
  const reason = messageOf(cause).startsWith('No native build was found')
    ? `has no binary for ${system()}; it has: ${carried(native) || 'none'}`
    : `cannot be loaded on ${system()} (${firstLine(cause)})`
  throw missing(
    `brink's native addon ${reason}. Compile it: \`${COMPILE}\` (needs a C++17 compiler, make and Python 3). ` +
      'To keep what was compiled, or to use another, set BRINK_ADDON to the path of the file brink.node.',
    cause,
  )
}

/** The binaries of the package, as `linux-x64 glibc`. */
function carried(native: string): string {
  try {
    const prebuilds = join(native, 'prebuilds')
    return readdirSync(prebuilds)
      .flatMap((folder) =>
        readdirSync(join(prebuilds, folder)).map((file) =>
          `${folder} ${file.replace(/^brink\.|\.?node$/g, '')}`.trim(),
        ),
      )
      .join(', ')
  } catch {
    return ''
  }
}

function system(): string {
  const { bun, deno, electron, node } = process.versions as NodeJS.ProcessVersions & Record<string, string | undefined>
  const runtime =
    (bun && `Bun ${bun}`) || (deno && `Deno ${deno}`) || (electron && `Electron ${electron}`) || `Node.js ${node}`
  return `${process.platform} ${process.arch}${process.platform === 'linux' ? ` with ${libc()}` : ''}, ${runtime}`
}

function libc(): string {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined
  const glibc = report?.header?.glibcVersionRuntime
  return glibc ? `glibc ${glibc}` : 'musl'
}

function firstLine(cause: unknown): string {
  return String(messageOf(cause).split('\n')[0]).replace(/\.$/, '')
}

function missing(message: string, cause: unknown): Error {
  return coded(new Error(message, { cause }), 'ERR_ADDON_MISSING')
}
