import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { extensionOf, typeOfFile } from '#brink/files/file_types.js'

const types: readonly (readonly [string, string])[] = [
  ['index.html', 'text/html; charset=utf-8'],
  ['a/b/INDEX.HTM', 'text/html; charset=utf-8'],
  ['app.js', 'text/javascript; charset=utf-8'],
  ['app.mjs', 'text/javascript; charset=utf-8'],
  ['style.min.css', 'text/css; charset=utf-8'],
  ['data.json', 'application/json'],
  ['app.js.map', 'application/json'],
  ['app.webmanifest', 'application/manifest+json'],
  ['module.wasm', 'application/wasm'],
  ['logo.svg', 'image/svg+xml'],
  ['photo.jpeg', 'image/jpeg'],
  ['photo.avif', 'image/avif'],
  ['favicon.ico', 'image/vnd.microsoft.icon'],
  ['font.woff2', 'font/woff2'],
  ['song.mp3', 'audio/mpeg'],
  ['film.mp4', 'video/mp4'],
  ['film.webm', 'video/webm'],
  ['subtitles.vtt', 'text/vtt; charset=utf-8'],
  ['paper.pdf', 'application/pdf'],
  ['archive.tar.gz', 'application/gzip'],
  ['notes', 'application/octet-stream'],
  ['notes.', 'application/octet-stream'],
  ['a.html/notes', 'application/octet-stream'],
  ['.html', 'application/octet-stream'],
  ['x.constructor', 'application/octet-stream'],
  ['x.__proto__', 'application/octet-stream'],
]

for (const [name, type] of types) {
  test(`${name} is ${type}`, () => {
    assert.is(typeOfFile(name), type)
  })
}

test('an extension is what follows the last dot, and a name before it', () => {
  const cases = { 'a.b.C': 'c', 'a/b': '', 'a.b/c': '', '.env': '', 'x/.env': '', '.env.local': 'local', 'a.': '' }
  for (const [path, extension] of Object.entries(cases)) assert.is(extensionOf(path), extension)
})

test.run()
