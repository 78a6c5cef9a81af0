// Module hooks (node:module) that load TypeScript on a Node without type stripping. Node runs this file on a thread
// of its own.
import { readFile } from 'node:fs/promises'
import type { InitializeHook, LoadHook, ResolveHook } from 'node:module'
import { fileURLToPath } from 'node:url'

/** The parts of esbuild that are used. It is an optional peer and may be missing at compile time. */
interface Esbuild {
  transform(source: string, options: Record<string, unknown>): Promise<{ code: string }>
}

let esbuild: Esbuild

export const initialize: InitializeHook<{ esbuild: string }> = async (data) => {
  esbuild = (await import(data.esbuild)) as Esbuild
}

/** TypeScript imports `./x.js` where it means `./x.ts`; try that when there is no `./x.js`. */
export const resolve: ResolveHook = async (specifier, context, nextResolve) => {
  try {
    return await nextResolve(specifier, context)
  } catch (error) {
    const missing = (error as { code?: unknown }).code === 'ERR_MODULE_NOT_FOUND'
    const meansTypeScript = /^\.{0,2}\/.*\.m?js$/.test(specifier) && /\.m?ts$/.test(context.parentURL ?? '')
    if (!missing || !meansTypeScript) throw error
    return await nextResolve(specifier.replace(/js$/, 'ts'), context)
  }
}

export const load: LoadHook = async (url, context, nextLoad) => {
  if (!/^file:.*\.m?ts$/.test(url)) return nextLoad(url, context)
  const file = fileURLToPath(url)
  const { code } = await esbuild.transform(await readFile(file, 'utf8'), {
    loader: 'ts',
    format: 'esm',
    target: `node${process.versions.node}`,
    sourcefile: file,
    sourcemap: 'inline',
  })
  return { format: 'module', source: code, shortCircuit: true }
}
