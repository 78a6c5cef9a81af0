// Which tests run on which kinds of server. In a run of all tests those that are not named here run on one kind of each
// host, and with --full, or where they are asked for by name, on all kinds.
import { WITHOUT_TLS } from './over_tls/without_tls.js'
import { oneOfEachHost, type Variant, variants, variantsOverTls } from './variants.js'

/** What a poller reports, and when, shows in these: they run on every backend. */
const POLLED: ReadonlySet<string> = new Set([
  'accepting',
  'after-answers',
  'backpressure',
  'busy',
  'client_errors',
  'closing',
  'connect',
  'connections',
  'crowd',
  'deadlines',
  'draining',
  'early-answers',
  'ended-connections',
  'endings',
  'file-sending',
  'flood',
  'half-closed',
  'large-bodies',
  'limits',
  'listener-faults',
  'listeners',
  'listening',
  'pipelining',
  'requests',
  'running-changes',
  'silent-peers',
  'splitting',
  'streams',
  'told-connections',
  'turns',
  'unix-sockets',
  'unsent-files',
  'upgrades',
  'uploads',
])

/**
 * They start programs, make certificates or fill the memory of an app most of the time, and what they look at is the same
 * on every kind of server.
 */
const SLOW_TO_SET_UP: ReadonlySet<string> = new Set([
  'cli',
  'cli-tls',
  'close-on-signals',
  'crowd-leaves',
  'tls-certificates',
])

export interface Choice {
  /** Over TLS, and nothing else. */
  readonly tls: boolean
  readonly full: boolean
}

/** The kinds of server for a test file, by its name without its ending; undefined for those that run once. */
export function variantsOf(name: string, { tls, full }: Choice): readonly Variant[] | undefined {
  if (name.startsWith('target/wire/')) return tls ? [] : oneOfEachHost
  if (!name.startsWith('server/')) return undefined
  const file = name.replace('server/', '')
  const overTls = typeof WITHOUT_TLS[file] === 'string' ? [] : variantsOverTls
  if (tls) return overTls
  return [...plainVariantsOf(file, full), ...overTls.slice(0, 1)]
}

function plainVariantsOf(file: string, full: boolean): readonly Variant[] {
  if (SLOW_TO_SET_UP.has(file)) return full ? oneOfEachHost : variants.slice(0, 1)
  if (full) return variants
  return POLLED.has(file) ? variants.filter(({ isCombined }) => isCombined !== true) : oneOfEachHost
}
