// The access log of a command line with workers, which logrotate moves away.
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get } from '../server/messages.js'
import { runBrink } from '../server/programs.js'
import { ask } from '../server/raw_client.js'
import { until } from '../server/waiting.js'

const ROUTES = fileURLToPath(new URL('../../routes', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'brink-workers-log-'))
test.after(() => rmSync(folder, { recursive: true, force: true }))

const linesIn = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0)

test('SIGUSR1 to the supervisor makes all workers open their log again, and no line is lost', async () => {
  const file = join(folder, 'access.log')
  const brink = runBrink([ROUTES, '--port', '0', '--workers', '2', '--access-log', '--access-log-to', file])
  const [, port] = await brink.says(/^brink listening on http:\/\/\S+:(\d+) \(/m)
  const server = { port: Number(port) }
  let asked = 0
  const askSome = async () => {
    for (let times = 0; times < 40; times += 1) {
      assert.is((await ask(server, get('/plaintext'))).status, 200)
      asked += 1
    }
  }
  await askSome()
  await until(() => linesIn(file) === asked, 'the first lines are there')
  const before = asked
  renameSync(file, `${file}.1`)
  brink.child.kill('SIGUSR1')
  await until(() => existsSync(file), 'the file is there again')
  await askSome()
  brink.child.kill('SIGTERM')
  assert.is(await brink.ended(), 0, brink.errors())
  assert.is(linesIn(`${file}.1`) + linesIn(file), asked)
  assert.ok(linesIn(file) > 0 && linesIn(`${file}.1`) >= before)
})

test('a log that cannot be opened is told in one sentence', async () => {
  const file = join(folder, 'none', 'access.log')
  const brink = runBrink([ROUTES, '--port', '0', '--access-log-to', file])
  assert.is(await brink.ended(), 1)
  assert.match(brink.errors(), /^The access log cannot be opened: ENOENT: [^\n]*\n$/)
})

test.run()
