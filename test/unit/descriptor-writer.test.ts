// Writing to files and pipes whose readers are slow, or gone.
import { spawnSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { DescriptorWriter, fileTarget, type Piece } from '#brink/logging/descriptor_writer.js'
import { until } from '../server/waiting.js'

const folder = mkdtempSync(join(tmpdir(), 'brink-writer-'))
test.after(() => rmSync(folder, { recursive: true, force: true }))

let pipes = 0
function newPipe(): string {
  pipes += 1
  const path = join(folder, `pipe${pipes}`)
  assert.is(spawnSync('mkfifo', [path]).status, 0)
  return path
}

function reader(path: string): { readonly read: () => string; readonly leave: () => void } {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const buffer = Buffer.alloc(3000)
  const read = () => {
    try {
      return buffer.toString('latin1', 0, readSync(descriptor, buffer))
    } catch {
      return ''
    }
  }
  return { read, leave: () => closeSync(descriptor) }
}

function watched(): { failed: string[]; lost: number; watcher: ConstructorParameters<typeof DescriptorWriter>[1] } {
  const seen = { failed: [] as string[], lost: 0 }
  const watcher = {
    failed: (error: unknown) => void seen.failed.push(String(error)),
    lost: (lines: number) => {
      seen.lost += lines
    },
  }
  return Object.assign(seen, { watcher })
}

function piece(text: string, done = () => {}): Piece {
  return { bytes: Buffer.from(text), lines: text.split('\n').length - 1, done }
}

/** 64 KiB and more: what a pipe does not take at once. */
function manyLines(name: string, count = 4000): string {
  return Array.from({ length: count }, (_, line) => `${name} ${line} ${name.repeat(20)}\n`).join('')
}

test('a pipe without a reader is an error, and not waited for', () => {
  assert.throws(() => fileTarget(newPipe()), /ENXIO/)
})

test('lines of two writers are not mixed in a pipe that is full', async () => {
  const path = newPipe()
  const { read, leave } = reader(path)
  const { watcher, failed } = watched()
  const writers = ['a', 'b'].map((name) => ({ name, writer: new DescriptorWriter(fileTarget(path), watcher) }))
  for (const { name, writer } of writers) {
    for (let part = 0; part < 4; part += 1) writer.write(piece(manyLines(name, 1000)))
  }
  let text = ''
  const expected = 2 * manyLines('a', 1000).length * 4
  await until(() => {
    text += read()
    return text.length >= expected
  }, 'all is read')
  const wrong = text.split('\n').filter((line) => !/^(?:a \d+ a{20}|b \d+ b{20})?$/.test(line))
  assert.equal(wrong, [])
  for (const { writer } of writers) writer.close()
  leave()
  assert.equal(failed, [])
})

test('after its close nothing is written to the number of its descriptor, which is another file by then', async () => {
  const path = newPipe()
  const { read, leave } = reader(path)
  const seen = watched()
  const writer = new DescriptorWriter(fileTarget(path), seen.watcher)
  writer.write(piece(manyLines('a')))
  writer.write(piece(manyLines('b')))
  await writer.flushed(1)
  writer.close()
  assert.is(seen.lost, 8000)
  const files = Array.from({ length: 20 }, (_, file) => join(folder, `other${file}`))
  const descriptors = files.map((file) => openSync(file, 'w'))
  let reads = 0
  await until(() => {
    reads += read() === '' ? 1 : 0
    return reads > 100
  }, 'the pipe is empty')
  assert.is(files.map((file) => readFileSync(file, 'utf8')).join(''), '')
  for (const descriptor of descriptors) closeSync(descriptor)
  leave()
  assert.equal(seen.failed, [])
})

test('small pieces that wait do not keep the memory that they are part of', () => {
  const path = newPipe()
  const { leave } = reader(path)
  const writer = new DescriptorWriter(fileTarget(path), watched().watcher)
  writer.write(piece(manyLines('a')))
  let kept = 0
  for (let count = 0; count < 1000; count += 1) {
    kept += 1
    writer.write(
      piece('a line\n', () => {
        kept -= 1
      }),
    )
  }
  assert.is(kept, 0)
  writer.close()
  leave()
})

test('thousands of pieces that have waited are written when the pipe is read', async () => {
  const path = newPipe()
  const { read, leave } = reader(path)
  const seen = watched()
  const writer = new DescriptorWriter(fileTarget(path), seen.watcher)
  writer.write(piece(manyLines('a')))
  for (let count = 0; count < 20_000; count += 1) writer.write(piece('b\n'))
  const expected = manyLines('a').length + 40_000
  let size = 0
  await until(() => {
    for (let more = read(); more !== ''; more = read()) size += more.length
    return size >= expected
  }, 'all is read')
  await writer.flushed(1000)
  writer.close()
  leave()
  assert.equal([size, seen.lost, seen.failed], [expected, 0, []])
})

test('what waits for a pipe is written when the process ends, and a reader that has stopped holds it up for a second', () => {
  const path = newPipe()
  const { read, leave } = reader(path)
  const writer = new DescriptorWriter(fileTarget(path), watched().watcher)
  const whole = manyLines('a')
  writer.write(piece(whole))
  let text = ''
  for (let more = read(); more !== ''; more = read()) text += more
  writer.write(piece('last\n'))
  const began = performance.now()
  writer.flushSync()
  // Twice what a pipe takes: the second half of it waits until nobody reads it.
  for (let more = read(); more !== ''; more = read()) text += more
  assert.ok(`${whole}last\n`.startsWith(text), 'in order')
  assert.ok(performance.now() - began < 30_000)
  leave()
})

test.run()
