// What the addon is compiled from, and how. binding.gyp asks for each list by its name (`node compilation.mjs sources`),
// for the machine that it runs on; native/prebuild/ makes the binaries of the package from the same lists.

import { readdirSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NATIVE = dirname(fileURLToPath(import.meta.url))
const QUICK_FOLDERS = ['poller', 'net', 'http', 'reactor']
// Their part of a request is small beside what they call: OpenSSL, and JavaScript. They are compiled for size.
const SMALL_FOLDERS = ['binding', 'host', 'tls']
// So is what runs once a connection at most, or never where there is something better.
const SMALL_FILES = [
  ...['poller/poll.cc', 'poller/select.cc', 'net/system_files.cc', 'http/proxy_header.cc', 'http/ip_text.cc'],
  ...['reactor/announcing.cc', 'reactor/measurements.cc', 'reactor/drained_work.cc'],
].map((file) => join(...file.split('/')))

export const LISTS = {
  /** C++, relative to this folder. */
  sources: sourcesIn(QUICK_FOLDERS).filter((source) => !SMALL_FILES.includes(source)),
  small_sources: [...sourcesIn(SMALL_FOLDERS), ...SMALL_FILES],
  llhttp: ['api.c', 'http.c', 'llhttp.c'].map((name) => join('deps', 'llhttp', name)),
  defines: ['NAPI_VERSION=8', 'NAPI_DISABLE_CPP_EXCEPTIONS', 'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS'],
  /** For C and C++. */
  cflags: [
    ...['-O3', '-fvisibility=hidden', '-fno-asynchronous-unwind-tables'],
    // For the linker, which leaves out those that nobody needs.
    ...['-ffunction-sections', '-fdata-sections'],
  ],
  cflags_small: ['-Os'],
  /** The only C is llhttp's, which is not ours to keep free of warnings. */
  cflags_c: ['-w'],
  cflags_cc: ['-std=c++17', '-Wall', '-Wextra', '-fno-exceptions', '-fvisibility-inlines-hidden'],
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  console.log(LISTS[process.argv[2]].join('\n'))
}

function sourcesIn(folders) {
  return folders
    .flatMap((folder) => readdirSync(join(NATIVE, folder), { recursive: true }).map((name) => join(folder, name)))
    .filter((name) => name.endsWith('.cc'))
    .sort()
}
