/** Whether a path contains a name that begins with a dot. `.well-known` is allowed (RFC 8615). */
export function isDotfile(path: string): boolean {
  return DOTFILE.test(path)
}

const DOTFILE = /(?:^|[\\/])\.(?!well-known(?:[\\/]|$))/
