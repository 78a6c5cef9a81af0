// Where timers and clocks come from.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'

const sources = fileURLToPath(new URL('../../../src', import.meta.url))

test('no module but timers.ts uses a timer or a clock that an app can replace', () => {
  const replaceable =
    /(?<!timers\.)\b(?:(?<!\w\??\.)(?:set|clear)(?:Immediate|Timeout|Interval)|queueMicrotask|process\.nextTick|performance\.now|Date\.now|new Date)\b/
  // Sockets and servers have methods of these names.
  const isMethod = /^ +(?:override )?setTimeout\(\w+: number, /
  const found: string[] = []
  for (const name of readdirSync(sources, { recursive: true, encoding: 'utf8' })) {
    // The page runs in a browser, where no app replaces them.
    const isPage = /^target[\\/]page[\\/]/.test(name)
    if (!name.endsWith('.ts') || name.endsWith('timers.ts') || isPage) continue
    for (const line of readFileSync(join(sources, name), 'utf8').split('\n')) {
      const isComment = /^\s*(?:\/\/|\*|\/\*)/.test(line)
      if (!isComment && !isMethod.test(line) && replaceable.test(line)) found.push(`${name}: ${line.trim()}`)
    }
  }
  assert.equal(found, [])
})

test.run()
