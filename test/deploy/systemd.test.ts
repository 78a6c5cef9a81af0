// The units of examples/deploy: systemd finds nothing to complain of, and what they start serves on a socket of systemd.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fileTree } from '../file_tree.js'
import { freePort } from '../peers/ports.js'
import { until } from '../server/waiting.js'
import { askFrom, childrenOf, FOLDER, fileOf, isFound, replaced } from './deployed.js'

const tried = isFound('systemd-socket-activate') || process.env.CI === 'true' ? test : test.skip

const service = () =>
  replaced(fileOf('systemd/app.service'), [
    '/usr/bin/node /srv/app/server.js',
    `${process.execPath} ${FOLDER}/server.js`,
  ])

tried('systemd-analyze verify has nothing to say', () => {
  const folder = fileTree({ 'app.service': service(), 'app.socket': fileOf('systemd/app.socket') })
  const units = ['app.socket', 'app.service'].map((name) => join(folder, name))
  const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', ...units], { encoding: 'utf8' })
  // Units of the machine that are not the example's.
  const said = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('app.'))
  assert.equal([said, status], [[], 0], stderr)
})

tried('the service starts by its first client, is reloaded, and ends', async () => {
  const [, command = ''] = /^ExecStart=(.+)$/m.exec(service()) ?? []
  const [port, adminPort] = [await freePort(), await freePort()]
  const args = ['-l', `127.0.0.1:${port}`, '-E', 'WORKERS=2', '-E', `ADMIN_PORT=${adminPort}`, ...command.split(' ')]
  const child = spawn('systemd-socket-activate', args, { stdio: ['ignore', 'ignore', 'inherit'] })
  process.once('exit', () => child.kill('SIGKILL'))
  const ask = (path: string) => askFrom('127.0.0.1', port, path)
  await until(
    () =>
      ask('/ready').then(
        ({ status }) => status === 200,
        () => false,
      ),
    'the service is ready',
  )
  const workers = () => childrenOf(child.pid)
  await until(() => workers().length === 2, 'two workers run')
  const scrape = () => askFrom('127.0.0.1', adminPort, '/metrics').catch(() => undefined)
  const isTold = async () => /^brink_server_ready\{worker="1"\} 1$/m.test((await scrape())?.text ?? '')
  await until(isTold, 'the metrics of all workers are told')
  const before = workers()
  child.kill('SIGHUP')
  while (before.some((pid) => workers().includes(pid))) assert.is((await ask('/')).text, 'Hello')
  child.kill('SIGTERM')
  assert.equal(await once(child, 'exit'), [0, null])
})

test.run()
