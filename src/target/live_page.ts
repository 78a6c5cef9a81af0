// The files of the live page. They are read when somebody opens it first.
import { join } from 'node:path'
import { type Reply, reply } from '../reply/reply.js'
import { installedFolder } from '../runtime/installed_folder.js'
import { lateBuiltin } from '../runtime/late_builtin.js'

/**
 * The page loads its own script and style, talks to the target that it came from, and nothing else. Text that a client
 * sent could not run, even if it became markup.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
  'img-src data:',
].join('; ')

const FIELDS = {
  'cache-control': 'no-cache',
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

const TYPES = {
  'live.html': 'text/html; charset=utf-8',
  'live.css': 'text/css; charset=utf-8',
  'live.js': 'text/javascript; charset=utf-8',
}

/** A handler that sends a file of the page. */
export function pageFile(name: keyof typeof TYPES): () => Promise<Reply> {
  let bytes: Promise<Buffer> | undefined
  return async () => {
    bytes ??= contentOf(name)
    return reply(200, await bytes, { ...FIELDS, 'content-type': TYPES[name] })
  }
}

function contentOf(name: string): Promise<Buffer> {
  return lateBuiltin('node:fs/promises').readFile(join(installedFolder(), 'dist/target/page', name))
}
