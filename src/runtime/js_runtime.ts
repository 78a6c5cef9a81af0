// Which JavaScript runtime this is, where they differ.

/** The version of a runtime by its name, as in `process.versions`. */
type Versions = Readonly<Record<string, string | undefined>>

/**
 * The name of a runtime whose event loop cannot run a reactor, so that each needs a thread of its own; undefined where
 * it can. Bun ends the process at `uv_poll_init`; in Deno the idle handles of libuv never run.
 */
export function runtimeOfThreads(versions: Versions = process.versions): 'Bun' | 'Deno' | undefined {
  if (versions.bun !== undefined) return 'Bun'
  return versions.deno === undefined ? undefined : 'Deno'
}
