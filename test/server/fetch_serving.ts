// Serves a fetch(), for tests.
import { type FetchInfo, type FetchServeOptions, type Server, serve } from 'brink'
import * as assert from 'uvu/assert'
import { within } from './waiting.js'

/** Of Node, while a server may have put another one in its place. */
export const nativeFetch = fetch

export type Fetch = (request: Request, info: FetchInfo, context: FetchInfo) => unknown

/** Serves a fetch(), and tells what was logged. */
export async function servingFetch(
  app: Fetch,
  use: (server: Server, logged: string[]) => Promise<void>,
  options: FetchServeOptions = {},
): Promise<string[]> {
  const logged: string[] = []
  const log = (error: unknown) => {
    logged.push(String(error))
  }
  const server = await serve({ fetch: app as never }, { port: 0, log, ...options })
  try {
    await use(server, logged)
  } finally {
    await within(server.close({ force: 0 }), 'the server to close')
  }
  return logged
}

/** The same, where nothing is logged. */
export async function apart(...given: Parameters<typeof servingFetch>): Promise<void> {
  assert.equal(await servingFetch(...given), [])
}

export const json = async (url: string, init?: RequestInit) => (await nativeFetch(url, init)).json()
