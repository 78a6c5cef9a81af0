import { type HeaderValue, ReplyHeaders } from '../fields/headers.js'
import { knownOptions, wholeNumber, wrongType, wrongValue } from '../runtime/option_errors.js'
import { withCharset } from './file_types.js'
import { globPattern } from './glob.js'

/** Values of `cache-control` by the files that they are for; the first that fits counts. */
export type CacheControlRules = readonly (readonly [pattern: string | RegExp, value: string])[]

/** How one file is sent. */
export interface FileOptions {
  /** The `content-type`. Default: by the extension of the file's name, and `application/octet-stream` for others. */
  type?: string | undefined
  /** The `cache-control`; false for none. Default: `no-cache`, so that a client asks each time whether it has changed. */
  cacheControl?: string | false | undefined
  /** Other header fields of the reply. */
  headers?: Readonly<Record<string, HeaderValue>> | undefined
  /** Makes browsers save it, under this name, or with `true` under its own (RFC 6266). Default: false. */
  download?: boolean | string | undefined
  /**
   * A folder, by its path or a `file:` URL, that the path is relative to, and that it cannot lead out of by any spelling
   * or link: for paths that clients name. Default: none; the path is any that the system knows, relative to the working
   * directory.
   */
  root?: string | URL | undefined
  /**
   * Below a `root`: whether names that begin with a dot are sent. `.well-known` is in any case (RFC 8615). Default:
   * false.
   */
  dotfiles?: boolean | undefined
}

/** How a folder of files is served. Sizes are bytes, times milliseconds. */
export interface FilesOptions {
  /** The file that answers for its folder; false for none. Default: `index.html`. */
  index?: string | false | undefined
  /**
   * The file, such as `index.html`, that answers for paths without one, for apps which route in the browser. Only for
   * clients that name `text/html` in their `accept`, as browsers do when they go to a page; others get 404. Where the path
   * has an extension, only for browsers which say that they go there (`sec-fetch-mode: navigate`), since a script or an
   * image that is missing is no page. Default: none.
   */
  fallback?: string | undefined
  /**
   * The `cache-control`: a value for all files, a list of patterns and their values, or a function that is given the
   * path below the folder. A pattern is a regular expression, or a text in which `*` stands for characters of one
   * segment, `**` for any segments, `{a,b}` for either; without a slash it is compared with the file's name. False, or
   * nothing, for none. Default: `no-cache`, so that clients ask each time whether the file has changed.
   */
  cacheControl?: string | false | CacheControlRules | ((path: string) => string | undefined) | undefined
  /**
   * Patterns of files that never change, because their names do: they are sent with
   * `cache-control: public, max-age=31536000, immutable`. Default: none.
   */
  immutable?: string | RegExp | readonly (string | RegExp)[] | undefined
  /**
   * Sends `app.js.br`, `app.js.zst` or `app.js.gz` in place of `app.js` to clients that take them. They must be made anew
   * when the file is: their age is not looked at. True for all three, the first preferred, or a list. Default: false.
   */
  precompressed?: boolean | readonly ('br' | 'zstd' | 'gzip')[] | undefined
  /** Whether names that begin with a dot are served. `.well-known` is in any case (RFC 8615). Default: false. */
  dotfiles?: boolean | undefined
  /** Types by extension, without the dot, besides those that are known, or in their place. */
  types?: Readonly<Record<string, string>> | undefined
  /** Header fields of every reply that sends a file, or says that it has not changed. */
  headers?: Readonly<Record<string, HeaderValue>> | undefined
  /** Memory for small files that were asked for; 0 for none. Default: 16 MiB. */
  cacheSize?: number | undefined
  /** Files above this are not kept in memory. Default: 64 KiB. */
  cacheFileSize?: number | undefined
  /**
   * How long what was known of a file counts, before it is looked at again: so long may the old file be sent after a
   * change. 0 looks each time. Default: 1000.
   */
  revalidate?: number | undefined
}

/** A coding, and what a file's name ends with that was made by it. */
export interface Precompressed {
  readonly coding: string
  readonly suffix: string
}

export interface CheckedFilesOptions {
  readonly index: string | undefined
  readonly fallback: string | undefined
  readonly cacheControl: (path: string) => string | undefined
  readonly precompressed: readonly Precompressed[]
  readonly dotfiles: boolean
  readonly types: ReadonlyMap<string, string>
  readonly headers: ReplyHeaders
  readonly cacheSize: number
  readonly cacheFileSize: number
  readonly revalidate: number
}

const SUFFIXES: ReadonlyMap<string, string> = new Map([
  ['br', '.br'],
  ['zstd', '.zst'],
  ['gzip', '.gz'],
])
const IMMUTABLE = 'public, max-age=31536000, immutable'
const GIB = 2 ** 30
const DAY_MS = 86_400_000

/** What describes the bytes themselves, or how much of them is sent. */
const OURS = ['accept-ranges', 'content-encoding', 'content-length', 'content-range', 'etag', 'last-modified']

/**
 * The options with their defaults.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`
 */
export function checkedFilesOptions(given: FilesOptions): CheckedFilesOptions {
  const {
    index = 'index.html',
    fallback,
    dotfiles = false,
    types = {},
    headers,
  } = knownOptions(given, [
    'index',
    'fallback',
    'cacheControl',
    'immutable',
    'precompressed',
    'dotfiles',
    'types',
    'headers',
    'cacheSize',
    'cacheFileSize',
    'revalidate',
  ])
  if (index !== false) checkPath('index', index)
  if (fallback !== undefined) checkPath('fallback', fallback)
  if (typeof dotfiles !== 'boolean') throw wrongType('dotfiles', 'a boolean', dotfiles)
  return {
    index: index === false ? undefined : index,
    fallback,
    dotfiles,
    cacheControl: cacheControlOf(given),
    precompressed: precompressedOf(given.precompressed ?? false),
    types: typesOf(types),
    headers: headersOf(headers),
    cacheSize: wholeNumber('cacheSize', given.cacheSize, 16 * 1024 * 1024, 0, 64 * GIB),
    cacheFileSize: wholeNumber('cacheFileSize', given.cacheFileSize, 64 * 1024, 0, GIB),
    revalidate: wholeNumber('revalidate', given.revalidate, 1000, 0, DAY_MS),
  }
}

/** @throws as `checkedFilesOptions` */
export function checkedFileOptions(given: FileOptions): FileOptions {
  const { type, cacheControl, download, root, dotfiles, headers } = knownOptions(given, [
    'type',
    'cacheControl',
    'headers',
    'download',
    'root',
    'dotfiles',
  ])
  if (type !== undefined && typeof type !== 'string') throw wrongType('type', 'a string', type)
  if (cacheControl !== undefined && cacheControl !== false && typeof cacheControl !== 'string') {
    throw wrongType('cacheControl', 'a string or false', cacheControl)
  }
  if (download !== undefined && typeof download !== 'boolean' && typeof download !== 'string') {
    throw wrongType('download', 'a boolean or a name', download)
  }
  if (root !== undefined && typeof root !== 'string' && !(root instanceof URL)) {
    throw wrongType('root', 'a path or a URL', root)
  }
  if (dotfiles !== undefined && typeof dotfiles !== 'boolean') throw wrongType('dotfiles', 'a boolean', dotfiles)
  headersOf(headers)
  return given
}

function cacheControlOf({ cacheControl = 'no-cache', immutable = [] }: FilesOptions) {
  const lasting = (Array.isArray(immutable) ? immutable : [immutable]).map((pattern) => test('immutable', pattern))
  const usual = usualCacheControl(cacheControl)
  return (path: string) => (lasting.some((matches) => matches(path)) ? IMMUTABLE : usual(path))
}

function usualCacheControl(given: NonNullable<FilesOptions['cacheControl']>): (path: string) => string | undefined {
  if (given === false) return () => undefined
  if (typeof given === 'string') return () => given
  if (typeof given === 'function') return given
  if (!Array.isArray(given)) throw wrongType('cacheControl', 'a string, a list, a function or false', given)
  const rules = (given as CacheControlRules).map((rule) => {
    if (!Array.isArray(rule) || rule.length !== 2 || typeof rule[1] !== 'string') {
      throw wrongValue('cacheControl', 'must be a list of pairs: a pattern, and the value for what it fits')
    }
    return { matches: test('cacheControl', rule[0]), value: rule[1] as string }
  })
  return (path) => rules.find(({ matches }) => matches(path))?.value
}

function test(name: string, pattern: unknown): (path: string) => boolean {
  if (pattern instanceof RegExp) return (path) => path.search(pattern) !== -1
  if (typeof pattern !== 'string') throw wrongType(name, 'made of strings and regular expressions', pattern)
  const expression = globPattern(pattern)
  if (expression === undefined) throw wrongValue(name, `has the pattern '${pattern}', whose brace is never closed`)
  return (path) => expression.test(path)
}

function precompressedOf(given: NonNullable<FilesOptions['precompressed']>): Precompressed[] {
  if (given === false) return []
  const codings = given === true ? [...SUFFIXES.keys()] : given
  if (!Array.isArray(codings)) throw wrongType('precompressed', 'a boolean or a list of codings', given)
  return (codings as readonly string[]).map((coding) => {
    const suffix = SUFFIXES.get(coding)
    if (suffix === undefined)
      throw wrongValue('precompressed', `knows br, zstd and gzip, not ${JSON.stringify(coding)}`)
    return { coding, suffix }
  })
}

function typesOf(given: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  if (typeof given !== 'object' || given === null) throw wrongType('types', 'an object', given)
  return new Map(
    Object.entries(given).map(([extension, type]) => {
      if (typeof type !== 'string') throw wrongType(`types.${extension}`, 'a string', type)
      return [extension.replace(/^\./, '').toLowerCase(), withCharset(type)]
    }),
  )
}

function headersOf(given: Readonly<Record<string, HeaderValue>> = {}): ReplyHeaders {
  const headers = new ReplyHeaders(given)
  const ours = OURS.find((name) => headers.has(name))
  if (ours !== undefined) throw wrongValue('headers', `must not name ${ours}, which is told by the file`)
  return headers
}

function checkPath(name: string, path: unknown): void {
  if (typeof path !== 'string') throw wrongType(name, 'a path', path)
  if (path === '' || path.startsWith('/')) throw wrongValue(name, 'must be a path relative to the folder')
}
