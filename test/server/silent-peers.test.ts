// A client that vanishes without a word, as a telephone does in a tunnel: the system asks it now and then whether it is still
// there, so a quiet stream does not wait for it for ever.
import { readFileSync } from 'node:fs'
import { Router } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get } from './messages.js'
import { connect } from './raw_client.js'
import { serving } from './serving.js'
import { gate, until } from './waiting.js'

const MOST_SILENT_S = 60
const CLOCK_TICKS = 100

/**
 * The seconds after which the system asks the peer of a connection, from /proc/net/tcp (see proc_net_tcp.txt of Linux);
 * undefined while something else is due, such as an acknowledgement, or never.
 */
function asksIn(port: number, peerPort: number): number | undefined {
  const hex = (number: number) => number.toString(16).toUpperCase().padStart(4, '0')
  const row = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .find(([, local, remote]) => local?.endsWith(`:${hex(port)}`) && remote?.endsWith(`:${hex(peerPort)}`))
  const [timer, when] = row?.[5]?.split(':') ?? []
  return timer === '02' ? Number.parseInt(when as string, 16) / CLOCK_TICKS : undefined
}

const onLinux = process.platform === 'linux' ? test : test.skip

onLinux('a client that is silent is asked within a minute whether it is still there', async () => {
  const never = gate()
  const app = new Router()
    .get('/hangs', () => never.opened)
    .get('/quiet', async function* () {
      yield 'begun'
      await never.opened
    })
  await serving(app, async (server) => {
    for (const target of [undefined, '/hangs', '/quiet']) {
      const client = await connect(server)
      if (target !== undefined) await client.sendSeen(server, get(target))
      if (target === '/quiet') await client.touched()
      await until(() => asksIn(server.port, client.localPort) !== undefined, 'the silent peer is to be asked')
      assert.ok((asksIn(server.port, client.localPort) ?? 0) <= MOST_SILENT_S)
    }
    never.open()
  })
})

test.run()
