// The files of a folder, with a cache of their metadata and of the contents of small ones.

import type { NativeFile } from '../exchange/native.js'
import { chooseEncoding } from '../fields/accept_encoding.js'
import type { ConditionalRequest } from '../fields/conditions.js'
import { timers } from '../runtime/timers.js'
import { Cache } from './cache.js'
import { extensionOf, typeOfFile } from './file_types.js'
import type { CheckedFilesOptions } from './options.js'
import { Representation } from './representation.js'
import { openError, type ServedFolder } from './served_folder.js'

/** The memory of an entry besides file contents, in bytes. */
const ENTRY_WEIGHT = 1024

/**
 * A file that was changed this recently may change again without a new change time, because systems count it in
 * steps. Its contents are kept no longer than its metadata.
 */
const SETTLED_MS = 2000

/** A file, or its precompressed variant. */
export interface Variant {
  /** The path below the folder. */
  readonly path: string
  readonly coding: string
  readonly representation: Representation
  /** The contents of a small file. */
  readonly bytes: Uint8Array | undefined
  readonly isSettled: boolean
  readonly vary: string | undefined
}

/** The file at a path with its variants. */
interface Resource {
  readonly plain: Variant
  /** The precompressed variants in order of preference, then the plain file. */
  readonly variants: readonly Variant[]
  readonly codings: readonly string[]
  /** When the file was last checked, in milliseconds of the monotonic clock. */
  checkedAt: number
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

  /** The variant to send to a client with these header fields, or a negative errno. */
  find(path: string, headers: ConditionalRequest['headers']): Variant | number {
    const now = timers.now()
    let resource = this.#resources.get(path)
    if (resource === undefined || now - resource.checkedAt >= this.#options.revalidate) {
      const checked = this.#check(path, resource, now)
      if (typeof checked === 'number') {
        this.#resources.delete(path)
        return checked
      }
      resource = checked
    }
    const { plain, variants, codings } = resource
    if (variants.length === 1) return plain
    const chosen = chooseEncoding(headers.get('accept-encoding'), codings)
    return variants.find(({ coding }) => coding === chosen) ?? plain
  }

  /** Opens the file of a variant. Returns undefined, and forgets the entry, when the file was replaced or deleted. */
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
   * Opens the file of a variant again.
   * @throws HttpError when it cannot be opened any more
   */
  openAgain({ path }: Variant): NativeFile {
    const opened = this.#folder.open(path)
    if (typeof opened === 'number') throw openError(opened, path)
    return opened
  }

  #check(path: string, before: Resource | undefined, now: number): Resource | number {
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

  #keep(path: string, variants: readonly Variant[], before: Resource | undefined, checkedAt: number): Resource {
    const same = before?.variants.length === variants.length && before.variants.every((one, at) => one === variants[at])
    if (before !== undefined && same) {
      before.checkedAt = checkedAt
      return before
    }
    const plain = variants.at(-1) as Variant
    const resource = { plain, variants, codings: variants.map(({ coding }) => coding), checkedAt }
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

/** The contents of a file; undefined when it has become shorter, or cannot be read: sending it reports that. */
function bytesOf(file: NativeFile): Uint8Array | undefined {
  const bytes = Buffer.allocUnsafeSlow(file.size)
  return file.read(bytes, 0) === bytes.length ? bytes : undefined
}
