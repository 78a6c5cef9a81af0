// Runs a chapter of the table, in a process of its own: a crash costs one chapter.
//
//   node dist/test/frameworks/program.js SUBJECT CHAPTER [PART]

import { Judge } from './judge.js'
import { subject } from './subjects.js'
import { chapters } from './table/chapters.js'

const [subjectName = 'brink', chapter = '', part = ''] = process.argv.slice(2)
const judge = new Judge(await subject(subjectName))
for (const exchange of chapters[chapter] ?? []) {
  if (exchange.name.includes(part)) await judge.row(`${chapter}: ${exchange.name}`, () => exchange, [false, true])
}
judge.end()
