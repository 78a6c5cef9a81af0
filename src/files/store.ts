// The files of a folder, with what was learned of them: looked at again after a while, and the small ones kept in memory.

import type { NativeFile } from '../exchange/native.js'
import { chooseEncoding } from '../fields/accept_encoding.js'
import type { Asking } from '../fields/conditions.js'
import { timers } from '../runtime/timers.js'
import { Cache } from './cache.js'
import { extensionOf, typeOfFile } from './file_types.js'
import type { CheckedFilesOptions } from './options.js'
import { Representation } from './representation.js'
import { openError, type ServedFolder } from './served_folder.js'

/** What an entry weighs in memory besides the bytes of its files. */
const ENTRY_WEIGHT = 1024

/**
 * A file whose last change is this long ago. A younger one may be changed again without its time telling, as systems
 * count it in steps; so its bytes are not kept longer than the rest of what is known of it.
 */
const SETTLED_MS = 2000

/** A file, or the file of the same content in another coding. */
export interface Variant {
  /** Below the folder. */
  readonly path: string
  readonly coding: string
  readonly representation: Representation
  /** All of it, if it is small. */
  readonly bytes: Uint8Array | undefined
  readonly isSettled: boolean
  readonly vary: string | undefined
}

/** What there is at a path. */
interface Resource {
  readonly plain: Variant
  /** With what was made of it beforehand, the preferred codings first, and the plain one last. */
  readonly variants: readonly Variant[]
  readonly codings: readonly string[]
  /** When it was looked at, by the clock that never goes backwards. */
  lookedAt: number
}

export class FileStore {
  readonly #folder: ServedFolder
  readonly #options: CheckedFilesOptions
  readonly #mostInMemory: number
  readonly #resources: Cache<Resource>
  #refreshedAt = timers.now()

  constructor(folder: ServedFolder, options: CheckedFilesOptions) {
    this.#folder = folder
    this.#options = options
    this.#mostInMemory = options.cacheSize === 0 ? 0 : options.cacheFileSize
    this.#resources = new Cache(options.cacheSize)
  }

  /** What to send of the file at a path to a client that has sent these fields; or a negative errno. */
  find(path: string, headers: Asking['headers']): Variant | number {
    const now = timers.now()
    let resource = this.#resources.get(path)
    if (resource === undefined || now - resource.lookedAt >= this.#options.revalidate) {
      const looked = this.#look(path, resource, now)
      if (typeof looked === 'number') {
        this.#resources.delete(path)
        return looked
      }
      resource = looked
    }
    const { plain, variants, codings } = resource
    if (variants.length === 1) return plain
    const chosen = chooseEncoding(headers.get('accept-encoding'), codings)
    return variants.find(({ coding }) => coding === chosen) ?? plain
  }

  /** Opens the file that a variant is; undefined when it is another one by now, or none. It is forgotten then. */
  open(path: string, { path: file, representation }: Variant): NativeFile | undefined {
    const opened = this.#folder.open(file)
    if (typeof opened !== 'number') {
      if (opened.version === representation.version) return opened
      opened.close()
    }
    this.#resources.delete(path)
    return undefined
  }

  /**
   * The file that a variant was opened from.
   * @throws HttpError when it cannot be opened any more
   */
  openAgain({ path }: Variant): NativeFile {
    const opened = this.#folder.open(path)
    if (typeof opened === 'number') throw openError(opened, path)
    return opened
  }

  #look(path: string, before: Resource | undefined, now: number): Resource | number {
    if (now - this.#refreshedAt >= this.#options.revalidate) {
      this.#folder.refresh()
      this.#refreshedAt = now
    }
    const plain = this.#folder.open(path)
    if (typeof plain === 'number') return plain
    const made = this.#options.precompressed.flatMap(({ coding, suffix }) => {
      const file = this.#folder.open(path + suffix)
      return typeof file === 'number' ? [] : [{ coding, path: path + suffix, file }]
    })
    const vary = made.length === 0 ? undefined : 'accept-encoding'
    const variants = [...made, { coding: 'identity', path, file: plain }].map(({ file, coding, ...own }) => {
      const known = before?.variants.find((variant) => variant.coding === coding)
      const variant = isStill(known, file, vary) ? known : this.#variant(path, { ...own, coding, vary }, file)
      file.close()
      return variant
    })
    return this.#keep(path, variants, before, now)
  }

  #keep(path: string, variants: readonly Variant[], before: Resource | undefined, lookedAt: number): Resource {
    const same = before?.variants.length === variants.length && before.variants.every((one, at) => one === variants[at])
    if (before !== undefined && same) {
      before.lookedAt = lookedAt
      return before
    }
    const plain = variants.at(-1) as Variant
    const resource = { plain, variants, codings: variants.map(({ coding }) => coding), lookedAt }
    const weight = variants.reduce((sum, { bytes }) => sum + ENTRY_WEIGHT + (bytes?.length ?? 0), path.length)
    this.#resources.set(path, resource, weight)
    return resource
  }

  #variant(path: string, of: Pick<Variant, 'path' | 'coding' | 'vary'>, file: NativeFile): Variant {
    const { types, headers, cacheControl } = this.#options
    const representation = new Representation(file, {
      type: types.get(extensionOf(path)) ?? typeOfFile(path),
      coding: of.coding === 'identity' ? undefined : of.coding,
      cacheControl: cacheControl(path),
      vary: of.vary,
      headers,
    })
    const bytes = file.size <= this.#mostInMemory ? bytesOf(file) : undefined
    return { ...of, representation, bytes, isSettled: timers.date() - file.ctimeMs > SETTLED_MS }
  }
}

function isStill(known: Variant | undefined, file: NativeFile, vary: string | undefined): known is Variant {
  return known?.isSettled === true && known.representation.version === file.version && known.vary === vary
}

/** All of a file; undefined when it is shorter by now, or cannot be read: then whoever sends it finds out. */
function bytesOf(file: NativeFile): Uint8Array | undefined {
  const bytes = Buffer.allocUnsafeSlow(file.size)
  return file.read(bytes, 0) === bytes.length ? bytes : undefined
}
