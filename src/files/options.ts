import { type HeaderValue, ReplyHeaders } from '../fields/headers.js'
import { describe } from '../runtime/describe.js'
import { knownOptions, wholeNumber, wrongType, wrongValue } from '../runtime/option_errors.js'
import { withCharset } from './file_types.js'
import { globPattern } from './glob.js'

/** Values of `cache-control` by file pattern; the first pattern that matches is used. */
export type CacheControlRules = readonly (readonly [pattern: string | RegExp, value: string])[]

/** The options of `file()`. */
export interface FileOptions {
  /** The `content-type`. Default: by the extension of the file name, `application/octet-stream` for unknown ones. */
  type?: string | undefined
  /** The `cache-control`; false for none. Default: `no-cache`, so that clients revalidate the file each time. */
  cacheControl?: string | false | undefined
  /** Further header fields of the reply. */
  headers?: Readonly<Record<string, HeaderValue>> | undefined
  /**
   * Whether browsers save the file instead of showing it (`content-disposition: attachment`, RFC 6266). A string is
   * the name to save it under, true its own. Default: false.
   */
  download?: boolean | string | undefined
  /**
   * The folder that the path is relative to, as a path or a `file:` URL. No spelling of the path and no symbolic link
   * leads out of it. Required when clients choose the path. Default: none, and the path is relative to the working
   * directory.
   */
  root?: string | URL | undefined
  /**
   * With a `root`: whether to send files whose names begin with a dot. `.well-known` is always sent (RFC 8615).
   * Default: false.
   */
  dotfiles?: boolean | undefined
}

/** The options of `files()`. Sizes are in bytes, times in milliseconds. */
export interface FilesOptions {
  /** The file that is sent for its folder; false for none. Default: `index.html`. */
  index?: string | false | undefined
  /**
   * The file, such as `index.html`, that is sent for paths without a file, for apps that route in the browser. Only
   * clients whose `accept` names `text/html` get it, as browsers do when they navigate; others get 404. A path with
   * an extension must also have `sec-fetch-mode: navigate`, so that a missing script or image stays a 404. Default:
   * none.
   */
  fallback?: string | undefined
  /**
   * The `cache-control`: one value for all files, a list of pairs of pattern and value, or a function of the path
   * below the folder. A pattern is a regular expression or a glob: `*` matches within one segment, `**` across
   * segments, `{a,b}` either; a glob without a slash is compared with the file name. False or undefined sends none.
   * Default: `no-cache`, so that clients revalidate the files each time.
   */
  cacheControl?: string | false | CacheControlRules | ((path: string) => string | undefined) | undefined
  /**
   * Patterns of files whose content never changes, such as those with a hash in their names. They are sent with
   * `cache-control: public, max-age=31536000, immutable`. Default: none.
   */
  immutable?: string | RegExp | readonly (string | RegExp)[] | undefined
  /**
   * Whether to send `app.js.br`, `app.js.zst` or `app.js.gz` in place of `app.js` to clients that accept them. True
   * for all three, preferred in this order, or a list. Build them whenever the file changes: their age is not
   * checked. Default: false.
   */
  precompressed?: boolean | readonly ('br' | 'zstd' | 'gzip')[] | undefined
  /** Whether to serve names that begin with a dot. `.well-known` is always served (RFC 8615). Default: false. */
  dotfiles?: boolean | undefined
  /** Content types by extension, without the dot. They extend or replace the known ones. */
  types?: Readonly<Record<string, string>> | undefined
  /** Header fields of every reply that sends a file, and of its 304 responses. */
  headers?: Readonly<Record<string, HeaderValue>> | undefined
  /** Memory for the contents of small files, in bytes; 0 for none. Default: 16 MiB. */
  cacheSize?: number | undefined
  /** The maximum size of a file that is kept in memory, in bytes. Default: 64 KiB. */
  cacheFileSize?: number | undefined
  /**
   * How long the known state of a file is used before it is checked again, in milliseconds; after a change, the old
   * file may be sent for that long. 0 checks for each request. Default: 1000.
   */
  revalidate?: number | undefined
}

/** A coding, and the suffix of files that were encoded with it. */
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
const MAX_AGE = 'it is a part of "cacheControl", such as \'max-age=3600\''
const GIB = 2 ** 30
const DAY_MS = 86_400_000

/** Fields that describe the bytes, and are set by `files()` and `file()`. */
const OURS = ['accept-ranges', 'content-encoding', 'content-length', 'content-range', 'etag', 'last-modified']

/**
 * Validates the options and fills in the defaults.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`
 */
export function checkedFilesOptions(given: FilesOptions): CheckedFilesOptions {
  const {
    index = 'index.html',
    fallback,
    dotfiles = false,
    types = {},
    headers,
  } = knownOptions(
    given,
    [
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
    ],
    'files()',
    { maxAge: MAX_AGE, root: 'the folder is the first argument, files(folder)' },
  )
  if (index !== false) checkPath('index', index, 'a file name or false')
  if (fallback !== undefined) checkPath('fallback', fallback, 'a path')
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

/**
 * @throws like `checkedFilesOptions`
 */
export function checkedFileOptions(given: FileOptions): FileOptions {
  const { type, cacheControl, download, root, dotfiles, headers } = knownOptions(
    given,
    ['type', 'cacheControl', 'headers', 'download', 'root', 'dotfiles'],
    'file()',
    { maxAge: MAX_AGE },
  )
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
      throw wrongValue('cacheControl', 'must be a list of pairs of a pattern and a value')
    }
    return { matches: test('cacheControl', rule[0]), value: rule[1] as string }
  })
  return (path) => rules.find(({ matches }) => matches(path))?.value
}

function test(name: string, pattern: unknown): (path: string) => boolean {
  if (pattern instanceof RegExp) return (path) => path.search(pattern) !== -1
  if (typeof pattern !== 'string') throw wrongType(name, 'made of strings and regular expressions', pattern)
  const expression = globPattern(pattern)
  if (expression === undefined) throw wrongValue(name, `has the pattern '${pattern}', with a brace that is not closed`)
  return (path) => expression.test(path)
}

function precompressedOf(given: NonNullable<FilesOptions['precompressed']>): Precompressed[] {
  if (given === false) return []
  const codings = given === true ? [...SUFFIXES.keys()] : given
  if (!Array.isArray(codings)) throw wrongType('precompressed', 'a boolean or a list of codings', given)
  return (codings as readonly string[]).map((coding) => {
    const suffix = SUFFIXES.get(coding)
    if (suffix === undefined) throw wrongValue('precompressed', `knows br, zstd and gzip, not ${describe(coding)}`)
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
  if (ours !== undefined) throw wrongValue('headers', `must not contain ${ours}, which is set from the file`)
  return headers
}

function checkPath(name: string, path: unknown, expected: string): void {
  if (typeof path !== 'string') throw wrongType(name, expected, path)
  if (path === '' || path.startsWith('/'))
    throw wrongValue(name, `must be a path relative to the folder, not ${describe(path)}`)
}
