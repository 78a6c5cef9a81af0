// The binaries that the package carries, and what holds for each kind of system.

import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Failure } from '../build.mjs'

/** Red Hat Enterprise Linux 8, Debian 10, Amazon Linux 2023 and whatever is newer. */
const GLIBC = '2.28'
const MACOS = '11.0'

const EXPORTS = join(dirname(fileURLToPath(import.meta.url)), 'exports.map')
// -Os is for libc++, which is linked in and which zig compiles by the flags of the linker.
// A shared object of zig has no FINI_ARRAY. When it was loaded by a worker thread only and is closed with it, what it
// registered with atexit would be called at exit in memory that is gone.
const ELF = ['-Os', '-s', '-Wl,-z,nodelete', '-Wl,--gc-sections', `-Wl,--version-script=${EXPORTS}`]
// Without a name of its own, the path at which it is made would be in it.
const MACH_O = [
  ...['-Os', '-s', '-Wl,-undefined,dynamic_lookup', '-Wl,-dead_strip'],
  '-Wl,-install_name,@rpath/brink.node',
]
// Apple's systems want tables for unwinding through every function by default, for exceptions.
const MACH_O_COMPILED = ['-fPIC', '-fno-unwind-tables']
const SMALL = 700_000
const LIBC_OF_GLIBC = ['libc.so.6', 'libm.so.6', 'libpthread.so.0', 'libdl.so.2', 'librt.so.1']
const LIBC_OF_WINDOWS = ['msvcrt.dll', 'KERNEL32.dll', 'WS2_32.dll', 'node.exe', 'ADVAPI32.dll', 'ntdll.dll']

/** By the name that `npm run prebuild -- NAME` takes. `file` is where node-gyp-build looks, beneath native/. */
export const TARGETS = [
  linux('x64', 'x86_64', 'glibc'),
  linux('arm64', 'aarch64', 'glibc'),
  linux('x64', 'x86_64', 'musl'),
  linux('arm64', 'aarch64', 'musl'),
  darwin('arm64', 'aarch64'),
  darwin('x64', 'x86_64'),
  {
    name: 'win32-x64',
    platform: 'win32',
    arch: 'x64',
    triple: 'x86_64-windows-gnu',
    file: join('prebuilds', 'win32-x64', 'brink.node'),
    compileFlags: [],
    linkFlags: ['-Os', '-s'],
    linkInputs: [],
    largest: SMALL,
    libraries: LIBC_OF_WINDOWS,
  },
]

function linux(arch, machine, libc) {
  return {
    name: `linux-${arch}-${libc}`,
    platform: 'linux',
    arch,
    libc,
    triple: libc === 'glibc' ? `${machine}-linux-gnu.${GLIBC}` : `${machine}-linux-musl`,
    file: join('prebuilds', `linux-${arch}`, `brink.${libc}.node`),
    compileFlags: ['-fPIC'],
    linkFlags: ELF,
    linkInputs: [EXPORTS],
    largest: SMALL,
    libraries: libc === 'glibc' ? [...LIBC_OF_GLIBC, `ld-linux-${machine.replace('_', '-')}.so`] : ['libc.so'],
    newestGlibc: libc === 'glibc' ? GLIBC : undefined,
  }
}

function darwin(arch, machine) {
  return {
    name: `darwin-${arch}`,
    platform: 'darwin',
    arch,
    triple: `${machine}-macos.${MACOS}`,
    file: join('prebuilds', `darwin-${arch}`, 'brink.node'),
    compileFlags: MACH_O_COMPILED,
    linkFlags: MACH_O,
    linkInputs: [],
    largest: SMALL,
    libraries: ['/usr/lib/libSystem.B.dylib'],
    oldestMacos: MACOS,
  }
}

/** Those that are named, `own` for the one of this machine; all when none is. */
export function chosenTargets(names) {
  const chosen = names.map((name) => (name === 'own' ? ownTarget() : TARGETS.find((target) => target.name === name)))
  const unknown = names[chosen.indexOf(undefined)]
  if (unknown === undefined) return names.length > 0 ? chosen : TARGETS
  throw new Failure(`There is no target ${unknown}. There are: ${TARGETS.map(({ name }) => name).join(', ')}, own.`)
}

function ownTarget() {
  const { platform, arch } = process
  const libc = platform === 'linux' ? ownLibc() : undefined
  return TARGETS.find((target) => target.platform === platform && target.arch === arch && target.libc === libc)
}

function ownLibc() {
  return process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl'
}
