// Generated exchanges. One seed is one exchange, on every machine.
//
//   node dist/test/frameworks/generated/run.js SUBJECT FIRST-SEED COUNT

import { Judge } from '../judge.js'
import { subject } from '../subjects.js'
import { makeExchange } from './generator.js'

const [subjectName = 'brink', first = '1', count = '300'] = process.argv.slice(2)
const judge = new Judge(await subject(subjectName))
for (let seed = Number(first); seed < Number(first) + Number(count); seed++) {
  await judge.row(`generated: seed ${seed}`, () => makeExchange(seed), [seed % 2 === 0])
}
judge.end()
