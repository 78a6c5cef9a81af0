import { FileToSend } from '../exchange/file_to_send.js'
import { HttpError } from '../fields/http_error.js'
import { parseMediaType } from '../fields/media_type.js'
import { Reply } from '../reply/reply.js'
import type { BrinkRequest } from '../request/request.js'
import { lateBuiltin } from '../runtime/late_builtin.js'
import { planFor, replyWith, replyWithout, sendsContent } from './answer.js'
import { isDotfile } from './dotfiles.js'
import { extensionOf } from './file_types.js'
import { type CheckedFilesOptions, checkedFilesOptions, type FilesOptions } from './options.js'
import { openError, ServedFolder } from './served_folder.js'
import { FileStore, type Variant } from './store.js'

/**
 * A handler that serves the files of a folder, for a route that ends with a wildcard: what the wildcard takes is the
 * path below the folder. On a route without params it is the whole path, as for `app.notFound(files('public'))`.
 *
 *     app.get('/assets/*', files('public', { immutable: '*-*.js' }))
 *
 * Types are told by extension. Conditional requests are answered (RFC 9110 §13), and ranges, one or several (§14). A
 * folder's `index.html` answers for it; a folder without its slash is redirected to. Nothing outside of the folder is
 * sent, by any spelling and any link, and a link to an absolute path leads outside. An escaped slash (`%2F`) or
 * backslash is part of no file's name. Names that begin with a dot are hidden.
 *
 * Files are opened, and the small ones read, on the JavaScript thread: keep them on a disk of this machine.
 *
 * The handler throws an HttpError for what it cannot send: 404, 403 for a file that this process may not read, 412, 416,
 * 405 on a route for other methods, 503 when descriptors have run out; so an app's `onError` sees them.
 *
 * @param folder a path, relative to the working directory, or a `file:` URL
 * @throws Error `ENOENT`, `ENOTDIR`, `EACCES` when there is no such folder; TypeError or RangeError
 *   `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE` for options that cannot be
 */
export function files(folder: string | URL, options: FilesOptions = {}): (req: BrinkRequest) => Reply {
  const checked = checkedFilesOptions(options)
  const served = new FolderOfFiles(new ServedFolder(folder), checked)
  return (req) => served.answer(req)
}

/** A file that changes each time it is opened is not to be had. */
const MOST_ATTEMPTS = 4

class FolderOfFiles {
  readonly #store: FileStore
  readonly #options: CheckedFilesOptions
  readonly #isFolder = -lateBuiltin('node:os').constants.errno.EISDIR

  constructor(folder: ServedFolder, options: CheckedFilesOptions) {
    this.#store = new FileStore(folder, options)
    this.#options = options
  }

  answer(req: BrinkRequest): Reply {
    const { method } = req
    if (method !== 'GET' && method !== 'HEAD') throw new HttpError(405, undefined, { headers: { allow: 'GET, HEAD' } })
    const path = pathBelow(req)
    if (path === undefined || (!this.#options.dotfiles && isDotfile(path))) throw new HttpError(404)
    const reply = this.#answerFor(path, req)
    if (reply instanceof Reply) return reply
    const error = openError(reply, path)
    const fallback = error instanceof HttpError && error.status === 404 ? this.#fallback(path, req) : undefined
    if (fallback !== undefined) return fallback
    throw error
  }

  #answerFor(path: string, req: BrinkRequest): Reply | number {
    const { index } = this.#options
    if (path !== '' && !path.endsWith('/')) {
      const reply = this.#send(path, req)
      return reply === this.#isFolder && index !== undefined ? this.#redirect(path, index, req) : reply
    }
    return index === undefined ? this.#isFolder : this.#send(path + index, req)
  }

  /** The reply that sends the file at a path below the folder, or a negative errno. */
  #send(path: string, req: BrinkRequest): Reply | number {
    const { headers } = req
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      const found = this.#store.find(path, headers)
      if (typeof found === 'number') return found
      const { representation } = found
      const plan = planFor(req, representation)
      if (!sendsContent(plan)) return replyWithout(plan, representation)
      const content = found.bytes ?? this.#open(path, found)
      if (content !== undefined) return replyWith(plan, representation, content)
    }
    throw new HttpError(503, 'The file is being changed.', { headers: { 'retry-after': 1 } })
  }

  #open(path: string, found: Variant): FileToSend | undefined {
    const opened = this.#store.open(path, found)
    return opened && new FileToSend(opened, () => this.#store.openAgain(found))
  }

  /** To the folder's own path, relative to the one that was asked for: so it can lead to no other host. */
  #redirect(path: string, index: string, req: BrinkRequest): Reply | number {
    const found = this.#store.find(`${path}/${index}`, req.headers)
    if (typeof found === 'number') return found
    const { path: asked, target } = req
    const query = target.indexOf('?')
    const location = `./${asked.slice(asked.lastIndexOf('/') + 1)}/${query === -1 ? '' : target.slice(query)}`
    return new Reply(308, undefined, { location })
  }

  #fallback(path: string, req: BrinkRequest): Reply | undefined {
    const { fallback } = this.#options
    if (fallback === undefined) return undefined
    const { headers } = req
    // A script or an image that is missing is asked for as well by browsers, but it is not where they go.
    const isFile = extensionOf(path) !== ''
    const vary = isFile ? 'accept, sec-fetch-mode' : 'accept'
    const isPage = namesHtml(headers.get('accept')) && (!isFile || headers.get('sec-fetch-mode') === 'navigate')
    if (!isPage) throw new HttpError(404, undefined, { headers: { vary } })
    const reply = this.#send(fallback, req)
    if (!(reply instanceof Reply)) throw openError(reply, fallback)
    reply.headers.append('vary', vary)
    return reply
  }
}

/**
 * The path below the folder, decoded. A slash that came escaped is none: whoever guards `/private/` compares with the
 * path in which it is `%2F` still.
 */
function pathBelow({ path, params }: BrinkRequest): string | undefined {
  const escaped = path.includes('%')
  if (escaped && /%(?:2F|5C)/.test(path)) return undefined
  let captured: string | undefined
  for (const name in params) captured = params[name]
  return captured ?? (escaped ? decodeURIComponent(path.slice(1)) : path.slice(1))
}

/** Browsers name HTML when they go to a page. Who takes anything, as curl and fetch do, did not ask for one. */
function namesHtml(accept: string | null): boolean {
  const ranges = accept?.split(',').map((range) => parseMediaType(range.trim()))
  const html = ranges?.find((range) => range?.essence === 'text/html')
  return html !== undefined && Number(html.parameters.get('q') ?? 1) > 0
}
