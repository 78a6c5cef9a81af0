// How connections end that were broken, stalled, or left by their clients; in what order; and what is left of them.
import { readdirSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { reply } from '#brink/reply/reply.js'
import { Router } from '#brink/routing/router.js'
import { certificate } from '../../server/certificates.js'
import { ask, connect } from '../../server/raw_client.js'
import { connectTls } from '../../server/tls_client.js'
import { gate, until, within } from '../../server/waiting.js'
import { asking, type Fault, faulty } from './faulty_server.js'

const HELLO = 'Hello, World!'
/** A client that has closed its side might still read for so long. */
const QUICK = { halfCloseTimeout: 100 }

const app = () =>
  new Router()
    .get('/', () => HELLO)
    .get('/large', () => Buffer.alloc(600_000, 'x'))
    .upgrade('/tunnel', (_req, socket) => void socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\nhello'))

const cut = (at: 'before-head' | 'head' | 'body', by: 'close' | 'reset' | 'stall', amount: object = {}): Fault => ({
  cut: { at, by, ...amount },
})

test('answers before a cut are whole, and there are none behind it', () =>
  faulty(app(), async (target) => {
    for (const fault of [
      { empty: true },
      cut('before-head', 'close'),
      { garbage: 10 },
      { length: 2 },
      cut('body', 'close'),
    ]) {
      const client = await connect(target)
      client.send(asking('/', { delay: 20 }), asking('/'), asking('/', fault), asking('/'), asking('/'))
      const answers = await client.receive(2)
      assert.equal(
        answers.map(({ text }) => text),
        [HELLO, HELLO],
      )
      await until(() => client.ending !== undefined, 'the end')
      assert.is(client.ending, 'fin')
      const rest = client.arrived.toString('latin1')
      assert.is(rest.split('HTTP/1.1').length - 1, fault.garbage || rest === '' ? 0 : 1)
    }
  }))

test('a reset waits for the answers before it', () =>
  faulty(app(), async (target) => {
    for (const at of ['before-head', 'head', 'body'] as const) {
      const client = await connect(target)
      client.send(asking('/', { delay: 20 }), asking('/'), asking('/', cut(at, 'reset')), asking('/'))
      const answers = await client.receive(2)
      assert.equal(
        answers.map(({ text }) => text),
        [HELLO, HELLO],
      )
      await until(() => client.ending !== undefined, 'the end')
    }
  }))

test('a stall holds back all that is behind it, until the client leaves', () =>
  faulty(app(), async (target) => {
    const expected = { 'before-head': 0, head: 12, body: 5 }
    for (const at of ['before-head', 'head', 'body'] as const) {
      const client = await connect(target)
      client.send(asking('/', cut(at, 'stall', at === 'before-head' ? {} : { bytes: expected[at] })), asking('/'))
      await until(() => client.arrived.length >= expected[at], 'what comes before the stall')
      // Others are served meanwhile.
      for (let count = 0; count < 20; count += 1) assert.is((await ask(target, asking('/'))).text, HELLO)
      const text = client.arrived.toString('latin1')
      if (at === 'head') assert.is(text, 'HTTP/1.1 200')
      if (at === 'body') assert.match(text, /\r\n\r\nHello$/)
      assert.is(client.ending, undefined)
      const { open } = target.server.stats()
      client.leave()
      await until(() => target.server.stats().open < open, 'the connection to end')
    }
  }))

test('a server with stalled and late answers closes at its deadline, and stalls do not make it wait for that', async () => {
  const closing = gate()
  await faulty(app(), async (target) => {
    const stalled = await connect(target)
    stalled.send(asking('/', cut('body', 'stall')))
    await until(() => stalled.arrived.includes('Hello,'), 'the begin')
    const begin = performance.now()
    const report = await within(target.server.close({ grace: 0, deadline: 30_000 }), 'the server to close')
    assert.ok(performance.now() - begin < 15_000)
    assert.is(report.cut.requests + report.cut.streams, 0)
    await until(() => stalled.ending !== undefined, 'the end of the stall')
    closing.open()
  })
  await faulty(app(), async (target) => {
    const late = await connect(target)
    late.send(asking('/', { delay: 3_600_000 }))
    await until(() => target.delays.size === 1, 'the delay')
    await within(target.server.close({ grace: 0, deadline: 100 }), 'the server to close')
    await until(() => target.delays.size === 0, 'the timer to be gone')
  })
})

test('a client that leaves ends what was waited for', () =>
  faulty(
    app(),
    async (target) => {
      const faults: Fault[] = [
        { delay: 3_600_000 },
        { bodyDelay: 3_600_000 },
        { drip: { pieces: 3, every: 3_600_000 } },
        { bodyDelay: 3_600_000, length: 4 },
      ]
      for (const fault of faults) {
        const client = await connect(target)
        client.send(asking('/', fault))
        await until(() => target.delays.size === 1, 'the wait')
        client.leave()
        await until(() => target.delays.size === 0, 'nothing to be waited for')
        const other = await connect(target)
        other.send(asking('/', fault))
        await until(() => target.delays.size === 1, 'the wait')
        other.crash()
        await until(() => target.delays.size === 0, 'nothing to be waited for')
      }
      let cancelled = 0
      target.plan = () => ({ work: { begin: () => ({ cancel: () => (cancelled += 1) }) } })
      const client = await connect(target)
      await client.sendSeen(target.server, asking('/'))
      await until(() => target.counted.length > 0, 'the request')
      client.leave()
      await until(() => cancelled === 1, 'the place in the queue to be free')
    },
    QUICK,
  ))

test('a source is cancelled when its client leaves, and is read no faster than the client', async () => {
  let sent = 0
  const ended = gate()
  async function* endless() {
    try {
      for (;;) {
        sent += 65536
        yield Buffer.alloc(65536, 'x')
      }
    } finally {
      ended.open()
    }
  }
  const router = app().get('/endless', () => reply(200, endless()))
  await faulty(router, async (target) => {
    const client = await connect(target)
    client.pause()
    client.send(asking('/endless', { length: 3 }))
    let last = -1
    await until(async () => {
      const was = last
      last = sent
      await ask(target, asking('/'))
      return was === sent && sent > 0
    }, 'the source to be held back')
    assert.ok(sent < 32 * 1024 * 1024, `${sent} bytes`)
    client.leave()
    await within(ended.opened, 'the source to end')
  })
})

test('a large body that is cut at the end of it has come', () =>
  faulty(app(), async (target) => {
    const client = await connect(target)
    client.send(asking('/large', cut('body', 'close', { bytes: 500_000 })))
    await until(() => client.ending !== undefined, 'the end')
    const { arrived } = client
    assert.is(arrived.length - (arrived.indexOf('\r\n\r\n') + 4), 500_000)
    const dripped = await ask(target, asking('/large', { drip: { pieces: 7, every: 1 } }))
    assert.is(dripped.body.length, 600_000)
  }))

test('an upgrade is late, refused or broken before its head, and otherwise as it is', () =>
  faulty(app(), async (target) => {
    const upgrade = (fault: Fault) => asking('/tunnel', fault, 'GET', 'connection: upgrade\r\nupgrade: some\r\n')
    const got = async (fault: Fault) => {
      const client = await connect(target)
      client.send(upgrade(fault))
      await until(() => client.ending !== undefined, 'the end')
      return client.arrived.toString('latin1')
    }
    const accepted = 'HTTP/1.1 101 Switching Protocols\r\n\r\nhello'
    assert.is(await got({ delay: 10 }), accepted)
    assert.is(await got({ drip: { pieces: 3, every: 1 } }), accepted)
    assert.is(await got({ length: 3 }), accepted)
    assert.is(await got({ close: true }), accepted)
    assert.is(await got({ empty: true }), '')
    assert.is(await got(cut('body', 'close')), '')
    assert.is(await got(cut('head', 'reset')), '')
    assert.match(await got({ status: 503, close: true }), /^HTTP\/1\.1 503 /)
  }))

test('over TLS an answer is cut in order or by a reset, too', () =>
  faulty(
    app(),
    async (target) => {
      const got = async (fault: Fault) => {
        const { raw } = await connectTls(target)
        raw.send(asking('/', fault))
        await until(() => raw.ending !== undefined, 'the end')
        return [raw.ending, raw.arrived.toString('latin1').split('\r\n\r\n')[1]]
      }
      assert.equal(await got(cut('body', 'close')), ['fin', 'Hello,'])
      assert.equal(await got({ length: 4 }), ['fin', HELLO])
      assert.is((await got(cut('before-head', 'reset')))[0], 'reset')
      assert.is((await got(cut('body', 'reset')))[1], 'Hello,')
      assert.equal(await got({ empty: true }), ['fin', undefined])
    },
    { tls: certificate('localhost') },
  ))

/** A generator of numbers below a bound, the same for the same seed. */
function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const faultsOf = (draw: (below: number) => number): Fault => {
  const at = (['before-head', 'head', 'body'] as const)[draw(3)] as 'head'
  const by = (['close', 'reset', 'stall'] as const)[draw(3)] as 'close'
  const kinds: Fault[] = [
    { delay: draw(4) },
    { bodyDelay: draw(4) },
    { drip: { pieces: 1 + draw(5), every: draw(3) } },
    { status: 200 + draw(400) },
    { size: draw(100_000) },
    { cut: { at, by, bytes: draw(200) } },
    { cut: { at, by } },
    { length: draw(20) - 10 },
    { malformed: 'chunk' },
    { malformed: 'head' },
    { garbage: draw(2000) },
    { empty: true },
    { close: true },
  ]
  return { seed: draw(2 ** 31), ...kinds[draw(kinds.length)], ...(draw(3) === 0 ? { delay: draw(5) } : {}) }
}

test('whatever happens to some connections, others are served as ever, and nothing is left behind', () =>
  faulty(
    app().get('/stream', () => reply(200, ['one', 'two', 'three'].values())),
    async (target) => {
      const draw = random(17)
      const descriptors = () => readdirSync('/proc/self/fd').length
      const paths = ['/', '/stream', '/large', '/nowhere']
      const methods = ['GET', 'GET', 'HEAD', 'POST']
      const round = async () => {
        const clients = await Promise.all(Array.from({ length: 10 }, () => connect(target)))
        for (const client of clients) {
          const count = 1 + draw(4)
          for (let at = 0; at < count; at += 1) {
            const fault = draw(3) === 0 ? undefined : faultsOf(draw)
            client.send(asking(paths[draw(paths.length)] as string, fault, methods[draw(4)]))
          }
          if (draw(4) === 0) client.crash()
        }
        const answers = await Promise.all([ask(target, asking('/')), ask(target, asking('/large'))])
        assert.equal(
          answers.map(({ body }) => body.length),
          [HELLO.length, 600_000],
        )
        for (const client of clients) client.leave()
      }
      const settled = () =>
        until(() => target.server.stats().open === 0 && target.delays.size === 0, 'all to have left')
      for (let count = 0; count < 10; count += 1) await round()
      await settled()
      const before = descriptors()
      for (let count = 0; count < 60; count += 1) await round()
      await settled()
      assert.ok(descriptors() <= before + 2, `${before}, then ${descriptors()}`)
      target.logged.length = 0
    },
    QUICK,
  ))

test.run()
