// Imports go down only: between the rooms of src/, in the order of ARCHITECTURE.md, and between files, without circles.
// An import of a type counts like any other.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT } from './papers.js'

interface Room {
  readonly name: string
  /** The files that other rooms import. */
  readonly doors: readonly string[]
}

/** The rooms of ARCHITECTURE.md, from the lowest up. */
function roomsOfPaper(): Room[] {
  const paper = readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8')
  const section = paper.split('### The rooms of `src/`')[1]?.split('\n## ')[0] ?? ''
  return [...section.matchAll(/^\| `(\w+)\/` \|[^|]*\|([^|]*)\|$/gm)].map(([, name, doors]) => ({
    name: name as string,
    doors: [...(doors as string).matchAll(/`(\w+)`/g)].map(([, door]) => door as string),
  }))
}

/** The files of a folder with those that each imports from the same folder, as `room/file`. */
function importsUnder(folder: string): Map<string, readonly string[]> {
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('node_modules'))
    .map((name) => name.replaceAll('\\', '/').replace(/\.ts$/, ''))
  const all = new Set(names)
  return new Map(
    names.map((name) => {
      const text = readFileSync(join(ROOT, folder, `${name}.ts`), 'utf8')
      const targets = [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*['"](\.\.?\/[^'"]+)\.js['"]/g)]
      const found = targets.map(([, target]) => join(dirname(name), target as string).replaceAll('\\', '/'))
      return [name, found.filter((target) => all.has(target))]
    }),
  )
}

/** Undefined for the files at the top, which may import every room. */
function roomOf(name: string): string | undefined {
  return name.includes('/') ? name.split('/')[0] : undefined
}

/** One circle of imports, or undefined. */
function circleIn(imports: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>()
  const way: string[] = []
  const visit = (name: string): string[] | undefined => {
    if (done.has(name)) return undefined
    const begin = way.indexOf(name)
    if (begin !== -1) return [...way.slice(begin), name]
    way.push(name)
    for (const target of imports.get(name) ?? []) {
      const circle = visit(target)
      if (circle !== undefined) return circle
    }
    way.pop()
    done.add(name)
    return undefined
  }
  for (const name of imports.keys()) {
    const circle = visit(name)
    if (circle !== undefined) return circle
  }
  return undefined
}

const rooms = roomsOfPaper()
const imports = importsUnder('src')

test('every room of src/ is in ARCHITECTURE.md, and the other way round', () => {
  const found = new Set([...imports.keys()].map(roomOf).filter((room) => room !== undefined))
  assert.equal(rooms.map(({ name }) => name).sort(), [...found].sort())
})

test('imports between rooms go down only', () => {
  const height = new Map(rooms.map(({ name }, place) => [name, place]))
  const upward: string[] = []
  for (const [name, targets] of imports) {
    const from = roomOf(name)
    if (from === undefined) continue
    for (const target of targets) {
      const to = roomOf(target)
      const isDown = to !== undefined && (height.get(to) as number) <= (height.get(from) as number)
      if (!isDown) upward.push(`${name} imports ${target}`)
    }
  }
  assert.equal(upward, [])
})

test('a room is entered by the files that ARCHITECTURE.md names for it, and by each of them', () => {
  const entered = new Map<string, Set<string>>(rooms.map(({ name }) => [name, new Set()]))
  for (const [name, targets] of imports) {
    for (const target of targets) {
      const to = roomOf(target)
      if (to !== undefined && to !== roomOf(name)) entered.get(to)?.add(target.slice(to.length + 1))
    }
  }
  for (const { name, doors } of rooms) assert.equal([...(entered.get(name) ?? [])].sort(), [...doors].sort(), name)
})

for (const folder of ['src', 'test', 'routes', 'load']) {
  test(`no file of ${folder}/ imports itself by way of others`, () => {
    assert.is(circleIn(importsUnder(folder))?.join(' -> '), undefined)
  })
}

test.run()
