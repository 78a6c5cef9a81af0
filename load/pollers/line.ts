// What is measured: every poller of this build on a thread of its own, and the chosen one also inline.

import { execFileSync } from 'node:child_process'

/** One line of the picture. */
export interface Line {
  name: string
  backend: string
  /** 0: inline, on the JavaScript thread. */
  threads: 0 | 1
}

export function linesToMeasure(): Line[] {
  const list = execFileSync(process.execPath, ['dist/cli.js', 'backends'], { encoding: 'utf8' })
  const lines: Line[] = []
  // A star marks the one that is chosen: "* epoll        on the JavaScript thread, or on threads".
  for (const [, star, backend = '', host = ''] of list.matchAll(/^(\*?)\s+(\S+)\s+(.+)$/gm)) {
    if (star && host.includes('JavaScript thread')) lines.push({ name: `${backend}, inline`, backend, threads: 0 })
    lines.push({ name: backend, backend, threads: 1 })
  }
  return lines
}

export function serverArguments({ backend, threads }: Line): string[] {
  return ['--host', '127.0.0.1', '--backend', backend, '--threads', String(threads)]
}
