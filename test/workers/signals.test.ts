// A supervisor that is told to end, to reload, or that is killed.

import { fileURLToPath } from 'node:url'
import { serve } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get } from '../server/messages.js'
import { type Program, runBrink, runFile } from '../server/programs.js'
import { ask, connect, leaveAll } from '../server/raw_client.js'
import { until } from '../server/waiting.js'
import { gone, signs } from './supervising.js'

test.after(leaveAll)

const PROGRAM = fileURLToPath(new URL('./apps/supervisor.js', import.meta.url))

interface Running {
  readonly program: Program
  readonly port: number
  readonly pids: readonly number[]
}

async function running(folder: string, options: object = {}): Promise<Running> {
  const program = runFile(PROGRAM, { args: [folder, JSON.stringify(options)] })
  const [, port, pids = ''] = await program.says(/^port (\d+) pids ([\d,]+)$/m)
  return { program, port: Number(port), pids: pids.split(',').map(Number) }
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} drains all workers, and the process exits with 0`, async () => {
    const own = signs()
    const { program, port, pids } = await running(own.folder)
    const busy = (await connect({ port })).send(get('/wait'))
    await until(() => own.has('waits'), 'the request has come')
    program.child.kill(signal)
    own.give('go')
    assert.is((await busy.response()).status, 200)
    busy.leave()
    assert.is(await program.ended(), 0, program.errors())
    for (const pid of pids) await gone(pid)
    await (await serve(() => 'free', { port })).close()
  })
}

test('a second signal cuts', async () => {
  const own = signs()
  const { program, port, pids } = await running(own.folder)
  const busy = (await connect({ port })).send(get('/wait'))
  await until(() => own.has('waits'), 'the request has come')
  program.child.kill('SIGTERM')
  // One that has begun to drain takes no new connections.
  await until(async () => !(await connect({ port }).catch(() => undefined)), 'it has begun to drain')
  program.child.kill('SIGTERM')
  assert.is(await program.ended(), 143)
  await busy.closed()
  for (const pid of pids) await gone(pid)
})

test('a signal to all processes of the group drains', async () => {
  const own = signs()
  const { program, port, pids } = await running(own.folder)
  const busy = (await connect({ port })).send(get('/wait'))
  await until(() => own.has('waits'), 'the request has come')
  for (const pid of [...pids, program.child.pid as number]) process.kill(pid, 'SIGINT')
  own.give('go')
  assert.is((await busy.response()).status, 200)
  busy.leave()
  assert.is(await program.ended(), 0, program.errors())
})

test('SIGHUP replaces the workers', async () => {
  const own = signs()
  const { program, port, pids } = await running(own.folder)
  program.child.kill('SIGHUP')
  await program.says(/^reload/m)
  for (const pid of pids) await gone(pid)
  assert.is((await ask({ port }, get('/'))).status, 200)
  program.child.kill('SIGTERM')
  assert.is(await program.ended(), 0)
})

test('workers of a supervisor that is killed answer what they have, and end', async () => {
  const own = signs()
  const { program, port, pids } = await running(own.folder)
  const busy = (await connect({ port })).send(get('/wait'))
  await until(() => own.has('waits'), 'the request has come')
  program.child.kill('SIGKILL')
  own.give('go')
  assert.is((await busy.response()).status, 200)
  busy.leave()
  for (const pid of pids) await gone(pid)
  await (await serve(() => 'free', { port })).close()
})

test('the command line runs its routes in workers', async () => {
  const routes = fileURLToPath(new URL('../../routes', import.meta.url))
  const program = runBrink([routes, '--workers', '2', '--port', '0', '--grace', '0'])
  const [, port] = await program.says(/^brink listening on http:\/\/127\.0\.0\.1:(\d+) \(2 workers, \w.*\)$/m)
  assert.is((await ask({ port: Number(port) }, get('/health'))).status, 200)
  program.child.kill('SIGHUP')
  await until(() => /^brink has reloaded its workers$/m.test(program.errors()), 'it has reloaded')
  assert.is((await ask({ port: Number(port) }, get('/health'))).status, 200)
  program.child.kill('SIGTERM')
  assert.is(await program.ended(), 0)
  assert.is(program.errors(), 'brink has reloaded its workers\n')
})

test('the command line says once why no worker starts', async () => {
  const program = runBrink(['/does-not-exist', '-w', '3', '-p', '0'])
  assert.is(await program.ended(), 1)
  assert.match(program.errors(), /^The routes folder .*does-not-exist.* does not exist\.\n$/)
})

test.run()
