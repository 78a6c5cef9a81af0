// Which runtime each binary is run on here, and how.
import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onPath } from '../../native/build.mjs'
import { findWine, WINE_ENV } from '../../native/selftest/wine.mjs'
import { emulatedMusl, ownMusl } from './musl.mjs'
import { runtime } from './packages.mjs'

const ARM64_LIBRARIES = '/usr/aarch64-linux-gnu'
const LINUX = [
  ['epoll', '0'],
  ['epoll', '1'],
  ['poll', '1'],
  ['select', '1'],
]

function linuxX64(version) {
  return {
    name: `linux-x64-glibc on Node ${version}`,
    target: 'linux-x64-glibc',
    isShort: version === 26,
    hosts: LINUX,
    hasWorkers: true,
    missing: () => undefined,
    prepare: () => ({ command: [runtime(`node${version}`)] }),
  }
}

function onBun(subject) {
  return {
    // Bun cannot watch the descriptor of an inline loop.
    hosts: LINUX.filter(([, threads]) => threads !== '0'),
    // Bun keeps its own to itself, and there is no libssl.so.3 for musl.
    withoutTls: 'ERR_TLS_UNAVAILABLE',
    ...subject,
  }
}

/** Without `win10`, Node says that its Windows is too old. */
function prepareWine() {
  const wine = findWine()
  const env = { ...process.env, ...WINE_ENV }
  const run = (...args) => spawnSync(wine, args, { env, stdio: 'ignore' })
  const settings = join(WINE_ENV.WINEPREFIX, 'win10.reg')
  if (!existsSync(settings)) {
    run('wineboot', '-u')
    writeFileSync(settings, 'REGEDIT4\n\n[HKEY_CURRENT_USER\\Software\\Wine]\n"Version"="win10"\n')
    run('regedit', '/S', settings)
  }
  return { command: [wine, runtime('nodeWindows')], env: WINE_ENV }
}

export const SUBJECTS = [
  ...[20, 22, 24, 26].map(linuxX64),
  {
    name: 'linux-arm64-glibc on Node 22, emulated',
    target: 'linux-arm64-glibc',
    hosts: LINUX,
    hasWorkers: true,
    missing: () =>
      onPath('qemu-aarch64-static') && existsSync(join(ARM64_LIBRARIES, 'lib/libstdc++.so.6'))
        ? undefined
        : 'apt-get install qemu-user-static libstdc++6-arm64-cross',
    prepare: () => ({ command: [onPath('qemu-aarch64-static'), '-L', ARM64_LIBRARIES, runtime('nodeArm64')] }),
  },
  onBun({ name: 'linux-x64-musl on Bun', target: 'linux-x64-musl', ...ownMusl }),
  onBun({ name: 'linux-arm64-musl on Bun, emulated', target: 'linux-arm64-musl', ...emulatedMusl }),
  {
    name: 'win32-x64 on Node 22, by Wine',
    target: 'win32-x64',
    hosts: [
      ['poll', '1'],
      ['select', '1'],
    ],
    missing: () => (findWine() ? undefined : 'apt-get install wine64'),
    prepare: prepareWine,
    // Z: is the root of the file system.
    path: (path) => `Z:${path.replaceAll('/', '\\')}`,
  },
]
