// What systemd is told: by datagrams to the socket that NOTIFY_SOCKET names.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { notifySystemd, serve } from 'brink'
import type { FetchInfo } from 'brink/fetch'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fileTree } from '../file_tree.js'
import { get } from './messages.js'
import { canReceive, jsonLines, receiving } from './notify_receiver.js'
import { connect, leaveAll } from './raw_client.js'
import { gate, turn, within } from './waiting.js'

const linux = canReceive ? test : test.skip

const PROGRAM = fileURLToPath(new URL('./programs/passed_server.js', import.meta.url))

function started(env: NodeJS.ProcessEnv, watched = '') {
  const shell = ['-c', `${watched} exec "$0" "$@"`, process.execPath, PROGRAM, '{"port":0}']
  const child = spawn('bash', shell, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] })
  process.once('exit', () => child.kill('SIGKILL'))
  return { child, next: jsonLines(child.stdout) }
}

const addresses = [
  ['a path', join(fileTree({}), 'notify.sock')],
  ['a name without a file', `@brink-notify-${process.pid}`],
] as const
for (const [what, address] of addresses) {
  linux(`systemd is told at ${what} of the begin, a reload, the watchdog and the end`, async () => {
    const { told, stop } = await receiving(address)
    try {
      const other = started({ NOTIFY_SOCKET: address, WATCHDOG_USEC: '20000', WATCHDOG_PID: '1' })
      assert.is(await told(), 'READY=1')
      await other.next()
      other.child.stdin.write('reload')
      assert.match(String(await told()), /^RELOADING=1\nSTATUS=again\nMONOTONIC_USEC=\d+$/)
      assert.is(await told(), 'READY=1')
      other.child.stdin.end()
      // Its watchdog is another process's.
      assert.is(await told(), 'STOPPING=1')
      await once(other.child, 'exit')

      const own = started({ NOTIFY_SOCKET: address, WATCHDOG_USEC: '20000' }, 'export WATCHDOG_PID=$$;')
      assert.is(await told(), 'READY=1')
      for (let times = 0; times < 3; times += 1) assert.is(await told(), 'WATCHDOG=1')
      own.child.stdin.end()
      let last = await told()
      while (last === 'WATCHDOG=1') last = await told()
      assert.is(last, 'STOPPING=1')
      const [code] = await within(once(own.child, 'exit'), 'the timer to let the process end')
      assert.is(code, 0)
    } finally {
      stop()
    }
  })
}

linux('when systemd cannot be told, the server serves, and a warning says so once', async () => {
  const { child, next } = started({ NOTIFY_SOCKET: join(fileTree({}), 'nowhere'), WATCHDOG_USEC: '20000' })
  const said = [await next(), await next()] as { warning?: string; message?: string; listeners?: object }[]
  const { warning, message } = said.find((one) => one.warning !== undefined) ?? {}
  assert.is(warning, 'BRINK_NOTIFY_FAILED')
  assert.match(message ?? '', /READY=1 at NOTIFY_SOCKET: ENOENT/)
  assert.ok(said.some(({ listeners }) => listeners !== undefined))
  child.stdin.end()
  assert.equal(await next(), { closed: true })
})

test('without NOTIFY_SOCKET nothing is told', () => {
  delete process.env.NOTIFY_SOCKET
  assert.is(notifySystemd('READY=1'), false)
  process.env.NOTIFY_SOCKET = 'vsock:2:1234'
  assert.is(notifySystemd('READY=1'), false)
  delete process.env.NOTIFY_SOCKET
})

for (const wrong of ['READY', 'READY=1\nSTOPPING=1', 'ready=1', '=1', 1]) {
  test(`to tell ${JSON.stringify(wrong)} is an error`, () => {
    try {
      notifySystemd(wrong as string)
      assert.unreachable('it was told')
    } catch (error) {
      assert.is((error as { code?: string }).code, 'ERR_INVALID_ARG_VALUE')
    }
  })
}

linux('the watchdog is told as long as a server is open, whenever what a closed one waits for settles', async () => {
  const address = join(fileTree({}), 'notify.sock')
  const { child: receiver, told } = await receiving(address)
  Object.assign(process.env, { NOTIFY_SOCKET: address, WATCHDOG_USEC: '20000' })
  try {
    const work = gate<void>()
    const waiting = await serve(
      {
        fetch: (_request: Request, info: FetchInfo) => {
          info.waitUntil(work.opened)
          return new Response('later')
        },
      },
      { port: 0, host: '127.0.0.1' },
    )
    const other = await serve(() => 'x', { port: 0, host: '127.0.0.1' })
    await (await connect(waiting)).send(get()).response()
    await waiting.close({ deadline: 20 })
    work.open()
    await turn()
    assert.is(await told(), 'READY=1')
    // More than may have waited to be read.
    for (let times = 0; times < 50; times += 1) assert.is(await told(), 'WATCHDOG=1')
    await other.close()
    leaveAll()
  } finally {
    delete process.env.NOTIFY_SOCKET
    delete process.env.WATCHDOG_USEC
    receiver.kill()
  }
})

test.run()
