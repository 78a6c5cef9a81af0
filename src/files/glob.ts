const SPECIAL = /[\\^$.*+?()[\]{}|/]/

/**
 * A pattern for paths, as a regular expression: `*` stands for any characters of one segment, `**` for any segments,
 * `?` for one character, `{a,b}` for either. Without a slash it is compared with the last segment only, so that `*.css`
 * is every style sheet; with one it is compared with the whole path.
 *
 * @returns undefined when a brace is never closed
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
