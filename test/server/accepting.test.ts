// Edge rule 1: accept until there is nothing more, and lose no edge when descriptors run out.
import { Router } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get } from './messages.js'
import { runProgram } from './programs.js'
import { connect, leaveAll } from './raw_client.js'
import { counts, serving } from './serving.js'
import { gate, until } from './waiting.js'

const app = new Router().get('/', () => 'answered')

test('clients that connect at the same moment are all answered', () =>
  serving(app, async (server) => {
    // More than the server accepts in a turn; all of them wait in the backlog before it looks.
    const clients = await Promise.all(Array.from({ length: 400 }, () => connect(server)))
    for (const client of clients) client.send(get())
    const answers = await Promise.all(clients.map((client) => client.response()))
    assert.ok(answers.every(({ text }) => text === 'answered'))
    await counts(server, { accepted: 400, open: 400 })
  }))

test('clients that connect while others are being answered are answered', () =>
  serving(app, async (server) => {
    const one = async () => {
      for (let round = 0; round < 10; round += 1) {
        const client = await connect(server)
        assert.is((await client.send(get()).response()).text, 'answered')
        client.leave()
      }
    }
    await Promise.all(Array.from({ length: 30 }, one))
    await counts(server, { accepted: 300 })
    await until(() => server.stats().open === 0, 'the server has seen them leave')
  }))

test('a client that leaves before it was accepted harms nobody', () =>
  serving(app, async (server) => {
    const hasty = await Promise.all(Array.from({ length: 20 }, () => connect(server)))
    for (const client of hasty) client.crash()
    const client = await connect(server)
    assert.is((await client.send(get()).response()).text, 'answered')
    await until(() => server.stats().open === 1, 'the server has seen them leave')
  }))

const fewDescriptors = process.platform === 'win32' ? test.skip : test

fewDescriptors('clients that wait while descriptors have run out are answered when others leave', async () => {
  const program = runProgram('port_of_few', { before: 'ulimit -n 256' })
  const port = Number((await program.says(/port (\d+)/))[1])
  const asker = await connect({ port })
  assert.is((await asker.send(get()).response()).text, 'answered')
  const clients = await Promise.all(Array.from({ length: 60 }, () => connect({ port })))
  let answered = 0
  const mayLeave = gate()
  const all = Promise.all(
    clients.map(async (client) => {
      assert.is((await client.send(get()).response()).text, 'answered')
      answered += 1
      await mayLeave.opened
      client.leave()
    }),
  )
  // It is waited for below; if it fails before that, it is not unhandled.
  all.catch(() => {})
  const isExhausted = async () => (await asker.send(get('/exhausted')).response()).text === 'EMFILE'
  await until(isExhausted, 'descriptors have run out')
  await until(() => answered > 0, 'those are answered that found a descriptor')
  assert.ok(answered < clients.length, 'the others wait')

  // Each that is answered leaves, and makes room for one that waits.
  mayLeave.open()
  await all
  assert.is((await (await connect({ port })).send(get()).response()).text, 'answered')
  leaveAll()
  program.child.kill()
  await program.ended()
})

test.run()
