// Writes each result at once, so that a process that hangs or dies keeps what it had.
const { appendFileSync } = require('node:fs')

const say = (line) => appendFileSync(process.env.SUITE_RESULTS, `${JSON.stringify(line)}\n`)

module.exports = function Reporter(runner) {
  runner.on('pass', (test) => say({ result: 'pass', name: test.fullTitle() }))
  runner.on('pending', (test) => say({ result: 'skip', name: test.fullTitle() }))
  runner.on('fail', (test, error) =>
    say({ result: 'fail', name: test.fullTitle(), error: String(error?.stack ?? error) }),
  )
  runner.on('end', () => say({ result: 'end' }))
}
