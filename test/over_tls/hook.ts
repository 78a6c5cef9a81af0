// Loaded before a test that runs over TLS.
import * as modules from 'node:module'
import { isMainThread } from 'node:worker_threads'
import { resolve } from './resolve.js'

// A worker has servers of its own, of which the tests' clients would not know that they speak TLS.
if (isMainThread) {
  // Node 22 and newer. What there is in Node 20 is deprecated since.
  const { registerHooks } = modules as { registerHooks?: (hooks: { resolve: unknown }) => void }
  if (registerHooks !== undefined) registerHooks({ resolve })
  else modules.register(new URL('./resolve.js', import.meta.url))
}
