import { FileToSend } from '../exchange/file_to_send.js'
import { HttpError } from '../fields/http_error.js'
import { parseMediaType } from '../fields/media_type.js'
import { Reply } from '../reply/reply.js'
import type { BrinkRequest } from '../request/request.js'
import { errnoOf } from '../runtime/errors.js'
import { isNoHandler } from '../runtime/uncalled.js'
import { planFor, replyWith, replyWithout, sendsContent } from './answer.js'
import { isDotfile } from './dotfiles.js'
import { extensionOf } from './file_types.js'
import { type CheckedFilesOptions, checkedFilesOptions, type FilesOptions } from './options.js'
import { openError, ServedFolder } from './served_folder.js'
import { FileStore, type Variant } from './store.js'

/**
 * Creates a handler that serves a folder, for a route that ends with a wildcard. The wildcard is the path below the
 * folder. On a route without params, such as `app.notFound(files('public'))`, it is the whole path.
 *
 *     app.get('/assets/*', files('public', { immutable: '*-*.js' }))
 *
 * The content type depends on the extension. Conditional requests (RFC 9110 §13) and ranges, single and multiple
 * (§14), are answered. A path that ends with a slash gets the folder's `index.html`; a folder's path without the
 * slash is redirected there.
 *
 * Nothing outside the folder is sent, whatever the spelling of the path, and whatever symbolic links lead to; a link
 * to an absolute path counts as outside. `%2F` and `%5C` are part of no file name. Names that begin with a dot are
 * not served.
 *
 * Files are opened, and small ones read, synchronously on the JavaScript thread: use a local disk.
 *
 * For what it cannot send, the handler throws an HttpError, which the app's `onError` sees: 404, 403 when the process
 * may not read the file, 405 for a method other than GET and HEAD, 412, 416, 503 when descriptors have run out.
 *
 * @param folder a path relative to the working directory, or a `file:` URL
 * @throws Error `ENOENT`, `ENOTDIR`, `EACCES` when the folder cannot be opened; TypeError or RangeError
 * `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE` for invalid options
 */
export function files(folder: string | URL, options: FilesOptions = {}): (req: BrinkRequest) => Reply {
  const checked = checkedFilesOptions(options)
  const served = new FolderOfFiles(new ServedFolder(folder), checked)
  return (req) => served.answer(req)
}

isNoHandler(files, 'call it, files(folder)')

/** How often a file is opened again that was replaced between looking and opening. */
const MAX_ATTEMPTS = 4

class FolderOfFiles {
  readonly #store: FileStore
  readonly #options: CheckedFilesOptions
  readonly #isFolder = errnoOf('EISDIR')

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
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
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

  /** Redirects relative to the request's path, so that it can lead to no other host. */
  #redirect(path: string, index: string, req: BrinkRequest): Reply | number {
    const found = this.#store.find(`${path}/${index}`, req.headers)
    if (typeof found === 'number') return found
    const { path: requested, target } = req
    const query = target.indexOf('?')
    const location = `./${requested.slice(requested.lastIndexOf('/') + 1)}/${query === -1 ? '' : target.slice(query)}`
    return new Reply(308, undefined, { location })
  }

  #fallback(path: string, req: BrinkRequest): Reply | undefined {
    const { fallback } = this.#options
    if (fallback === undefined) return undefined
    const { headers } = req
    // Browsers also request missing scripts and images, but only pages by navigation.
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
 * The path below the folder, decoded. An escaped slash is refused: a guard of `/private/` compares paths in which it
 * is still `%2F`.
 */
function pathBelow({ path, params }: BrinkRequest): string | undefined {
  const escaped = path.includes('%')
  if (escaped && /%(?:2F|5C)/.test(path)) return undefined
  let captured: string | undefined
  for (const name in params) captured = params[name]
  return captured ?? (escaped ? decodeURIComponent(path.slice(1)) : path.slice(1))
}

/** Browsers name HTML when they navigate. A wildcard alone, as curl and fetch send it, does not count. */
function namesHtml(accept: string | null): boolean {
  const ranges = accept?.split(',').map((range) => parseMediaType(range.trim()))
  const html = ranges?.find((range) => range?.essence === 'text/html')
  return html !== undefined && Number(html.parameters.get('q') ?? 1) > 0
}
