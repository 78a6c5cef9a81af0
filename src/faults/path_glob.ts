// Which paths a rule of a plan is for: `/users`, `/api/*`, `*.png`.

/** An asterisk stands for any characters, also for slashes and for none. It takes time by the length of the path alone, times that of the glob. */
export function matchesGlob(glob: string, path: string): boolean {
  let at = 0
  let inGlob = 0
  // Where to go on when what follows the last asterisk does not match.
  let star = -1
  let retryAt = 0
  while (at < path.length) {
    if (glob[inGlob] === '*') {
      star = inGlob
      retryAt = at
      inGlob += 1
    } else if (glob[inGlob] === path[at]) {
      inGlob += 1
      at += 1
    } else if (star !== -1) {
      retryAt += 1
      at = retryAt
      inGlob = star + 1
    } else {
      return false
    }
  }
  while (glob[inGlob] === '*') inGlob += 1
  return inGlob === glob.length
}
