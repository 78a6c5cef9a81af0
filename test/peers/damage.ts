// Blind changes, such as a broken line or a broken program makes.

import type { Random } from './random.js'

const TROUBLESOME = ['\r', '\n', '\r\n', '\0', '\t', ' ', ':', ',', ';', '0', '\x80', '\x7f', '\x0b', '"', '\\', 'a']

/** Changes bytes somewhere, whatever they mean. */
export function damage(bytes: string, random: Random): string {
  const at = random.whole(0, bytes.length - 1)
  const length = random.whole(1, random.chance(0.8) ? 1 : 12)
  switch (random.whole(0, 4)) {
    case 0:
      return bytes.slice(0, at) + bytes.slice(at + length)
    case 1:
      return bytes.slice(0, at) + random.one(TROUBLESOME) + bytes.slice(at)
    case 2:
      return bytes.slice(0, at) + random.one(TROUBLESOME) + bytes.slice(at + 1)
    case 3:
      return bytes.slice(0, at) + bytes.slice(at, at + length) + bytes.slice(at)
    default:
      return bytes.slice(0, at) + inUpperCase(bytes.slice(at, at + length)) + bytes.slice(at + length)
  }
}

/** ASCII only: latin1 has no capital ÿ. */
function inUpperCase(text: string): string {
  return text.replace(/[a-z]/g, (letter) => letter.toUpperCase())
}
