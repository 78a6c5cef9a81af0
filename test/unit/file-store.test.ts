import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { NativeFile } from '#brink/exchange/native.js'
import { checkedFilesOptions, type FilesOptions } from '#brink/files/options.js'
import type { ServedFolder } from '#brink/files/served_folder.js'
import { FileStore } from '#brink/files/store.js'

const MISSING = -2
const LONG_AGO = 1_000_000

interface FakeFile {
  text: string
  version: string
  ctimeMs?: number
  /** What is read of it, where it shrinks after it was opened. */
  left?: number
}

/** A folder in memory that counts what is done to it. */
class FakeFolder {
  readonly files = new Map<string, FakeFile>()
  opened = 0
  unclosed = 0
  reads = 0
  refreshes = 0

  open(path: string): NativeFile | number {
    const file = this.files.get(path)
    if (file === undefined) return MISSING
    const { text, version, ctimeMs = LONG_AGO, left = text.length } = file
    this.opened += 1
    this.unclosed += 1
    return {
      size: text.length,
      mtimeMs: LONG_AGO,
      ctimeMs,
      version,
      read: (into) => {
        this.reads += 1
        return Buffer.from(text.slice(0, left)).copy(into)
      },
      close: () => {
        this.unclosed -= 1
      },
      isSameAs: () => true,
    }
  }

  refresh(): void {
    this.refreshes += 1
  }
}

function store(folder: FakeFolder, options: FilesOptions): FileStore {
  return new FileStore(folder as unknown as ServedFolder, checkedFilesOptions(options))
}

function found(from: FileStore, path: string, acceptEncoding: string | null = null) {
  const variant = from.find(path, { get: () => acceptEncoding })
  if (typeof variant === 'number') throw new Error(`${path} was not found: ${variant}`)
  return variant
}

test('what has not changed is looked at, and not read again', () => {
  const folder = new FakeFolder()
  folder.files.set('a', { text: 'before', version: '1' })
  const files = store(folder, { revalidate: 0 })
  const first = found(files, 'a')
  assert.is(String(first.bytes), 'before')
  assert.is(found(files, 'a'), first)
  assert.is(folder.reads, 1)
  assert.is(folder.opened, 2)
  folder.files.set('a', { text: 'afters', version: '2' })
  assert.is(String(found(files, 'a').bytes), 'afters')
  assert.is(folder.unclosed, 0)
})

test('what was changed a moment ago is read again, though it looks the same', () => {
  const folder = new FakeFolder()
  folder.files.set('a', { text: 'before', version: '1', ctimeMs: Date.now() })
  const files = store(folder, { revalidate: 0 })
  assert.is(String(found(files, 'a').bytes), 'before')
  folder.files.set('a', { text: 'afters', version: '1', ctimeMs: Date.now() })
  assert.is(String(found(files, 'a').bytes), 'afters')
})

test('within the time that it counts nothing is looked at', () => {
  const folder = new FakeFolder()
  folder.files.set('a', { text: 'a', version: '1' })
  const files = store(folder, { revalidate: 60_000, precompressed: true })
  for (let round = 0; round < 5; round += 1) found(files, 'a')
  assert.is(folder.opened, 1)
  assert.is(folder.refreshes, 0)
  folder.files.delete('a')
  assert.is(String(found(files, 'a').bytes), 'a')
})

test('a file that is gone is forgotten', () => {
  const folder = new FakeFolder()
  folder.files.set('a', { text: 'a', version: '1' })
  const files = store(folder, { revalidate: 0 })
  found(files, 'a')
  folder.files.delete('a')
  assert.is(files.find('a', { get: () => null }), MISSING)
  assert.is(folder.refreshes, 2)
})

test('a neighbour that comes or goes changes what the others say', () => {
  const folder = new FakeFolder()
  folder.files.set('a', { text: 'plain', version: '1' })
  const files = store(folder, { revalidate: 0, precompressed: ['gzip'] })
  assert.is(found(files, 'a', 'gzip').representation.headers.get('vary'), null)
  folder.files.set('a.gz', { text: 'gz', version: '2' })
  assert.is(String(found(files, 'a', 'gzip').bytes), 'gz')
  assert.is(found(files, 'a').representation.headers.get('vary'), 'accept-encoding')
  const { reads } = folder
  found(files, 'a')
  assert.is(folder.reads, reads)
  folder.files.delete('a.gz')
  assert.is(String(found(files, 'a', 'gzip').bytes), 'plain')
  assert.is(found(files, 'a').representation.headers.get('vary'), null)
  assert.is(folder.unclosed, 0)
})

test('a large file is opened for who gets it, and only as what it was', () => {
  const folder = new FakeFolder()
  folder.files.set('a', { text: 'large', version: '1' })
  const files = store(folder, { revalidate: 60_000, cacheFileSize: 4 })
  const variant = found(files, 'a')
  assert.is(variant.bytes, undefined)
  assert.is(folder.unclosed, 0)
  assert.ok(files.open('a', variant))
  assert.is(folder.unclosed, 1)
  folder.files.set('a', { text: 'other', version: '2' })
  assert.is(files.open('a', variant), undefined)
  assert.is(folder.unclosed, 1)
  assert.is(found(files, 'a').representation.version, '2')
  folder.files.delete('a')
  assert.is(files.open('a', found(files, 'a')), undefined)
})

test('a file that shrinks while it is read is not kept', () => {
  const folder = new FakeFolder()
  folder.files.set('a', { text: 'before', version: '1', left: 3 })
  assert.is(found(store(folder, {}), 'a').bytes, undefined)
})

test('without memory nothing is kept', () => {
  const folder = new FakeFolder()
  folder.files.set('a', { text: 'a', version: '1' })
  folder.files.set('empty', { text: '', version: '2' })
  const files = store(folder, { revalidate: 60_000, cacheSize: 0 })
  assert.is(found(files, 'a').bytes, undefined)
  assert.is(found(files, 'a').bytes, undefined)
  assert.is(folder.opened, 2)
  // There is nothing to send of a file that is empty.
  assert.is(found(files, 'empty').bytes?.length, 0)
})

test('the memory is bounded', () => {
  const folder = new FakeFolder()
  for (let at = 0; at < 100; at += 1) folder.files.set(`${at}`, { text: 'x'.repeat(1000), version: `${at}` })
  const files = store(folder, { revalidate: 60_000, cacheSize: 20_000 })
  for (let at = 0; at < 100; at += 1) found(files, `${at}`)
  assert.is(folder.reads, 100)
  found(files, '99')
  assert.is(folder.reads, 100)
  found(files, '0')
  assert.is(folder.reads, 101)
})

test.run()
