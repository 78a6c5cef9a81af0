// What breaks HTTP on purpose is reached by the load target alone.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as brink from 'brink'
import * as fetch from 'brink/fetch'
import * as node from 'brink/node'
import * as workers from 'brink/workers'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT } from './papers.js'

const SOURCES = join(ROOT, 'src')
const DIST = join(ROOT, 'dist')

/** The modules that import one. */
function importersOf(name: string): string[] {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  const isImported = (file: string) => readFileSync(join(SOURCES, file), 'utf8').includes(`/${name}.js'`)
  return files.filter(isImported).sort()
}

test('each of its parts is imported by one other', () => {
  assert.equal(importersOf('broken_framing'), ['faulty/faulty_answer.ts'])
  assert.equal(importersOf('faulty_answer'), ['faulty/faulty_dispatcher.ts'])
  const target = (file: string) => file.startsWith('target/')
  assert.ok(importersOf('faulty_dispatcher').every(target))
  assert.equal(importersOf('own_answer'), [
    'faulty/faulty_answer.ts',
    'reply/reply_stream.ts',
    'server/answering.ts',
    'server/sending.ts',
  ])
})

test('no export leads to it', () => {
  for (const module of [brink, fetch, node, workers]) {
    for (const name of Object.keys(module)) assert.not.match(name, /own|exchange|faulty|broken|dispatcher|writing/i)
  }
})

test('it is in the bundle of the target, and in none that an app loads', () => {
  const loads = (file: string, seen = new Set<string>()): string => {
    if (seen.has(file)) return ''
    seen.add(file)
    const text = readFileSync(join(DIST, file), 'utf8')
    const chunks = [...text.matchAll(/\bchunk-\w+\.js\b/g)].map(([name]) => name)
    return [text, ...chunks.map((name) => loads(name, seen))].join('')
  }
  assert.ok(loads('target.js').includes('two hundred'))
  for (const entry of ['index.js', 'fetch.js', 'node.js', 'workers.js']) {
    assert.not.ok(loads(entry).includes('two hundred'), entry)
  }
})

test.run()
