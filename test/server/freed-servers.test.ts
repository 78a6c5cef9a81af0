// Servers that have closed are collected, with all that their handlers hold.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { serve } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get } from './messages.js'
import { connect, leaveAll } from './raw_client.js'
import { turn } from './waiting.js'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const SERVERS = 20

async function collected(freed: () => number, of: number, what: string): Promise<void> {
  for (let turns = 0; turns < 200 && freed() < of; turns += 1) {
    collect()
    await turn()
  }
  // The last one may be on the stack of what waited for it.
  assert.ok(freed() >= of - 1, `${freed()} of ${of} ${what} were collected`)
}

test('a server that has closed is collected, and what its handler holds', async () => {
  let freed = 0
  const registry = new FinalizationRegistry(() => {
    freed += 1
  })
  for (let count = 0; count < SERVERS; count += 1) {
    const held = { text: `x${count}` }
    registry.register(held, undefined)
    const server = await serve(() => held.text, { port: 0, host: '127.0.0.1' })
    const client = await connect(server)
    await client.send(get()).response()
    client.leave()
    await server.close()
  }
  leaveAll()
  await collected(() => freed, SERVERS, 'servers')
})

test('a server that could not listen is collected', async () => {
  let freed = 0
  const registry = new FinalizationRegistry(() => {
    freed += 1
  })
  const taken = await serve(() => 'x', { port: 0, host: '127.0.0.1' })
  for (let count = 0; count < SERVERS; count += 1) {
    const held = { text: `x${count}` }
    registry.register(held, undefined)
    await serve(() => held.text, { port: taken.port, host: '127.0.0.1' }).then(
      () => assert.unreachable(),
      () => {},
    )
  }
  await collected(() => freed, SERVERS, 'servers')
  await taken.close()
})

test.run()
