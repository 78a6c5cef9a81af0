import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type NativeFile, type NativeFolder, native } from '../exchange/native.js'
import { HttpError } from '../fields/http_error.js'
import { coded } from '../runtime/errors.js'
import { lateBuiltin } from '../runtime/late_builtin.js'
import { wrongType } from '../runtime/option_errors.js'

/** A folder whose files are served. */
export class ServedFolder {
  readonly path: string
  readonly #folder: NativeFolder

  /** @throws Error `ENOENT`, `ENOTDIR`, `EACCES` and the like, when there is no such folder; TypeError */
  constructor(folder: string | URL) {
    if (typeof folder !== 'string' && !(folder instanceof URL)) throw wrongType('folder', 'a path or a URL', folder)
    this.path = resolve(folder instanceof URL ? fileURLToPath(folder) : folder)
    try {
      this.#folder = new native.Folder(this.path)
    } catch (cause) {
      throw folderError(this.path, cause)
    }
  }

  /** The file at a path below the folder, or a negative errno. It never lies outside of the folder. */
  open(path: string): NativeFile | number {
    return this.#folder.open(path)
  }

  /** Takes what is at the folder's path by now: tools that build delete it and make it anew. */
  refresh(): void {
    // While there is none, the one that there was goes on, in which nothing is found any more.
    this.#folder.refresh()
  }
}

/**
 * The error for a client when a file could not be opened: 404 for what is not there, or is no file, or lies outside;
 * 403 for what this process may not read; 503 when descriptors or memory have run out. Whatever else goes wrong is an
 * Error with its `code`, for the log.
 */
export function openError(errno: number, path: string): Error {
  const code = lateBuiltin('node:util').getSystemErrorName(errno)
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'EISDIR':
    case 'ENAMETOOLONG':
    case 'ELOOP':
    case 'EXDEV':
    case 'ENXIO':
      return new HttpError(404)
    case 'EACCES':
    case 'EPERM':
      return new HttpError(403)
  }
  const error = coded(new Error(`The file ${path} could not be opened: ${code}`), code)
  const isShortage = code === 'EMFILE' || code === 'ENFILE' || code === 'ENOMEM'
  return isShortage ? new HttpError(503, error.message, { cause: error, headers: { 'retry-after': 1 } }) : error
}

function folderError(path: string, cause: unknown): Error {
  const { errno } = cause as { errno?: unknown }
  if (typeof errno !== 'number') return cause as Error
  const code = lateBuiltin('node:util').getSystemErrorName(errno)
  const reason =
    code === 'ENOENT' ? 'does not exist' : code === 'ENOTDIR' ? 'is not a folder' : `cannot be read: ${code}`
  return coded(new Error(`The folder of files ${path} ${reason}.`, { cause }), code)
}
