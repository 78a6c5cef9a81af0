import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import * as layout from '#brink/exchange/layout.js'
import { get } from './messages.js'
import { type NativeApp, type NativeEvent, natively } from './native_app.js'
import { runProgram } from './programs.js'
import { connect } from './raw_client.js'
import { until, within } from './waiting.js'

const TELLS = { tellsConnections: true }

function answers(app: NativeApp, event: NativeEvent): void {
  if (event.kind !== layout.EVENT_REQUEST || event.target === '/waits') return
  app.exchange.raw(event, 0, 'ok', undefined)
}

test('a deadline that is changed holds for connections that wait already', () =>
  natively(TELLS, answers, async (app) => {
    const client = await connect(app)
    await app.told(layout.EVENT_OPENED)
    app.reactor.setDeadlines({ keepAliveTimeout: 1 })
    await until(() => client.ending === 'fin', 'the end of the idle connection')
    const [closed] = (await app.told(layout.EVENT_CLOSED)) as [NativeEvent]
    assert.is(closed.words[layout.CLOSED_CAUSE], layout.CLOSED_BY_TIMEOUT)
    app.reactor.setDeadlines({ keepAliveTimeout: 0, headersTimeout: 1 })
    const next = (await connect(app)).send('GET / HTTP/1.1\r\n')
    const [answer] = await next.receive(1)
    assert.is(answer?.status, 408)
  }))

test('a timeout of 0 is none, and others are still looked at', () =>
  natively(
    { ...TELLS, keepAliveTimeout: 0, headersTimeout: 0, requestTimeout: 0, writeTimeout: 0, minRate: 0 },
    answers,
    async (app) => {
      const idle = await connect(app)
      const inHead = (await connect(app)).send('GET / HTTP/1.1\r\n')
      const inBody = (await connect(app)).send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na')
      await app.told(layout.EVENT_REQUEST)
      app.reactor.setDeadlines({ keepAliveTimeout: 1 })
      await until(() => idle.ending === 'fin', 'the end of the idle connection')
      assert.is(inHead.ending, undefined)
      assert.is(inBody.ending, undefined)
      inHead.send('Host: a\r\n\r\n')
      await until(() => inHead.arrived.toString() === 'ok', 'the answer')
    },
  ))

test('idle connections can be closed, and no others', () =>
  natively(TELLS, answers, async (app) => {
    const fresh = await connect(app)
    const answered = (await connect(app)).send(get('/'))
    const waits = (await connect(app)).send(get('/waits'))
    const inHead = (await connect(app)).send('GET / HT')
    await until(() => answered.arrived.length === 2, 'the answer')
    await app.told(layout.EVENT_REQUEST, 2)
    await app.told(layout.EVENT_OPENED, 4)
    await until(() => app.stats.bytesIn === get('/').length + get('/waits').length + 8, 'all was read')
    app.reactor.closeIdle()
    await until(() => fresh.ending === 'fin' && answered.ending === 'fin', 'the ends')
    await app.told(layout.EVENT_CLOSED, 2)
    await until(() => app.reactor.connections() === 2, 'two connections that stay')
    inHead.send('TP/1.1\r\nHost: a\r\n\r\n')
    await until(() => inHead.arrived.toString() === 'ok', 'the answer')
    const [request] = app.requests().filter(({ target }) => target === '/waits') as [NativeEvent]
    app.exchange.raw(request, 0, 'at last', undefined)
    await until(() => waits.arrived.toString() === 'at last', 'the answer')
  }))

test('a reactor that stops listening goes on with its connections', () =>
  natively(TELLS, answers, async (app) => {
    const client = await connect(app)
    await app.told(layout.EVENT_OPENED)
    app.reactor.stopListening()
    await until(async () => {
      const late = createConnection(app.port, '127.0.0.1')
      const refused = await new Promise<boolean>((resolve) => {
        late.on('error', () => resolve(true)).on('connect', () => resolve(false))
      })
      late.destroy()
      return refused
    }, 'nobody is let in')
    client.send(get('/'))
    await until(() => client.arrived.toString() === 'ok', 'the answer')
    assert.is(client.ending, undefined)
  }))

test('how many connections there may be can be changed, also to none and to any', () =>
  natively(TELLS, answers, async (app) => {
    const first = await connect(app)
    let asked = 0
    // When it is answered, what was ordered before is done, on the reactor's thread too.
    const change = async (most: number | undefined) => {
      app.reactor.setMaxConnections(most)
      first.send(get('/'))
      asked += 1
      await until(() => first.arrived.length === 2 * asked, 'an answer')
    }
    await change(1)
    await connect(app)
    await app.told(layout.EVENT_DROPPED)
    await change(2)
    await connect(app)
    await app.told(layout.EVENT_OPENED, 2)
    await change(0)
    await connect(app)
    await app.told(layout.EVENT_DROPPED, 2)
    await change(undefined)
    await connect(app)
    await app.told(layout.EVENT_OPENED, 3)
  }))

test('a reactor listens at a path', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'brink-'))
  const path = join(folder, 'socket')
  const settings = { backlog: 16 }
  try {
    await natively(
      TELLS,
      answers,
      async (app) => {
        const client = createConnection(path)
        let arrived = ''
        client.on('data', (data) => {
          arrived += data
        })
        client.write(get('/'))
        await until(() => arrived === 'ok', 'the answer')
        const [opened] = app.of(layout.EVENT_OPENED) as [NativeEvent]
        assert.is(opened.words[layout.OPENED_FLAGS], layout.OPENED_UNIX)
        const again = app.reactor.listenAtPath(path, settings, [])
        assert.is('errno' in again && again.errno < 0, true)
        client.end()
        await app.told(layout.EVENT_CLOSED)
      },
      (reactor) => reactor.listenAtPath(path, settings, []),
    )
    writeFileSync(join(folder, 'file'), '')
    await natively({}, answers, async ({ reactor }) => {
      for (const wrong of ['', join(folder, 'file'), join(folder, 'none/socket'), 'x'.repeat(200)]) {
        assert.is('errno' in reactor.listenAtPath(wrong, settings, []), true, wrong)
      }
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

interface Tcp {
  readonly fd: number
  bind(address: string, port: number): number
}

test('a reactor listens on a socket that was bound elsewhere', async () => {
  const { TCP, constants } = (
    process as unknown as { binding(name: string): { TCP: new (type: number) => Tcp; constants: { SERVER: number } } }
  ).binding('tcp_wrap')
  const bound = new TCP(constants.SERVER)
  assert.is(bound.bind('127.0.0.1', 0), 0)
  await natively(
    {},
    answers,
    async (app) => {
      assert.ok(app.port > 0)
      const client = (await connect(app)).send(get('/'))
      await until(() => client.arrived.toString() === 'ok', 'the answer')
    },
    (reactor) => reactor.listenOn(bound.fd, { backlog: 16 }, []),
  )
  await natively({}, answers, async ({ reactor }) => {
    assert.is('errno' in reactor.listenOn(-1, { backlog: 16 }, []), true)
    assert.is('errno' in reactor.listenOn(9999, { backlog: 16 }, []), true)
  })
})

test('a reactor keeps its process alive, or does not', async () => {
  const unref = runProgram('unref_reactor')
  assert.is(await within(unref.ended(), 'the process to end'), 0)
  const ref = runProgram('unref_reactor', { args: ['ref'] })
  await ref.says(/listening/)
  assert.is(ref.child.exitCode, null)
  ref.child.kill()
  await ref.ended()
})

test('a missing or odd Host is the app’s to judge where that is asked for, but not two', () =>
  natively({ lenientHost: true }, answers, async (app) => {
    for (const host of ['', 'Host:\r\n', 'Host: http://a/\r\n', 'Host: a b\r\n']) {
      const client = (await connect(app)).send(`GET / HTTP/1.1\r\n${host}\r\n`)
      await until(() => client.arrived.toString() === 'ok', `the answer to ${host}`)
    }
    const two = (await connect(app)).send('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')
    assert.is((await two.receive(1))[0]?.status, 400)
  }))

test('any target is the app’s to judge where that is asked for', () =>
  natively({ anyTarget: true }, answers, async (app) => {
    const targets = [
      '/%zz',
      '/%',
      '/a"b',
      '/a|b\\c',
      '/ü',
      'http://other/x',
      'http:///',
      'https://a/',
      '*',
      'x',
      '/a#b',
    ]
    for (const target of targets) {
      const client = (await connect(app)).send(Buffer.from(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`, 'latin1'))
      await until(() => client.arrived.toString() === 'ok', `the answer to ${target}`)
    }
    assert.equal(
      app.requests().map(({ target }) => target),
      targets,
    )
    for (const target of ['/\x01', '/\x7f', '/\t']) {
      const refused = (await connect(app)).send(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`)
      assert.is((await refused.receive(1))[0]?.status, 400)
    }
  }))

test.run()
