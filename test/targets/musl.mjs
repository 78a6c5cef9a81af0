// A runtime with musl, which only Bun offers in npm: no distribution's Node can be had there. It wants a libstdc++ for
// musl, which Debian does not have. What Bun takes from it is in the archives of the compiler here, and is linked into
// a library of the same name; good enough for a test.
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure, onPath, run } from '../../native/build.mjs'
import { readBinary } from '../../native/prebuild/binary.mjs'
import { runtime } from './packages.mjs'

const FROM_LIBSTDCXX = /^(_Z|__once|__dynamic|__cxa_(?!thread_atexit_impl|finalize))/
// Weak in Bun, and needed by the rest.
const ALSO = '_ZTVN10__cxxabiv121__vmi_class_type_infoE'
// What the archives take from glibc.
const SHIM = `
#include <sys/random.h>
char __libc_single_threaded = 0;
unsigned arc4random(void) { unsigned n = 0; getrandom(&n, sizeof n, 0); return n; }
int _dl_find_object(void *at, void *found) { return -1; }
int __cxa_thread_atexit_impl(void (*call)(void *), void *object, void *library) { return 0; }
`

export function missingForMusl() {
  if (!onPath('musl-gcc')) return 'apt-get install musl-tools'
  return existsSync('/lib/ld-musl-x86_64.so.1') ? undefined : 'apt-get install musl'
}

/** The command and environment of Bun for musl. */
export function prepareMusl(folder) {
  const bun = runtime('bunMusl')
  const wanted = readBinary(bun)
    .imports.map(({ name }) => name)
    .filter((name) => FROM_LIBSTDCXX.test(name))
  const shim = join(folder, 'shim.c')
  writeFileSync(shim, SHIM)
  const archive = (...asked) => run('gcc', asked).output.trim()
  const built = run('musl-gcc', [
    ...['-shared', '-fPIC', '-o', join(folder, 'libstdc++.so.6'), '-Wl,-soname,libstdc++.so.6'],
    ...['-Wl,--allow-shlib-undefined', ...[...wanted, ALSO].map((name) => `-Wl,-u,${name}`), shim],
    ...[archive('-print-file-name=libstdc++.a'), archive('-print-file-name=libgcc_eh.a')],
    archive('-print-libgcc-file-name'),
  ])
  if (!built.ok) throw new Failure('The libstdc++ for musl could not be made.', built.output)
  return { command: [bun], env: { LD_LIBRARY_PATH: folder } }
}
