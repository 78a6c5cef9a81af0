// Writes the results of node:test as the reporter for mocha does.
import { appendFileSync } from 'node:fs'

const say = (line) => appendFileSync(process.env.SUITE_RESULTS, `${JSON.stringify(line)}\n`)

export default async function* report(events) {
  const names = []
  for await (const { type, data } of events) {
    if (type === 'test:start') {
      names.length = data.nesting
      names[data.nesting] = data.name
    }
    if ((type !== 'test:pass' && type !== 'test:fail') || data.details?.type === 'suite') continue
    names.length = data.nesting
    const name = [...names, data.name].join(' > ')
    const error = data.details?.error
    if (data.skip !== undefined || data.todo !== undefined) say({ result: 'skip', name })
    else if (type === 'test:pass') say({ result: 'pass', name })
    else say({ result: 'fail', name, error: String(error?.cause?.stack ?? error?.stack ?? error) })
  }
  say({ result: 'end' })
  yield ''
}
