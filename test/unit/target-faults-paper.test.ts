// docs/target-faults.md: its examples are in the grammar, and it names every clause, with the defaults of the sources.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { CLAUSE_NAMES, clausesFor } from '#brink/faults/fault_clauses.js'
import { checkedFaultLimits } from '#brink/faults/fault_limits.js'
import { parseFaults } from '#brink/faults/fault_spec.js'
import { Plan } from '#brink/faults/plan.js'
import { codeBlocks, paper } from './papers.js'

const text = paper('docs/target-faults.md')

/** The clauses of a table with the examples of each. */
function rows(): { readonly name: string; readonly example: string }[] {
  return [...text.matchAll(/^\| `([a-z-]+)` \| .* \| `([^`]+)` \|$/gm)].map(([, name, example]) => ({
    name: name as string,
    example: example as string,
  }))
}

test('every clause has a row, and none has two', () => {
  const names = rows().map(({ name }) => name)
  assert.equal([...names].sort(), [...CLAUSE_NAMES].sort())
})

for (const { name, example } of rows()) {
  test(`the example of ${name} is in the grammar, and has the clause`, () => {
    assert.match(example, new RegExp(`(^|; )${name}(=|$)`))
    const isOfAnswers = (clausesFor('answer') as string[]).includes(name)
    parseFaults(example, isOfAnswers ? 'answer' : 'server')
  })
}

test('its plan is one', () => {
  const plans = codeBlocks(text).filter(({ language, code }) => language === 'json' && code.includes('phases"'))
  assert.is(plans.length, 1)
  new Plan().set(plans[0]?.code, 'now')
})

test('its values are in the grammar', () => {
  const section = text.split('\n## Values\n')[1]?.split('\n## ')[0] ?? ''
  const cells = [...section.matchAll(/^\| (`[^|]+`) \|/gm)].map(([, cell]) => String(cell))
  const texts = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, value]) => String(value)))
  assert.ok(texts.length > 15, String(texts))
  for (const value of texts) {
    const clause = /B$/.test(value) ? `size=${value}` : /^503/.test(value) ? `status=${value}` : `delay=${value}`
    parseFaults(value.startsWith('empty') ? value : clause, 'answer', { maxDelay: 3_600_000, maxSize: 2 ** 30 })
  }
})

test('its limits are those of the sources', () => {
  for (const [name, value] of Object.entries(checkedFaultLimits())) {
    assert.ok(text.includes(`| \`${name}\` | ${value.toLocaleString('en-US')} |`), name)
  }
})

test.run()
