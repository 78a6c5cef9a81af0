// Every requirement of the table is met: its test is registered from the table itself, under the requirement's section.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { bodies } from './bodies.js'
import { connections } from './connections.js'
import { fields } from './fields.js'
import type { Proof } from './proof.js'
import { requestLines } from './request_lines.js'
import { type Chapter, notMet, rfc9110, rfc9112, stricter, type TestName } from './requirements.js'
import { semantics } from './semantics.js'

const groups: Record<string, Proof>[] = [requestLines, fields, bodies, connections, semantics]
const proofs = new Map(groups.flatMap((group) => Object.entries(group)))
const asked = new Map<TestName, string[]>()

const chapters: [string, Chapter][] = [
  ['RFC 9112, ', rfc9112],
  ['RFC 9110, ', rfc9110],
  ['stricter than ', stricter],
  ['not met: ', notMet],
]
for (const [book, chapter] of chapters) {
  for (const [section, requirements] of Object.entries(chapter)) {
    for (const [level, , name] of requirements) {
      const sections = asked.get(name) ?? []
      asked.set(name, [...sections, `${book}${section} ${level}`])
    }
  }
}

for (const [name, sections] of asked) {
  test(`${name} (${[...new Set(sections)].join('; ')})`, async () => {
    const proof = proofs.get(name)
    assert.ok(proof, 'it has a proof')
    await proof?.()
  })
}

test('every proof is asked for by the book', () => {
  const idle = [...proofs.keys()].filter((name) => !asked.has(name as TestName))
  assert.equal(idle, [])
})

test.run()
