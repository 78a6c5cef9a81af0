// The one file that loads the addon.
import { join } from 'node:path'
import { coded, messageOf } from '../runtime/errors.js'
import { packageFolder, requireFrom } from '../runtime/package_place.js'
import * as layout from './layout.js'

/** What the native side counts. */
export interface NativeStats {
  accepted: number
  open: number
  requests: number
  bytesIn: number
  bytesOut: number
  partialWrites: number
  batches: number
  shed: number
  idleTimeouts: number
  resets: number
  /** By the numbers of the refusals. */
  refusals: number[]
}

/** What a system call refused: its negative errno, and its name. */
export interface NativeFailure {
  errno: number
  syscall: string
}

export interface ListenSettings {
  backlog: number
  reusePort: boolean
  ipv6Only: boolean
}

/** How long is waited for a client, in milliseconds, and how few bytes a second it may send or take; 0 for none. */
export interface NativeDeadlines {
  keepAliveTimeout?: number
  headersTimeout?: number
  requestTimeout?: number
  writeTimeout?: number
  halfCloseTimeout?: number
  minRate?: number
}

/** A whole answer: field lines, a body and its entity tag as bytes; the flags are the layout's. */
export interface NativeFixedAnswer {
  readonly status: number
  readonly flags: number
  readonly fields: Uint8Array
  readonly body: Uint8Array
  readonly etag: Uint8Array
}

/** A reactor with its host: on this thread, or on one of its own. */
export interface NativeReactor {
  /** Opens a socket that the other reactors listen at, too. */
  listen(
    address: string,
    port: number,
    settings: ListenSettings,
    others: readonly NativeReactor[],
  ): { port: number } | NativeFailure
  /** The same at a path of the UNIX domain; the port is 0. The file is not removed when the reactor closes. */
  listenAtPath(
    path: string,
    settings: Pick<ListenSettings, 'backlog'>,
    others: readonly NativeReactor[],
  ): { port: number } | NativeFailure
  /** The same on a bound socket that was opened elsewhere: the reactor has a descriptor of its own for it. */
  listenOn(
    descriptor: number,
    settings: Pick<ListenSettings, 'backlog'>,
    others: readonly NativeReactor[],
  ): { port: number } | NativeFailure
  start(): void
  /** Closes the listeners; the connections go on. */
  stopListening(): void
  /** Ends the connections of which nothing is asked now. */
  closeIdle(): void
  /** Changes those that are given, also for what is waited for already. 0 turns one off. */
  setDeadlines(deadlines: NativeDeadlines): void
  /** From now on; undefined for any number. */
  setMaxConnections(most: number | undefined): void
  /** That are open; on a thread as of its last turn. */
  connections(): number
  /** Whether the reactor keeps the process alive, as it does at first. */
  ref(): void
  unref(): void
  /**
   * A body that does not go into the block of replies which is being filled, bytes or a slice of a file: its place, that
   * the reply names. Bytes are copied when that is asked for, or the reactor is on another thread; otherwise they are
   * sent from where they lie.
   */
  lend(body: object, copied: boolean): number
  /** What `lenderOf` gave for bodies that have changed before they were sent, since the last call. */
  losers(): object[]
  /** Sends the replies that were written outside of `onBatch`. */
  flush(atLeisure?: boolean): boolean
  /** Answers GET and HEAD of exactly this target without JavaScript, from now on. */
  setFixed(target: string, answer: NativeFixedAnswer): void
  stats(): NativeStats
  /** No new connections; those that there are end with their last answer. */
  drain(): void
  /** Ends everything. */
  close(): void
}

/** A regular file that is open for reading. Made by a `NativeFolder` or by `openFile`. */
export interface NativeFile {
  /** In bytes, as everything here: of the time at which it was opened. */
  readonly size: number
  /** When it was last written, in ms since 1970, or what was set for that. */
  readonly mtimeMs: number
  /** When anything of it was last changed, which cannot be set. */
  readonly ctimeMs: number
  /** Characters of an entity tag, which another file, or this one after it was written again, does not have. */
  readonly version: string
  /** How many bytes were read, fewer than there is room for only at the end of the file; or a negative errno. */
  read(into: Uint8Array, offset: number): number
  /** Lets go of it. Slices of it that are being sent are sent to their end. */
  close(): void
  /** Whether the other one was opened at the same place of the same disk: the same file, however it has changed since. */
  isSameAs(other: NativeFile): boolean
}

/** A folder that files are opened in: the one that is at its path, see `refresh`. */
export interface NativeFolder {
  /**
   * The file at a path relative to the folder, with `/` between its segments; or a negative errno. Nothing outside of
   * the folder is opened, whatever the path's spelling and wherever links lead.
   */
  open(path: string): NativeFile | number
  /** Looks whether another folder has come to its path, and takes that. 0, or a negative errno when there is none. */
  refresh(): number
}

export interface Backend {
  readonly name: string
  /** It cannot be watched by another loop, so its reactors have threads of their own. */
  readonly needsThread: boolean
}

export interface Native {
  Reactor: new (
    settings: Readonly<Record<string, number | string | boolean>>,
    requestBlocks: readonly ArrayBuffer[],
    /** The native side adds to them. */
    replyBlocks: ArrayBuffer[],
    state: Int32Array,
    /** Says in the state whether it is to be resumed. */
    onBatch: (block: number, events: number) => void,
    /** The same, when the microtasks have run. */
    onResume: () => void,
    /** Whom the body at this place of the block that is flushed is of, if it can change: it is not sent at once. */
    lenderOf: (place: number) => object | undefined,
    onIdle: () => void,
    onClosed: () => void,
  ) => NativeReactor
  /** Throws an Error with a negative `errno` when there is no such folder. */
  Folder: new (
    path: string,
  ) => NativeFolder
  /** The file at a path, which may be anywhere; or at one relative to a folder, as `NativeFolder.open`. */
  openFile(path: string, root?: string): NativeFile | number
  layout: string
  methods: readonly string[]
  /** Why clients are refused or cut off: a stable code, and the status that they are told, 0 for none. */
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
  get openFile() {
    return loaded().openFile
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
    return loaded().backends
  },
}

function load(): Native {
  const addon = required()
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

function required(): Native {
  const folder = packageFolder()
  if (folder === undefined) throw bundledAlone()
  try {
    const nodeGypBuild = requireFrom(join(folder, 'package.json'))('node-gyp-build') as (folder: string) => Native
    return nodeGypBuild(join(folder, 'native'))
  } catch (cause) {
    const system = `${process.platform} ${process.arch}`
    throw coded(
      new Error(
        `brink's native addon could not be loaded on ${system} (${messageOf(cause).split('\n')[0]}). ` +
          'Where there is no ready-made one, `npm install node-addon-api` and ' +
          '`node node_modules/brink/native/build.mjs` make it; they need a C++ compiler, make and Python 3.',
        { cause },
      ),
      'ERR_ADDON_MISSING',
    )
  }
}

function bundledAlone(): Error {
  return coded(
    new Error(
      "brink's native addon cannot be part of a bundle, and the package brink is not installed beside this one. " +
        'Leave brink out of the bundle, and install it where the bundle runs: `--external:brink` for esbuild, ' +
        "`external: /^brink($|\\/)/` for rollup, `externals: /^brink($|\\/)/, externalsType: 'commonjs'` for webpack.",
    ),
    'ERR_ADDON_MISSING',
  )
}
