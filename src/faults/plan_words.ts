// What the members of a plan may be, for the parser and for the schema.

/** When a plan begins. */
export const STARTS = ['now', 'first-request'] as const

export const LARGEST_SEED = Number.MAX_SAFE_INTEGER
export const MOST_REQUESTS = 1_000_000_000
/** In characters. */
export const NAME_LENGTH = 100

/** A path begins with a slash, a glob may begin with an asterisk. No query, no fragment, no space. */
export const PATH_PATTERN = '^[/*][!-"$->@-~]{0,999}$'
export const METHOD_PATTERN = '^[A-Z][A-Z-]{0,31}$'
