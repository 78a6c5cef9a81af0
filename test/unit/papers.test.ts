// The README's table of options says what is so.
import { readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { checkedOptions } from '#brink/options.js'

const page = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')
const section = page.slice(page.indexOf('## Options'), page.indexOf('**To let others in**'))
const rows = [...section.matchAll(/^\| `(\w+)` \| (.*?) ?\| (.*) \|$/gm)].map(([, name, standard, meaning]) => ({
  name: String(name),
  standard: String(standard),
  meaning: String(meaning),
}))

delete process.env.BRINK_THREADS
delete process.env.BRINK_BACKEND
const options: Readonly<Record<string, unknown>> = { ...checkedOptions({}) }

test('the table lists every option', () => {
  assert.equal(rows.map(({ name }) => name).sort(), [...Object.keys(options), 'onClientError'].sort())
})

for (const { name, standard } of rows) {
  if (!/\d/.test(standard)) continue
  test(`${name}: the default is ${standard}`, () => {
    // A variable of the environment may stand before it.
    assert.is(Number(standard.replace(/^.* or /, '').replaceAll(',', '')), options[name])
  })
}

for (const { name, meaning } of rows) {
  const most = /at the most ([\d,]+)|(\d+) is the most/.exec(meaning)
  if (most === null) continue
  test(`${name}: the most is ${most[1] ?? most[2]}`, () => {
    const value = Number((most[1] ?? most[2])?.replaceAll(',', ''))
    checkedOptions({ [name]: value })
    assert.throws(() => checkedOptions({ [name]: value + 1 }), /must be a whole number/)
  })
}

test.run()
