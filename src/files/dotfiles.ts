/** Whether a path leads through a name that begins with a dot; `.well-known` is for everybody (RFC 8615). */
export function isDotfile(path: string): boolean {
  return DOTFILE.test(path)
}

const DOTFILE = /(?:^|[\\/])\.(?!well-known(?:[\\/]|$))/
