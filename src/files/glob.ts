const SPECIAL = /[\\^$.*+?()[\]{}|/]/

/**
 * Compiles a glob to a regular expression: `*` matches within one segment, `**` across segments, `?` one character,
 * `{a,b}` either. A glob without a slash is compared with the last segment only, so that `*.css` matches every style
 * sheet; one with a slash is compared with the whole path.
 *
 * @returns undefined when a brace is not closed
 */
export function globPattern(glob: string): RegExp | undefined {
  let braces = 0
  const source = glob.replace(/^\//, '').replace(/\*\*\/|\*\*|[\s\S]/gu, (piece) => {
    if (piece === '**/') return '(?:.*/)?'
    if (piece === '**') return '.*'
    if (piece === '*') return '[^/]*'
    if (piece === '?') return '[^/]'
    if (piece === '{') {
      braces += 1
      return '(?:'
    }
    if (piece === '}' && braces > 0) {
      braces -= 1
      return ')'
    }
    if (piece === ',' && braces > 0) return '|'
    return SPECIAL.test(piece) ? `\\${piece}` : piece
  })
  if (braces > 0) return undefined
  return new RegExp(`^${glob.includes('/') ? '' : '(?:.*/)?'}${source}$`, 'su')
}
