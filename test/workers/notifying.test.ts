// What a supervisor tells systemd.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { notifySystemd } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fileTree } from '../file_tree.js'
import { canReceive, receiving } from '../server/notify_receiver.js'
import { runFile } from '../server/programs.js'
import { until } from '../server/waiting.js'
import { signs } from './supervising.js'

const linux = canReceive ? test : test.skip
const PROGRAM = fileURLToPath(new URL('./apps/supervisor.js', import.meta.url))

linux('a supervisor that is told to end while a worker starts does not say that it is ready', async () => {
  const address = join(fileTree({}), 'notify.sock')
  const receiver = await receiving(address)
  process.env.NOTIFY_SOCKET = address
  try {
    const own = signs('hesitates')
    // The worker that serves outlives the one that starts.
    const options = { readinessDelay: 500, grace: 0, deadline: 60_000 }
    const program = runFile(PROGRAM, { args: [own.folder, JSON.stringify(options)] })
    await program.says(/^ready/m)
    await until(() => own.text('hesitates') === 'now', 'the other worker starts')
    program.child.kill('SIGTERM')
    assert.is(await program.ended(), 0, program.errors())
    notifySystemd('STATUS=ended')
    assert.is(await receiver.told(), 'STATUS=ended')
  } finally {
    delete process.env.NOTIFY_SOCKET
    receiver.stop()
  }
})

test.run()
