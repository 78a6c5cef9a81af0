// The files of Unix domain sockets: one that a server has left behind is replaced, and one's own is removed.
import type { BigIntStats } from 'node:fs'
import { resolve } from 'node:path'
import type { NativeFailure, NativeListening } from '../exchange/native.js'
import { systemError } from '../runtime/errors.js'
import { lateBuiltin } from '../runtime/late_builtin.js'
import { timers } from '../runtime/timers.js'

/** The file of a listening socket. */
export interface SocketFile {
  /** Absolute. */
  readonly path: string
  /** Removes it, if it is still the same. */
  remove(): void
}

/** Attempts, while others bind and remove the path at the same time. */
const TRIES = 5

/** The time that a server may take from the making of its file until it listens, in milliseconds. */
const SETTLING_MS = 50

/** Whether a path is a name without a file, which goes with its socket. */
export function isAbstract(path: string): boolean {
  return path.startsWith('\0')
}

/**
 * Listens at a path. A socket of a server that is gone is replaced. Without a socket's file, the result is the system's
 * answer.
 * @throws Error `EEXIST` when there is a file that is no socket
 */
export async function listenAtFile(
  path: string,
  listen: () => NativeListening | NativeFailure,
): Promise<NativeListening | NativeFailure> {
  for (let tries = 1; ; tries += 1) {
    const result = listen()
    const isTaken = 'errno' in result && systemError(result.errno)[0] === 'EADDRINUSE'
    if (!isTaken || isAbstract(path) || tries === TRIES || !(await removeStale(path))) return result
  }
}

/** The file that was just bound. */
export function socketFile(path: string): SocketFile {
  // The working directory may be another one at the end.
  const file = resolve(path)
  const own = factsOf(file)
  return {
    path: file,
    remove: () => {
      const now = factsOf(file)
      // Inodes are used again, so the time counts too.
      if (own === undefined || now === undefined || !isSameFile(now, own)) return
      try {
        lateBuiltin('node:fs').unlinkSync(file)
      } catch {
        // Privileges were dropped, for example. The next server replaces it.
      }
    },
  }
}

function factsOf(path: string) {
  return lateBuiltin('node:fs').lstatSync(path, { bigint: true, throwIfNoEntry: false })
}

function isSameFile(one: BigIntStats, other: BigIntStats): boolean {
  return one.ino === other.ino && one.dev === other.dev && one.mtimeNs === other.mtimeNs
}

/** True when the path may be bound again. */
async function removeStale(path: string): Promise<boolean> {
  const { linkSync, renameSync, unlinkSync } = lateBuiltin('node:fs')
  const before = factsOf(path)
  if (before === undefined) return true
  if (!before.isSocket()) throw notASocket(path)
  if (!(await isAbandoned(path))) return false
  // Another server may be between its bind() and its listen().
  await new Promise((resolve) => timers.setTimeout(resolve, SETTLING_MS))
  const later = factsOf(path)
  if (later === undefined) return true
  if (!isSameFile(later, before) || !(await isAbandoned(path))) return false
  // Another server may have replaced it by now. What is moved away is looked at again, so that only a stale one goes.
  const aside = `${path}.${process.pid}-${Math.random().toString(36).slice(2, 8)}`
  try {
    renameSync(path, aside)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
  }
  const moved = factsOf(aside)
  const isSame = moved !== undefined && isSameFile(moved, before)
  if (!isSame) {
    try {
      linkSync(aside, path)
    } catch {
      // There is a third one.
    }
  }
  unlinkSync(aside)
  return isSame
}

/** Whether nobody listens at a socket any more. */
async function isAbandoned(path: string): Promise<boolean> {
  const { connect } = await import('node:net')
  return new Promise((resolve) => {
    const socket = connect({ path })
    socket.once('connect', () => {
      socket.destroy()
      resolve(false)
    })
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'))
  })
}

function notASocket(path: string): Error {
  const error = new Error(
    `listen EEXIST: there is a file at ${path} that is no socket; remove it, or take another path`,
  )
  return Object.assign(error, { code: 'EEXIST', syscall: 'listen', address: path })
}
