import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { Router, type Server, serve } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head, post } from './messages.js'
import { runProgram } from './programs.js'
import { ask, connect, leaveAll } from './raw_client.js'
import { serving } from './serving.js'
import { gate, turn, until, within } from './waiting.js'

const hello = new Router().get('/', () => 'hello')

/** Runs a test with a server that the test closes itself. */
function closingTest(name: string, app: Router, run: (server: Server) => Promise<void>): void {
  test(name, async () => {
    const server = await serve(app, { port: 0, host: '127.0.0.1' })
    try {
      await run(server)
    } finally {
      leaveAll()
      await within(server.close({ force: 0 }), 'the server to close')
    }
  })
}

const closed = (server: Server, options = {}) => within(server.close(options), 'the server to close')

closingTest('closing ends idle connections in order, and nobody is let in any more', hello, async (server) => {
  const used = await connect(server)
  await used.send(get()).response()
  const fresh = await connect(server)
  await until(() => server.stats().open === 2, 'both are accepted')
  await closed(server)
  assert.is(await used.closed(), 'fin')
  assert.is(await fresh.closed(), 'fin')
  assert.is(server.stats().open, 0)
  try {
    await connect(server)
    assert.unreachable('a closed server has accepted')
  } catch (error) {
    assert.is((error as NodeJS.ErrnoException).code, 'ECONNREFUSED')
  }
})

test('closing waits for answers that are at work, which say that the connection closes', async () => {
  const slow = gate<string>()
  const server = await serve(() => slow.opened, { port: 0 })
  const clients = await Promise.all([connect(server), connect(server)])
  for (const client of clients) await client.sendSeen(server, get() + get())
  let isClosed = false
  const closing = server.close().then(() => {
    isClosed = true
  })
  for (let count = 0; count < 20; count += 1) await turn()
  assert.not.ok(isClosed)
  slow.open('at last')
  for (const client of clients) {
    const [first, last] = await client.receive(2)
    assert.is(first?.text, 'at last')
    assert.is(last?.text, 'at last')
    assert.is(first?.header('connection'), 'keep-alive')
    assert.is(last?.header('connection'), 'close')
    assert.is(await client.closed(), 'fin')
  }
  await within(closing, 'the server to close')
  leaveAll()
})

closingTest(
  'a request that is arriving while the server closes is answered',
  new Router().post('/', (req) => req.text()),
  async (server) => {
    const client = await connect(server)
    const bytes = post('/', 'the body')
    await client.sendSeen(server, bytes.subarray(0, -3))
    const closing = closed(server)
    client.send(bytes.subarray(-3))
    const answer = await client.response()
    assert.is(answer.text, 'the body')
    assert.is(answer.header('connection'), 'close')
    assert.is(await client.closed(), 'fin')
    await closing
  },
)

test('what was sent before the server closes is answered', async () => {
  const server = await serve(hello, { port: 0 })
  const client = await connect(server)
  await client.send(get()).response()
  // Both happen before the server looks again.
  client.send(get())
  const closing = server.close()
  assert.is((await client.response()).text, 'hello')
  assert.is(await client.closed(), 'fin')
  await within(closing, 'the server to close')
  leaveAll()
})

test('clients that wait to be accepted when the server closes are answered', async () => {
  const clients = 40
  await serving(
    () => 'accepted',
    async (server) => {
      const sent = new Int32Array(new SharedArrayBuffer(4))
      const worker = new Worker(new URL('./programs/backlog_client.js', import.meta.url), {
        workerData: { port: server.port, clients, sent },
      })
      const answers = once(worker, 'message')
      // A loop on this thread does not turn meanwhile.
      for (let count = 0; count < clients; count = Atomics.load(sent, 0)) Atomics.wait(sent, 0, count, 1_000)
      const closed = server.close()
      const [texts] = (await within(answers, 'the answers')) as [string[]]
      assert.is(texts.filter((text) => text.startsWith('HTTP/1.1 200') && text.endsWith('accepted')).length, clients)
      await closed
    },
  )
})

test('closing waits for a large answer to be taken', async () => {
  const body = new Uint8Array(8 * 1024 * 1024)
  const server = await serve(() => body, { port: 0 })
  const client = (await connect(server)).pause().send(get())
  await until(() => server.stats().partialWrites > 0, 'the answer is under way')
  const closing = server.close()
  assert.is((await client.resume().response()).body.length, body.length)
  assert.is(await client.closed(), 'fin')
  await within(closing, 'the server to close')
  leaveAll()
})

for (const force of [0, 20]) {
  test(`closing with force: ${force} cuts off what is not answered by then`, async () => {
    const server = await serve(() => new Promise(() => {}), { port: 0 })
    const client = await connect(server)
    await client.sendSeen(server, get())
    await closed(server, { force })
    assert.match(await client.closed(), /fin|reset/)
    assert.is(server.stats().open, 0)
    leaveAll()
  })
}

test('closing without force can be hurried later', async () => {
  const server = await serve(() => new Promise(() => {}), { port: 0 })
  const client = await connect(server)
  await client.sendSeen(server, get())
  const first = server.close()
  const second = server.close({ force: 0 })
  await within(Promise.all([first, second]), 'both to resolve')
  await closed(server)
  leaveAll()
})

test('a force that is no time is an error', async () => {
  const server = await serve(hello, { port: 0 })
  for (const force of [-1, Number.NaN, '1']) {
    try {
      await server.close({ force: force as number })
      assert.unreachable()
    } catch (error) {
      assert.is((error as NodeJS.ErrnoException).code, 'ERR_OUT_OF_RANGE')
    }
  }
  await closed(server)
})

for (const options of [{}, { force: 0 }]) {
  test(`a handler may close its server with ${JSON.stringify(options)}`, async () => {
    let server: Server | undefined
    let closing: Promise<unknown> | undefined
    const app = new Router().get('/close', () => {
      closing = server?.close(options)
      return 'closing'
    })
    server = await serve(app, { port: 0 })
    const client = (await connect(server)).send(get('/close') + get('/close'))
    const answers = await client.receive(2)
    assert.equal(
      answers.map(({ text }) => text),
      ['closing', 'closing'],
    )
    await within(closing as Promise<unknown>, 'the server to close')
    assert.is(await client.closed(), 'fin')
    leaveAll()
  })
}

test('an answer that comes after the server was cut off harms nobody', async () => {
  const slow = gate<string>()
  const server = await serve(() => slow.opened, { port: 0 })
  const client = await connect(server)
  await client.sendSeen(server, get())
  await closed(server, { force: 0 })
  slow.open('too late')
  await turn()
  await turn()
  assert.is(server.stats().requests, 1)
  leaveAll()
})

const descriptors = () => readdirSync('/proc/self/fd').length
const linux = process.platform === 'linux' ? test : test.skip

linux('closing leaves no descriptor behind', async () => {
  const round = async () => {
    const server = await serve(hello, { port: 0 })
    const client = (await connect(server)).send(get())
    await client.response()
    ;(await connect(server)).send(head('POST', '/', 'Content-Length: 5'))
    await ask(server, 'NOT HTTP\r\n\r\n')
    await closed(server, { force: 0 })
    leaveAll()
  }
  await round()
  await turn()
  const before = descriptors()
  for (let count = 0; count < 10; count += 1) await round()
  await until(() => descriptors() <= before, 'as many descriptors are open as before')
})

linux('a server that cannot listen leaves no descriptor behind', async () => {
  const server = await serve(hello, { port: 0 })
  const fail = async () => {
    let code = ''
    await serve(hello, { port: server.port }).catch((error) => {
      code = error.code
    })
    assert.is(code, 'EADDRINUSE')
  }
  await fail()
  await turn()
  const before = descriptors()
  for (let count = 0; count < 20; count += 1) await fail()
  await until(() => descriptors() <= before, 'as many descriptors are open as before')
  await closed(server)
})

const endings: [string, number, RegExp][] = [
  ['never asked', 0, /done/],
  ['asked', 0, /done/],
  ['with a client that stays', 0, /done/],
  ['not closed, exit in a handler', 7, /done/],
  ['not closed, exit in an async handler', 8, /done/],
  ['not closed, an error that nobody caught', 1, /done/],
  ['not closed, exit', 9, /^$/],
]
for (const [way, code, output] of endings) {
  test(`a process ends by itself with code ${code}: its server was ${way}`, async () => {
    const program = runProgram('closes_itself', { args: [way] })
    assert.is(await program.ended(), code, program.errors())
    assert.match(program.output(), output)
  })
}

test.run()
