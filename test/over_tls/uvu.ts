// Stands in the place of 'uvu' where tests run over TLS: tests that are about what is different there are skipped.
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test as testOfUvu } from 'uvu'
import { WITHOUT_TLS } from './without_tls.js'

const SERVER_TESTS = fileURLToPath(new URL('../server', import.meta.url))
const file = relative(SERVER_TESTS, process.argv[1] ?? '').replace(/\.test\.js$/, '')
const listed = WITHOUT_TLS[file]
const unknown = new Set(typeof listed === 'object' ? Object.keys(listed) : [])

export const test = Object.assign(
  (...[name, run]: Parameters<typeof testOfUvu>) => {
    if (unknown.delete(name)) testOfUvu.skip(name, run)
    else testOfUvu(name, run)
  },
  {
    only: testOfUvu.only,
    skip: testOfUvu.skip,
    before: testOfUvu.before,
    after: testOfUvu.after,
    run: () => {
      if (unknown.size > 0) throw new Error(`without_tls.ts lists tests that ${file} does not have: ${[...unknown]}`)
      testOfUvu.run()
    },
  },
) satisfies typeof testOfUvu
