import { basename, normalize, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FileSlice } from '../exchange/file_slice.js'
import { FileToSend } from '../exchange/file_to_send.js'
import { type NativeFile, native } from '../exchange/native.js'
import type { Asking } from '../fields/conditions.js'
import { attachment } from '../fields/content_disposition.js'
import { HttpError } from '../fields/http_error.js'
import { Reply } from '../reply/reply.js'
import { coded } from '../runtime/errors.js'
import { lateBuiltin } from '../runtime/late_builtin.js'
import { wrongType } from '../runtime/option_errors.js'
import { planFor, replyWith, replyWithout, sendsContent } from './answer.js'
import { isDotfile } from './dotfiles.js'
import { typeOfFile } from './file_types.js'
import { checkedFileOptions, type FileOptions } from './options.js'
import { Representation, unchangedFields } from './representation.js'
import { openError } from './served_folder.js'

/**
 * A reply that sends a file. Its conditions and ranges are looked at when it is sent, after the middleware.
 *
 *     app.get('/report', () => file('data/report.pdf', { download: true }))
 *     app.get('/uploads/:name', ({ params }) => file(params.name, { root: 'uploads' }))
 *
 * The file is open for this turn of the event loop, and closed when it was sent. A reply that is sent later opens it again:
 * 404 when it is gone by then, 503 when another one is in its place. A reply that is never sent leaves nothing open.
 *
 * It has a strong `etag` and a `last-modified`, by which conditional requests are answered, and clients go on with
 * downloads that broke off. A path that a client has a say in needs a `root`.
 *
 * @param path relative to the working directory, or to `root`; or a `file:` URL
 * @throws HttpError 404 when there is no such file, 403 when this process may not read it, 503 when descriptors have run
 *   out; Error `ERR_NOT_A_REGULAR_FILE` for pipes, devices and what lies in /proc, of which a `root` gives 404; TypeError
 *   `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` for options that cannot be
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
  if (typeof path !== 'string' && !(path instanceof URL)) throw wrongType('path', 'a path or a URL', path)
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

function openedFile(path: string, folder: string | undefined): NativeFile {
  const opened = folder === undefined ? native.openFile(path) : native.openFile(path, folder)
  if (typeof opened !== 'number') return opened
  // Of a folder that is not there, clients are not to be told that it is their path.
  if (folder !== undefined) lateBuiltin('node:fs').statSync(folder)
  const isNotRegular = opened === -lateBuiltin('node:os').constants.errno.ENXIO
  if (folder === undefined && isNotRegular) throw notRegular(path)
  throw openError(opened, path)
}

/** The app's mistake, not the client's. */
function notRegular(path: string): Error {
  return coded(
    new Error(
      `file() sends regular files, and ${path} is none: of a pipe, a device, a socket, or what the system makes up as it ` +
        'is read (/proc, /sys), nobody knows the length. Reply with a stream of it.',
    ),
    'ERR_NOT_A_REGULAR_FILE',
  )
}

/** A reply that sends a file, before it is known what of it the client asks for. */
export class FileReply extends Reply {
  readonly #file: FileToSend
  readonly #representation: Representation
  readonly #whole: FileSlice
  #usedFor: Asking | undefined

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
   * The reply to this request: it has not changed, or a part of it, or, as it is, all of it. One of which something else
   * was made, another body or status, stays as it is.
   *
   * @throws HttpError 412, 416
   * @internal
   */
  override forRequest(req: Asking): Reply {
    if (this.#usedFor !== undefined && this.#usedFor !== req) {
      throw coded(
        new Error('A reply of file() can be sent once, since its file is closed then: call file() for each request.'),
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
