import { basename, normalize, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FileSlice } from '../exchange/file_slice.js'
import { FileToSend } from '../exchange/file_to_send.js'
import { type NativeFile, native } from '../exchange/native.js'
import type { ConditionalRequest } from '../fields/conditions.js'
import { attachment } from '../fields/content_disposition.js'
import { HttpError } from '../fields/http_error.js'
import { Reply } from '../reply/reply.js'
import { coded, errnoOf } from '../runtime/errors.js'
import { lateBuiltin } from '../runtime/late_builtin.js'
import { wrongArgument } from '../runtime/option_errors.js'
import { isNoHandler } from '../runtime/uncalled.js'
import { planFor, replyWith, replyWithout, sendsContent } from './answer.js'
import { isDotfile } from './dotfiles.js'
import { typeOfFile } from './file_types.js'
import { checkedFileOptions, type FileOptions } from './options.js'
import { Representation, unchangedFields } from './representation.js'
import { openError } from './served_folder.js'

/**
 * Creates a reply that sends a file, with conditional requests (RFC 9110 §13) and ranges (§14). Call it for each
 * request.
 *
 *     app.get('/report', () => file('data/report.pdf', { download: true }))
 *     app.get('/uploads/:name', ({ params }) => file(params.name, { root: 'uploads' }))
 *
 * Set `root` whenever the path contains anything that a client sent: the path cannot lead out of it.
 *
 * The reply has a strong `etag` and a `last-modified`, so clients can revalidate, and resume interrupted downloads.
 * Conditions and ranges are evaluated when the reply is sent, after all middleware.
 *
 * The file is opened at once and closed when it was sent, or at the end of this turn of the event loop. A reply that
 * is sent later opens it again: 404 if it is gone by then, 503 if it was replaced. A reply that is never sent leaves
 * nothing open.
 *
 * @param path relative to the working directory, or to `root`; or a `file:` URL
 * @throws HttpError 404 when the file does not exist, 403 when the process may not read it, 503 when descriptors have
 * run out; Error `ERR_NOT_A_REGULAR_FILE` for pipes, devices and files of /proc (with a `root`: HttpError 404);
 * TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` for invalid options
 */
export function file(path: string | URL, options: FileOptions = {}): Reply {
  const {
    type,
    cacheControl = 'no-cache',
    headers,
    download = false,
    root,
    dotfiles = false,
  } = checkedFileOptions(options)
  if (typeof path !== 'string' && !(path instanceof URL))
    throw wrongArgument('file(path, options)', 'a path or a URL', path)
  const name = path instanceof URL ? fileURLToPath(path) : path
  const folder = root === undefined ? undefined : resolve(root instanceof URL ? fileURLToPath(root) : root)
  if (folder !== undefined && !dotfiles && isDotfile(normalize(name))) throw new HttpError(404)
  const absolute = folder === undefined ? resolve(name) : name
  const open = () => openedFile(absolute, folder)
  const opened = new FileToSend(open(), open)
  const representation = new Representation(opened.file, {
    type: type ?? typeOfFile(name),
    cacheControl: cacheControl === false ? undefined : cacheControl,
    headers,
  })
  const reply = new FileReply(opened, representation)
  if (download !== false) {
    reply.headers.set('content-disposition', attachment(download === true ? basename(name) : download))
  }
  return reply
}

isNoHandler(file, 'call it in a handler, () => file(path)')

function openedFile(path: string, folder: string | undefined): NativeFile {
  const opened = folder === undefined ? native.openFile(path) : native.openFile(path, folder)
  if (typeof opened !== 'number') return opened
  // If the folder itself is missing, that is the app's mistake, not a 404 of the client's path.
  if (folder !== undefined) lateBuiltin('node:fs').statSync(folder)
  const isNotRegular = opened === errnoOf('ENXIO')
  if (folder === undefined && isNotRegular) throw notRegular(path)
  throw openError(opened, path)
}

/** The app's mistake, not the client's. */
function notRegular(path: string): Error {
  return coded(
    new Error(
      `file() sends regular files only, and ${path} is not one. Pipes, devices, sockets and files of /proc and /sys have ` +
        'no known length: reply with a stream of it.',
    ),
    'ERR_NOT_A_REGULAR_FILE',
  )
}

/** A reply with a file. What is sent of it is decided when the request's conditions and ranges are known. */
export class FileReply extends Reply {
  readonly #file: FileToSend
  readonly #representation: Representation
  readonly #whole: FileSlice
  #usedFor: ConditionalRequest | undefined

  /** @internal */
  constructor(opened: FileToSend, representation: Representation) {
    const whole = new FileSlice(opened, 0, representation.size, true)
    super(200, whole, representation.headers)
    this.#file = opened
    this.#representation = representation
    this.#whole = whole
  }

  /** @internal */
  override copy(): Reply {
    return this
  }

  /**
   * The reply to this request: 304, a range, or the whole file. If the body or the status was replaced, the reply
   * stays as it is.
   *
   * @throws HttpError 412, 416
   * @internal
   */
  override forRequest(req: ConditionalRequest): Reply {
    if (this.#usedFor !== undefined && this.#usedFor !== req) {
      throw coded(
        new Error('This reply of file() was already sent, and can be sent only once: call file() for each request.'),
        'ERR_REPLY_USED',
      )
    }
    this.#usedFor = req
    const isRead = req.method === 'GET' || req.method === 'HEAD'
    if (!isRead || this.status !== 200 || this.body !== this.#whole) return this
    let sent = false
    try {
      const plan = planFor(req, this.#representation)
      sent = sendsContent(plan)
      const { size } = this.#representation
      const { headers } = this
      if (sent) return plan === 'whole' ? this : replyWith(plan, { size, headers }, this.#file)
      return replyWithout(plan, { size, headers, unchanged: unchangedFields(headers) })
    } finally {
      if (!sent) this.#file.close()
    }
  }
}
