// Module hooks (node:module) that make a Node without type stripping load TypeScript. Node runs this file on a thread of
// its own, apart from everything else here.
import { readFile } from 'node:fs/promises'
import type { InitializeHook, LoadHook, ResolveHook } from 'node:module'
import { fileURLToPath } from 'node:url'

/** What is used of esbuild, an optional peer that need not be there to compile this. */
interface Esbuild {
  transform(source: string, options: Record<string, unknown>): Promise<{ code: string }>
}

let esbuild: Esbuild

export const initialize: InitializeHook<{ esbuild: string }> = async (data) => {
  esbuild = (await import(data.esbuild)) as Esbuild
}

/** TypeScript imports `./x.js` where it means `./x.ts`: that is looked for when there is no `./x.js`. */
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
