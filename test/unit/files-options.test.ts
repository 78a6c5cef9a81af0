import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { file } from '#brink/files/file.js'
import { files } from '#brink/files/files.js'
import type { FileOptions, FilesOptions } from '#brink/files/options.js'
import { codeThrownBy } from './code_thrown_by.js'

const wrong: readonly (readonly [unknown, string])[] = [
  [null, 'ERR_INVALID_ARG_TYPE'],
  [{ maxAge: 1 }, 'ERR_INVALID_ARG_VALUE'],
  [{ index: 1 }, 'ERR_INVALID_ARG_TYPE'],
  [{ index: '' }, 'ERR_INVALID_ARG_VALUE'],
  [{ fallback: '/index.html' }, 'ERR_INVALID_ARG_VALUE'],
  [{ fallback: true }, 'ERR_INVALID_ARG_TYPE'],
  [{ dotfiles: 'deny' }, 'ERR_INVALID_ARG_TYPE'],
  [{ cacheControl: 60 }, 'ERR_INVALID_ARG_TYPE'],
  [{ cacheControl: ['*.js', 'x'] }, 'ERR_INVALID_ARG_VALUE'],
  [{ cacheControl: [['*.{js', 'x']] }, 'ERR_INVALID_ARG_VALUE'],
  [{ cacheControl: [[1, 'x']] }, 'ERR_INVALID_ARG_TYPE'],
  [{ immutable: true }, 'ERR_INVALID_ARG_TYPE'],
  [{ precompressed: 'br' }, 'ERR_INVALID_ARG_TYPE'],
  [{ precompressed: ['deflate'] }, 'ERR_INVALID_ARG_VALUE'],
  [{ types: { a: 1 } }, 'ERR_INVALID_ARG_TYPE'],
  [{ headers: { etag: '"x"' } }, 'ERR_INVALID_ARG_VALUE'],
  [{ headers: { 'x-a': 'b\n' } }, 'ERR_INVALID_HEADER_VALUE'],
  [{ cacheSize: -1 }, 'ERR_OUT_OF_RANGE'],
  [{ cacheFileSize: 1.5 }, 'ERR_OUT_OF_RANGE'],
  [{ revalidate: '1s' }, 'ERR_INVALID_ARG_TYPE'],
]

for (const [options, code] of wrong) {
  test(`files('.', ${JSON.stringify(options)})`, () => {
    assert.is(
      codeThrownBy(() => files('.', options as FilesOptions)),
      code,
    )
  })
}

const wrongOfOne: readonly (readonly [unknown, string])[] = [
  [null, 'ERR_INVALID_ARG_TYPE'],
  [{ index: 'x' }, 'ERR_INVALID_ARG_VALUE'],
  [{ type: 1 }, 'ERR_INVALID_ARG_TYPE'],
  [{ cacheControl: [] }, 'ERR_INVALID_ARG_TYPE'],
  [{ download: 1 }, 'ERR_INVALID_ARG_TYPE'],
  [{ root: 1 }, 'ERR_INVALID_ARG_TYPE'],
  [{ headers: { 'content-length': 1 } }, 'ERR_INVALID_ARG_VALUE'],
]

for (const [options, code] of wrongOfOne) {
  test(`file('package.json', ${JSON.stringify(options)})`, () => {
    assert.is(
      codeThrownBy(() => file('package.json', options as FileOptions)),
      code,
    )
  })
}

test('a folder and a file are paths', () => {
  for (const path of [undefined, null, 1, {}]) {
    assert.is(
      codeThrownBy(() => files(path as never)),
      'ERR_INVALID_ARG_TYPE',
    )
    assert.is(
      codeThrownBy(() => file(path as never)),
      'ERR_INVALID_ARG_TYPE',
    )
  }
})

test.run()
