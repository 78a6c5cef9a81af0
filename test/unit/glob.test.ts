import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { globPattern } from '#brink/files/glob.js'

const cases: readonly (readonly [glob: string, fits: readonly string[], others: readonly string[]])[] = [
  ['*.css', ['a.css', 'b/c/a.css', '.css'], ['a.css.map', 'css', 'a.css/b']],
  ['index.html', ['index.html', 'a/index.html'], ['xindex.html', 'index_html', 'index.html/a']],
  ['/index.html', ['index.html'], ['a/index.html']],
  ['assets/*', ['assets/a', 'assets/a.js'], ['assets/a/b', 'x/assets/a', 'assets']],
  ['assets/**', ['assets/a', 'assets/a/b/c'], ['assets', 'x/assets/a']],
  ['**/*.js', ['a.js', 'b/a.js', 'c/b/a.js'], ['a.jsx']],
  ['a/**/z', ['a/z', 'a/b/z', 'a/b/c/z'], ['az', 'a/bz']],
  ['*.{js,css}', ['a.js', 'b/a.css'], ['a.html', 'a.js,css']],
  ['{a,b/{c,d}}/x', ['a/x', 'b/c/x', 'b/d/x'], ['b/x', 'c/x']],
  ['file?.txt', ['file1.txt', 'fileé.txt', 'file😀.txt'], ['file.txt', 'file/.txt', 'file12.txt']],
  ['a+b(c)[d]^$|.txt', ['a+b(c)[d]^$|.txt'], ['aab(c)[d]^$|.txt']],
  ['a,b}', ['a,b}'], ['a', 'b']],
  ['*', ['a', 'b/c', ''], []],
]

for (const [glob, fits, others] of cases) {
  test(glob, () => {
    const pattern = globPattern(glob) as RegExp
    for (const path of fits) assert.ok(pattern.test(path), `${path} fits ${glob} (${pattern.source})`)
    for (const path of others) assert.not(pattern.test(path), `${path} does not fit ${glob} (${pattern.source})`)
  })
}

test('a brace that is never closed makes no pattern', () => {
  assert.is(globPattern('a{b,c'), undefined)
})

test.run()
