import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type NativeFile, type NativeFolder, native } from '../exchange/native.js'
import { HttpError } from '../fields/http_error.js'
import { coded } from '../runtime/errors.js'
import { lateBuiltin } from '../runtime/late_builtin.js'
import { wrongArgument } from '../runtime/option_errors.js'

/** An open folder whose files are served. */
export class ServedFolder {
  readonly path: string
  readonly #folder: NativeFolder

  /**
   * @throws Error `ENOENT`, `ENOTDIR`, `EACCES` and others when the folder cannot be opened; TypeError
   */
  constructor(folder: string | URL) {
    if (typeof folder !== 'string' && !(folder instanceof URL))
      throw wrongArgument('files(folder, options)', 'the path or the URL of a folder', folder)
    this.path = resolve(folder instanceof URL ? fileURLToPath(folder) : folder)
    try {
      this.#folder = new native.Folder(this.path)
    } catch (cause) {
      throw folderError(this.path, cause)
    }
  }

  /**
   * Opens the file at a path below the folder, or returns a negative errno. It never opens a file outside the folder.
   */
  open(path: string): NativeFile | number {
    return this.#folder.open(path)
  }

  /** Opens the folder at its path again: build tools delete folders and create them anew. */
  refresh(): void {
    // If it is missing now, the deleted folder stays open, and contains nothing.
    this.#folder.refresh()
  }
}

/**
 * The error for a file that could not be opened: HttpError 404 for a path that does not exist, is not a file, or
 * leads outside; 403 for a file that the process may not read; 503 when descriptors or memory have run out. Anything
 * else is an Error with its `code`, to be logged.
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
