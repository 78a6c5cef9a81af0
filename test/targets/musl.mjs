// Runtimes with musl, which only Bun offers in npm: no distribution's Node can be had there. Bun wants a libstdc++ for musl,
// which Debian does not have. What it takes from that is in the archives of the compiler here, and is linked into a library
// of the same name; good enough for a test.
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure, onPath, run } from '../../native/build.mjs'
import { readBinary } from '../../native/prebuild/binary.mjs'
import { debianPackage } from './debian_package.mjs'
import { runtime } from './packages.mjs'

const FROM_LIBSTDCXX = /^(_Z|__once|__dynamic|__cxa_(?!thread_atexit_impl|finalize))/
// Weak in Bun, and needed by the rest.
const ALSO = '_ZTVN10__cxxabiv121__vmi_class_type_infoE'
// What the archives take from glibc, and from the files with which a compiler begins a library.
const SHIM = `
long getrandom(void *, unsigned long, unsigned);
unsigned long getauxval(unsigned long);
char __libc_single_threaded = 0;
__attribute__((visibility("hidden"))) void *__dso_handle = &__dso_handle;
unsigned arc4random(void) { unsigned n = 0; getrandom(&n, sizeof n, 0); return n; }
unsigned long __getauxval(unsigned long kind) { return getauxval(kind); }
int _dl_find_object(void *at, void *found) { return -1; }
int __cxa_thread_atexit_impl(void (*call)(void *), void *object, void *library) { return 0; }
`

/** The musl of this machine. */
export const ownMusl = {
  missing: () => (existsSync('/lib/ld-musl-x86_64.so.1') ? undefined : 'apt-get install musl'),
  prepare(folder) {
    const bun = runtime('bunMusl')
    return { command: [bun], env: { LD_LIBRARY_PATH: standIn(bun, 'gcc', folder) } }
  },
}

/** Another machine's, emulated. */
export const emulatedMusl = {
  missing: () =>
    onPath('qemu-aarch64-static') && onPath('aarch64-linux-gnu-gcc') && onPath('apt-get')
      ? undefined
      : 'apt-get install qemu-user-static g++-aarch64-linux-gnu',
  prepare(folder) {
    const bun = runtime('bunMuslArm64')
    const libraries = standIn(bun, 'aarch64-linux-gnu-gcc', folder)
    const root = debianPackage('musl', 'arm64', folder)
    return { command: [onPath('qemu-aarch64-static'), '-L', root, '-E', `LD_LIBRARY_PATH=${libraries}`, bun], env: {} }
  },
}

/** The folder of a libstdc++ for musl that has what the program wants. */
function standIn(program, compiler, folder) {
  const wanted = readBinary(program)
    .imports.map(({ name }) => name)
    .filter((name) => FROM_LIBSTDCXX.test(name))
  const output = mkdtempSync(join(folder, 'libstdc++-'))
  const shim = join(output, 'shim.c')
  writeFileSync(shim, SHIM)
  const archive = (...asked) => run(compiler, asked).output.trim()
  const built = run(compiler, [
    ...['-nostdlib', '-shared', '-fPIC', '-o', join(output, 'libstdc++.so.6'), '-Wl,-soname,libstdc++.so.6'],
    ...['-Wl,--allow-shlib-undefined', ...[...wanted, ALSO].map((name) => `-Wl,-u,${name}`), shim],
    ...[archive('-print-file-name=libstdc++.a'), archive('-print-file-name=libgcc_eh.a')],
    archive('-print-libgcc-file-name'),
  ])
  if (!built.ok) throw new Failure('The libstdc++ for musl could not be made.', built.output)
  return output
}
