// The ways in which the self-test is built. Flags go to the compiler and the linker, cxxflags to what is ours only. Of its
// cases, those are run whose line has the word `cases`.

import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The flags with which the poller of kqueue(2) compiles where there is none. */
export const FAKE_KQUEUE = ['-DBRINK_KQUEUE', `-I${join(dirname(fileURLToPath(import.meta.url)), 'kqueue')}`]

const STRICT = ['-Werror']

export const VARIANTS = [
  {
    name: 'plain',
    flags: ['-O2', '-U_FORTIFY_SOURCE', '-D_FORTIFY_SOURCE=2'],
    cxxflags: STRICT,
  },
  {
    // With the poller of other systems beside those of Linux, over a kqueue that is made of epoll.
    name: 'asan',
    flags: [
      ...['-O1', '-g1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer'],
      ...FAKE_KQUEUE,
    ],
    cxxflags: STRICT,
    libraries: ['-pthread', '-Wl,--wrap=close'],
    env: { ASAN_OPTIONS: 'detect_stack_use_after_return=1', UBSAN_OPTIONS: 'print_stacktrace=1' },
  },
  {
    // Of the hosts, the one that has threads.
    name: 'tsan',
    cases: ' thread]',
    flags: ['-O1', '-g1', '-fsanitize=thread'],
    env: { TSAN_OPTIONS: 'halt_on_error=1' },
  },
  {
    // As for a system that has nothing but POSIX.
    name: 'portable',
    flags: ['-DBRINK_PORTABLE'],
    cxxflags: STRICT,
  },
  {
    name: 'windows',
    flags: [],
    cxxflags: STRICT,
    compilers: ['x86_64-w64-mingw32-gcc-posix', 'x86_64-w64-mingw32-g++-posix'],
    packages: 'g++-mingw-w64-x86-64 wine64',
    libraries: ['-static', '-lws2_32'],
    suffix: '.exe',
  },
]
