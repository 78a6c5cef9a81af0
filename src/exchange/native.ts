// What the addon exports. It is loaded when it is first used.
import { coded } from '../runtime/errors.js'
import { runtimeOfThreads } from '../runtime/js_runtime.js'
import { loadAddon } from './addon.js'
import * as layout from './layout.js'

/** The counters of the native side. */
export interface NativeStats {
  accepted: number
  open: number
  requests: number
  bytesIn: number
  bytesOut: number
  partialWrites: number
  batches: number
  /** Calls of the poller, of `recv`, and of `sendmsg` and `sendfile`; and those that found nothing, or no room. */
  waits: number
  receives: number
  emptyReceives: number
  sends: number
  fullSends: number
  shed: number
  idleTimeouts: number
  resets: number
  handshakes: number
  resumed: number
  /** By the numbers of the refusals. */
  refusals: number[]
  /** Since `drain()`. */
  drained: NativeDrained
}

/** Counts by kind. */
export interface NativeWork {
  requests: number
  streams: number
  tunnels: number
}

/** What became of the work since the drain began: see CloseReport. */
export interface NativeDrained {
  answered: NativeWork
  cut: NativeWork
  lost: NativeWork
}

/** A private key in PEM form, or a PKCS #12 archive. */
export interface NativeSecret {
  readonly bytes: string | Uint8Array
  readonly passphrase?: string | undefined
}

/** A certificate with its rules. Versions, ciphers and groups are in OpenSSL's words; '' is its default. */
export interface NativeContextOptions {
  /** The host name that it is for, `*.` and the rest of one, or '' for all others. */
  readonly name: string
  readonly keys: readonly NativeSecret[]
  readonly certs: readonly (string | Uint8Array)[]
  readonly archives: readonly NativeSecret[]
  readonly authorities: readonly (string | Uint8Array)[]
  readonly revocations: readonly (string | Uint8Array)[]
  readonly asksForCertificate: boolean
  /** Also one that is not trusted, and none. */
  readonly takesAnyCertificate: boolean
  /** At most 32 bytes. Sessions of another scope are not resumed. */
  readonly sessionScope: Uint8Array
  readonly leastVersion: string
  readonly greatestVersion: string
  readonly ciphers: string
  readonly cipherSuites: string
  readonly groups: string
  readonly signatureAlgorithms: string
  /** In seconds. */
  readonly sessionTimeout: number
  /** Of 80 bytes each, the newest first. */
  readonly ticketKeys: readonly Uint8Array[]
}

/** Contexts of TLS, for listeners. They never change. */
export interface NativeSecureContexts {
  readonly [isSecureContexts]: true
}
declare const isSecureContexts: unique symbol

/** What was measured of requests. */
export interface NativeMetrics {
  /**
   * For each route with requests METRICS_ROW numbers, as the layout has them: the number of the route (0 for requests
   * without one), requests by method and class of status, the sum of durations, and their histogram.
   */
  routes: Float64Array
  /**
   * METRICS_BATCHES numbers: METRICS_BATCH_SIZES counts of batches by their requests, up to 1, 2, 4, 8 and so on, of which
   * the last has all above; and the sum of the requests.
   */
  batches: Float64Array
}

/** What was measured of the requests of a load target: see the layout. */
export interface NativeMeasurements {
  /** MEASURED_LOOP numbers. */
  readonly loop: Float64Array
  /** Of each run of which there is anything. */
  readonly runs: readonly NativeRun[]
}

export interface NativeRun {
  /** MEASURED_RUN numbers. */
  readonly figures: Float64Array
  /** For each number MEASURED_STATUSES numbers, and its triples. */
  readonly numbers: Float64Array
  /** Counts of histograms, as many as there may be above zero. */
  readonly serviceTimes: Float64Array
  readonly clientWaits: Float64Array
}

/** Lines of an access log: the names of what ends requests, and of the routes, by number; in `json` as written there. */
export interface LogLinesSettings {
  readonly format: 'combined' | 'json'
  readonly ends: readonly string[]
  readonly patterns: readonly string[]
}

export interface NativeLogLines {
  /**
   * Writes lines of the records that `takeLogged` has put into `words`, from LOG_AT on, into the bytes from `at` on, as
   * many as there is room for. Moves LOG_AT behind them, sets LOG_LINES, and returns the place behind the lines. `now` is
   * the time of `takeLogged` in milliseconds since 1970, `zone` that of local time in minutes east of Greenwich, and
   * `idPrefix` begins the ids that are made. With an `ip` and an `id`, writes one record, with these.
   */
  write(
    words: Int32Array,
    into: Uint8Array,
    at: number,
    now: number,
    zone: number,
    idPrefix: string,
    ip?: string,
    id?: string,
  ): number
}

/** A failed system call: the negative errno, and the name of the call. */
export interface NativeFailure {
  errno: number
  syscall: string
}

/** What a listener is bound to: an address and a port, or a path, for which the port is 0. */
export interface NativeListening {
  port: number
  address?: string
  /** On Linux, one that begins with `\0` is a name without a file. */
  path?: string
}

/** Of listeners of all kinds. */
export interface CommonListenSettings {
  backlog: number
  /** Whether connections begin with a header of the PROXY protocol. Default: they do not. */
  proxyProtocol?: 'require' | 'accept' | false | undefined
  /** With it, connections speak TLS. */
  tls?: NativeSecureContexts | undefined
  /** The number of its place in the options; several sockets may have the same. For owners that only keep sockets. */
  place?: number
}

export interface ListenSettings extends CommonListenSettings {
  reusePort: boolean
  /** With `reusePort`: `EADDRINUSE` when anybody shares the port already. */
  claimsPort?: boolean
  ipv6Only: boolean
  /** It does not listen: clients are refused, and the system gives the port to none of them. Only for `openListener`. */
  isOnlyBound?: boolean
}

export interface PathSettings extends CommonListenSettings {
  mode?: number
}

/** Timeouts for clients in milliseconds, and the least rate in bytes per second. 0 means no limit. */
export interface NativeDeadlines {
  keepAliveTimeout?: number
  handshakeTimeout?: number
  headersTimeout?: number
  requestTimeout?: number
  writeTimeout?: number
  halfCloseTimeout?: number
  minRate?: number
}

/** A whole response: field lines, a body and its entity tag as bytes. Flags: see the layout. */
export interface NativeFixedAnswer {
  readonly status: number
  readonly flags: number
  /** The number of its route, or 0. */
  readonly route?: number
  readonly fields: Uint8Array
  readonly body: Uint8Array
  readonly etag: Uint8Array
}

/** A listening socket that is only kept: nobody accepts from it here. The descriptor is closed on exec. */
export interface NativeKept extends NativeListening {
  descriptor: number
}

/** Who opens listening sockets and owns them, before its start or after it. */
export interface ListenerOwner {
  /** Opens a listening socket, which the other owners share. */
  listen(
    address: string,
    port: number,
    settings: ListenSettings,
    others: readonly ListenerOwner[],
  ): NativeListening | NativeFailure
  /**
   * The same for a Unix domain socket at a path, whose file has the mode from the begin. The file is not removed when
   * the owner closes.
   */
  listenAtPath(path: string, settings: PathSettings, others: readonly ListenerOwner[]): NativeListening | NativeFailure
  /**
   * The same for a bound socket that was opened elsewhere. The owner duplicates the descriptor. A backlog of 0 keeps
   * that of a socket that listens.
   */
  listenOn(
    descriptor: number,
    settings: CommonListenSettings,
    others: readonly ListenerOwner[],
  ): NativeListening | NativeFailure
}

/** A reactor with its host, on this thread or on its own. */
export interface NativeReactor extends ListenerOwner {
  start(): void
  /** Closes the listeners. Connections stay open. */
  stopListening(): void
  /** Accepts one connection in so many microseconds. 0 accepts at once, which is the default, Infinity not at all. */
  paceAccepts(intervalUs: number): void
  /** The receive buffer of new TCP connections in bytes; 0 for what they had before. Only Linux sizes it itself then. */
  limitReceiveBuffer(bytes: number): void
  /** Closes the idle connections. */
  closeIdle(): void
  /** Changes the given deadlines, also for connections that already wait. 0 disables a deadline. */
  setDeadlines(deadlines: NativeDeadlines): void
  /** Listeners that have the one get the other for new connections. Open connections keep theirs. */
  changeContexts(from: NativeSecureContexts, to: NativeSecureContexts): void
  /** Applies to new connections. Undefined means no limit. */
  setMaxConnections(most: number | undefined): void
  /** The number of open connections. For a reactor on a thread, as of its last turn. */
  connections(): number
  /** Makes the reactor keep the process alive, which is the default. */
  ref(): void
  unref(): void
  /**
   * Registers a body outside of the current block of replies, which is bytes or a slice of a file. Returns its number
   * for the reply. Bytes are copied if `copied` is set or the reactor is on another thread. Otherwise they are sent
   * from their own memory.
   */
  lend(body: object, copied: boolean): number
  /** The lenders of bodies that have changed before they were sent, since the last call. */
  losers(): object[]
  /** Sends the replies that were written outside of `onBatch`. With `atLeisure`: see ExchangeNative. */
  flush(atLeisure?: boolean): boolean
  /** From now on, answers GET and HEAD of exactly this target without JavaScript. */
  setFixed(target: string, answer: NativeFixedAnswer): void
  stats(): NativeStats
  /**
   * Counts of all requests since the first call, or since the start with the setting `measures`. The setting `routes` is
   * the number of routes that are measured by themselves.
   */
  metrics(): NativeMetrics
  /**
   * Undefined without the setting `measuresRuns`. With `forgetsMost`, the most requests of a connection are afterwards
   * those from then on. With a run, the others are left out: each may have a hundred thousand counts.
   */
  measurements(forgetsMost?: boolean, run?: number): NativeMeasurements | undefined
  /**
   * Fills the array with requests that have ended, as the layout has them (LOG_LOST and so on), and returns true when
   * more are left. Only with the setting `logs`, the names of fields in lower case, with commas. Also after `close()`.
   */
  takeLogged(into: Int32Array): boolean
  /**
   * Accepts no more connections. Open ones are closed after their last response. Idle ones stay open for a next request
   * for `grace` milliseconds (default 0). Called again, the shortest grace counts.
   */
  drain(grace?: number): void
  /** Closes the reactor and all connections. */
  close(): void
}

/** A regular file that is open for reading. Created by a `NativeFolder` or by `openFile`. */
export interface NativeFile {
  /** In bytes. This and the other metadata are as of the time of opening. */
  readonly size: number
  /** The time of the last modification, in ms since 1970. Programs can set it. */
  readonly mtimeMs: number
  /** The time of the last change of content or metadata. Programs cannot set it. */
  readonly ctimeMs: number
  /** Characters for an entity tag. Another file, or this file after another write, has other ones. */
  readonly version: string
  /**
   * Returns the number of bytes, which is less than `into` has room for only at the end of the file; or a negative
   * errno.
   */
  read(into: Uint8Array, offset: number): number
  /** Closes it. Slices that are being sent are still sent completely. */
  close(): void
  /** Whether both are the same file, with the same device and inode, even if it has changed in between. */
  isSameAs(other: NativeFile): boolean
}

/** A folder in which files are opened. */
export interface NativeFolder {
  /**
   * Opens the file at a path relative to the folder, with `/` between segments; or returns a negative errno. Files
   * outside of the folder are never opened, whatever the spelling of the path and the targets of links.
   */
  open(path: string): NativeFile | number
  /** Opens the folder's path again, which may name another folder by now. Returns 0, or a negative errno. */
  refresh(): number
}

export interface Backend {
  readonly name: string
  /** Other event loops, or that of this runtime, cannot watch it, so its reactors need threads. */
  readonly needsThread: boolean
}

export interface Native {
  Reactor: new (
    settings: Readonly<Record<string, number | string | boolean | Uint8Array>>,
    requestBlocks: readonly ArrayBuffer[],
    /** The native side adds blocks. */
    replyBlocks: ArrayBuffer[],
    state: Int32Array,
    /** Sets the state STATE_BATCH, which tells whether `onResume` is to be called. */
    onBatch: (block: number, events: number) => void,
    /** The same. Called after the microtasks. */
    onResume: () => void,
    /** Returns the lender of a body that is not sent at once, by its number; undefined when the body cannot change. */
    lenderOf: (place: number) => object | undefined,
    /** First without connections: nobody is accepted any more. Then with them: the last one has ended. */
    onDrained: (connections: boolean) => void,
    onClosed: () => void,
  ) => NativeReactor
  /** The first is for clients that ask for none of the other names. Throws an Error that says why not. */
  secureContexts(contexts: readonly NativeContextOptions[]): NativeSecureContexts
  /** The OpenSSL of the process, which is looked for when this is first called; or why there is none. */
  tlsLibrary(): { readonly version?: string; readonly whyNot?: string }
  /** Throws an Error with a negative `errno` when the folder cannot be opened. */
  Folder: new (
    path: string,
  ) => NativeFolder
  LogLines: new (settings: LogLinesSettings) => NativeLogLines
  /** Opens the file at any path; or with `root`, at a path relative to that folder, as `NativeFolder.open` does. */
  openFile(path: string, root?: string): NativeFile | number
  /** Open listening sockets as a `ListenerOwner` does, to be passed to other processes. */
  openListener(address: string, port: number, settings: ListenSettings): NativeKept | NativeFailure
  openListenerAtPath(path: string, settings: PathSettings): NativeKept | NativeFailure
  adoptListener(descriptor: number, settings: CommonListenSettings): NativeKept | NativeFailure
  /** Closes what one of these three has given. */
  closeListener(descriptor: number): void
  /** Sends a datagram to a Unix domain socket. Returns 0, or a negative errno. */
  notify(path: string, text: string): number
  layout: string
  methods: readonly string[]
  /** Why clients are refused or cut off: a stable code, and the status of the response, 0 for none. */
  refusals: readonly { readonly code: string; readonly status: number }[]
  /** The best first. */
  backends: readonly Backend[]
}

let addon: Native | undefined

function loaded(): Native {
  addon ??= load()
  return addon
}

/**
 * The addon. It is loaded when it is first used, so that `app.fetch` runs without it. Reading a property throws
 * `ERR_ADDON_MISSING` or `ERR_ADDON_LAYOUT` when it cannot be loaded.
 */
export const native: Native = {
  get Reactor() {
    return loaded().Reactor
  },
  get Folder() {
    return loaded().Folder
  },
  get LogLines() {
    return loaded().LogLines
  },
  get openFile() {
    return loaded().openFile
  },
  get openListener() {
    return loaded().openListener
  },
  get openListenerAtPath() {
    return loaded().openListenerAtPath
  },
  get adoptListener() {
    return loaded().adoptListener
  },
  get closeListener() {
    return loaded().closeListener
  },
  get secureContexts() {
    return loaded().secureContexts
  },
  get tlsLibrary() {
    return loaded().tlsLibrary
  },
  get notify() {
    return loaded().notify
  },
  get layout() {
    return loaded().layout
  },
  get methods() {
    return loaded().methods
  },
  get refusals() {
    return loaded().refusals
  },
  get backends() {
    backends ??= backendsOf(loaded())
    return backends
  },
}

let backends: readonly Backend[] | undefined

function backendsOf({ backends }: Native): readonly Backend[] {
  if (runtimeOfThreads() === undefined) return backends
  return backends.map(({ name }) => ({ name, needsThread: true }))
}

function load(): Native {
  const addon = loadAddon() as Native
  const expected = Object.entries(layout)
    .map(([name, value]) => `${name}=${value}`)
    .join(',')
  if (addon.layout !== expected) {
    throw coded(
      new Error("brink's native addon is from another version than its JavaScript: build it again."),
      'ERR_ADDON_LAYOUT',
    )
  }
  return addon
}

/**
 * The upper bound of a bucket of the histograms of `metrics()`, exclusive, in microseconds: below 4 one for each, and
 * then four in each power of two. The last bucket has none.
 */
export function upperBoundOfBucket(bucket: number): number {
  if (bucket >= layout.METRICS_BUCKETS - 1) return Number.POSITIVE_INFINITY
  if (bucket < 4) return bucket + 1
  return (5 + (bucket % 4)) * 2 ** (Math.floor(bucket / 4) - 1)
}
