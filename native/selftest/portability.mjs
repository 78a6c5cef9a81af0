// Whether the portable variant really is portable: what only Linux has is neither imported nor named.

import { basename, join } from 'node:path'
import { compilersOf, coreSources, execute, inTurn, NATIVE } from './toolchain.mjs'

const LINUX_CALLS = /\b(accept4|epoll_\w+|eventfd\w*|openat2|sendfile\w*|pipe2|signalfd|timerfd_\w+)\b/
const LINUX_NAMES = /\b(SOCK_NONBLOCK|SOCK_CLOEXEC|MSG_NOSIGNAL|EPOLL\w+|EFD_\w+|POLLRDHUP|O_PATH|RESOLVE_\w+)\b/

/** One result a check: its name, and what is wrong, if anything is. */
export async function checkPortability(variant, program) {
  const { code, output } = await execute('nm', ['-D', '--undefined-only', program])
  const imported = output.split('\n').filter((line) => LINUX_CALLS.test(line))
  const named = await Promise.all(coreSources().map((source) => inTurn(() => linuxNamesIn(source, variant))))
  return [
    {
      name: 'imports no call that only Linux has',
      failure: code === 0 ? imported.join('\n') : `nm failed: ${output}`,
    },
    { name: 'names nothing that only Linux has', failure: named.flat().join('\n') },
  ]
}

/** The headers of the system may name what they like: only lines that stand in our files are looked at. */
async function linuxNamesIn(source, variant) {
  const { cxx } = compilersOf(variant)
  const includes = [`-I${NATIVE}`, `-I${join(NATIVE, 'deps/llhttp')}`]
  const { code, output } = await execute(cxx, ['-E', '-std=c++17', ...includes, ...variant.flags, source])
  if (code !== 0) return [`${source} cannot be preprocessed: ${output}`]
  const found = []
  let file = ''
  for (const line of output.split('\n')) {
    const marker = /^# \d+ "([^"]*)"/.exec(line)
    if (marker) file = marker[1]
    const isOurs = file.startsWith(NATIVE) && !file.includes('/deps/')
    if (!marker && isOurs && (LINUX_CALLS.test(line) || LINUX_NAMES.test(line))) {
      found.push(`${basename(file)}: ${line.trim()}`)
    }
  }
  return found
}
