// What the addon asks of its runtime, by the names in its file: so that it loads in each that has Node-API, Electron too.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT } from './papers.js'

const addon = readFileSync(process.env.BRINK_ADDON ?? join(ROOT, 'native/build/Release/brink.node'))

test('the addon makes its memory by Node-API', () => {
  // Otherwise the names are not in the file, and the tests below would tell nothing.
  assert.ok(addon.includes('napi_create_arraybuffer\0'))
})

test('no memory of the addon becomes an ArrayBuffer, a Buffer or a string, which a memory cage forbids', () => {
  for (const name of [
    'napi_create_external_arraybuffer',
    'napi_create_external_buffer',
    'node_api_create_external_string_latin1',
    'node_api_create_external_string_utf16',
    'node_api_create_buffer_from_arraybuffer',
  ]) {
    assert.not.ok(addon.includes(name), name)
  }
})

test('the addon calls neither V8 nor the inner parts of Node', () => {
  for (const name of ['_ZN2v8', '_ZNK2v8', '_ZN4node', '_ZNK4node']) assert.not.ok(addon.includes(name), name)
})

test.run()
