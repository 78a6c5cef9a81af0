// How large the addons are, without their symbols.

import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MODULES } from './install.js'

export interface Size {
  name: string
  bytes: number
}

const { platform, arch, versions } = process
const ADDONS = {
  brink: 'native/build/Release/brink.node',
  uws: `${MODULES}/uwebsockets/uws_${platform}_${arch}_${versions.modules}.node`,
}

export function measureSizes(): Size[] {
  return Object.entries(ADDONS)
    .filter(([, file]) => existsSync(file))
    .map(([name, file]) => ({ name, bytes: strippedSize(file) }))
}

function strippedSize(file: string): number {
  const folder = mkdtempSync(join(tmpdir(), 'brink-size-'))
  try {
    const copy = join(folder, 'addon.node')
    copyFileSync(file, copy)
    execFileSync('strip', ['-s', copy])
    return statSync(copy).size
  } finally {
    rmSync(folder, { recursive: true })
  }
}
