// Which tests run on which kinds of server. In a run of all tests those that are not named here run on one kind of each
// host, and with --full, or where they are asked for by name, on all kinds, one of them over TLS.
import { WITHOUT_TLS } from './over_tls/without_tls.js'
import { oneOfEachHost, type Variant, variants, variantsOverTls } from './variants.js'

/** What a poller reports, and when, shows in these: they run on every backend, and over TLS. */
const POLLED: ReadonlySet<string> = new Set([
  'accepting',
  'after-answers',
  'backpressure',
  'crowd',
  'ended-connections',
  'endings',
  'file-sending',
  'flood',
  'half-closed',
  'large-bodies',
  'listener-faults',
  'listeners',
  'pipelining',
  'requests',
  'running-changes',
  'silent-peers',
  'splitting',
  'streams',
  'told-connections',
  'unsent-files',
  'upgrades',
  'uploads',
])

/** What TLS does otherwise shows in these as well: bytes that are copied, ends that are said, time that is taken. */
const SECURED: ReadonlySet<string> = new Set([
  'access-log',
  'bodies',
  'broken-streams',
  'changed-bodies',
  'client_errors',
  'closing',
  'connections',
  'deadlines',
  'draining',
  'early-answers',
  'files',
  'forwarded',
  'limits',
  'overload',
  'terminated-calls',
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
  const oneOverTls = full || POLLED.has(file) || SECURED.has(file) ? overTls.slice(0, 1) : []
  return [...plainVariantsOf(file, full), ...oneOverTls]
}

function plainVariantsOf(file: string, full: boolean): readonly Variant[] {
  if (SLOW_TO_SET_UP.has(file)) return full ? oneOfEachHost : variants.slice(0, 1)
  if (full) return variants
  return POLLED.has(file) ? variants.filter(({ isCombined }) => isCombined !== true) : oneOfEachHost
}
