import { test } from 'uvu'
import * as assert from 'uvu/assert'
import * as layout from '#brink/exchange/layout.js'
import { native } from '#brink/exchange/native.js'
import { get } from './messages.js'
import { type NativeApp, type NativeEvent, natively } from './native_app.js'
import { connect, type RawClient } from './raw_client.js'
import { until } from './waiting.js'

const ASKS = { asksAboutRefusals: true, maxTargetSize: 4096 }
const OWN = 'HTTP/1.1 400 My Own\r\n\r\n'

function answers(app: NativeApp, event: NativeEvent): void {
  if (event.kind === layout.EVENT_REFUSED) {
    app.exchange.endConnection(event.slot, event.generation, layout.END_IN_ORDER, OWN)
  } else if (event.kind === layout.EVENT_REQUEST && event.target !== '/waits') {
    app.exchange.raw(event, 0, `[${event.target}]`, undefined)
  }
}

/** A request in front of a refusal is left unanswered. */
function answersRefusals(app: NativeApp, event: NativeEvent): void {
  if (event.kind === layout.EVENT_REFUSED) answers(app, event)
}

/** The refusal, when its client has got the app's words for it. */
async function toldOwn(app: NativeApp, client: RawClient): Promise<NativeEvent> {
  await until(() => client.ending === 'fin', 'the end')
  assert.is(client.arrived.toString(), OWN)
  const [refused] = app.of(layout.EVENT_REFUSED) as [NativeEvent]
  return refused
}

const codeOf = ({ words }: NativeEvent) => native.refusals[words[layout.REFUSED_WHY] ?? -1]?.code
const packetOf = ({ words, bytes }: NativeEvent) =>
  bytes(words[layout.REFUSED_OFFSET] ?? 0, words[layout.REFUSED_LENGTH] ?? 0)

const REFUSED: readonly [string, string, string][] = [
  ['hello\r\n\r\n', 'INVALID_METHOD', 'hello\r\n\r\n'],
  ['GET / HTTP/1.1\r\n\r\n', 'MISSING_HOST', 'GET / HTTP/1.1\r\n\r\n'],
  ['\x16\x03\x01\x02\x00', 'INVALID_METHOD', '\x16\x03\x01\x02\x00'],
  [`GET /${'a'.repeat(20_000)}`, 'TARGET_TOO_LONG', `GET /${'a'.repeat(16_379)}`],
]

for (const [bytes, code, packet] of REFUSED) {
  test(`the app is asked what a client is told that is refused as ${code}`, () =>
    natively(ASKS, answers, async (app) => {
      const client = await connect(app)
      client.send(Buffer.from(bytes, 'latin1'))
      const refused = await toldOwn(app, client)
      assert.is(codeOf(refused), code)
      assert.is(packetOf(refused).slice(0, 100), packet.slice(0, 100))
      if (packet.length < 100) assert.is(packetOf(refused), packet)
      assert.ok(packetOf(refused).length <= layout.MOST_OF_PACKET)
      assert.is(app.stats.refusals[refused.words[layout.REFUSED_WHY] ?? 0], 1)
    }))
}

test('answers before a refusal leave first, and unanswered requests are gone', () =>
  natively(ASKS, answers, async (app) => {
    const client = await connect(app)
    client.send(get('/a'), get('/b'), 'GET\r\n\r\n')
    await until(() => client.ending === 'fin', 'the end')
    assert.is(client.arrived.toString(), `[/a][/b]${OWN}`)
    const other = await connect(app)
    other.send(get('/waits'), 'GET\r\n\r\n')
    await until(() => other.ending === 'fin', 'the end')
    assert.is(other.arrived.toString(), OWN)
    await app.told(layout.EVENT_GONE)
  }))

test('a refused connection waits for the app, and nobody can answer in its place', async () => {
  await natively(
    ASKS,
    (app, event) => {
      if (event.kind === layout.EVENT_REFUSED) app.exchange.raw({ ...event, sequence: 0 }, 0, 'no', undefined)
    },
    async (app) => {
      const client = await connect(app)
      client.send('GET\r\n\r\n')
      const [refused] = (await app.told(layout.EVENT_REFUSED)) as [NativeEvent]
      // Somebody else is answered meanwhile.
      const next = await connect(app)
      next.send(get('/'))
      await app.told(layout.EVENT_REQUEST)
      assert.is(client.ending, undefined)
      app.exchange.endConnection(refused.slot, refused.generation, layout.END_BY_RESET)
      await until(() => client.ending === 'reset', 'the reset')
      assert.is(client.arrived.length, 0)
    },
  )
})

test('a body that is refused fails, and the app is asked', () =>
  natively(ASKS, answersRefusals, async (app) => {
    const client = await connect(app)
    client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
    await app.told(layout.EVENT_REQUEST)
    client.send('zz\r\n')
    const refused = await toldOwn(app, client)
    assert.is(codeOf(refused), 'INVALID_CHUNK')
    assert.is(packetOf(refused), 'zz\r\n')
    const [failed] = app.of(layout.EVENT_BODY) as [NativeEvent]
    assert.is(failed.flags, layout.BODY_FAILED)
  }))

test('a time that is over is a refusal without a packet', () =>
  natively({ ...ASKS, headersTimeout: 1 }, answers, async (app) => {
    const client = await connect(app)
    client.send('GET / HTTP/1.1\r\n')
    const refused = await toldOwn(app, client)
    assert.is(codeOf(refused), 'HEADERS_TIMEOUT')
    assert.is(packetOf(refused), '')
  }))

for (const [name, bytes] of [
  ['a head', 'GET / HT'],
  ['a body', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc'],
] as const) {
  test(`a client that ends its side within ${name} is a refusal of no number`, () =>
    natively(ASKS, answersRefusals, async (app) => {
      const client = await connect(app)
      client.send(bytes).finish()
      const refused = await toldOwn(app, client)
      assert.is(refused.words[layout.REFUSED_WHY], 0)
      assert.is(app.of(layout.EVENT_BODY).length, name === 'a body' ? 1 : 0)
    }))
}

test('an app that says nothing to a refusal is not waited for without end', () =>
  natively(
    { ...ASKS, halfCloseTimeout: 50, tellsConnections: true },
    () => {},
    async (app) => {
      const client = await connect(app)
      client.send('GET\r\n\r\n')
      await until(() => client.ending !== undefined, 'the end')
      const [closed] = (await app.told(layout.EVENT_CLOSED)) as [NativeEvent]
      assert.is(closed.words[layout.CLOSED_CAUSE], layout.CLOSED_BY_TIMEOUT)
    },
  ))

test.run()
