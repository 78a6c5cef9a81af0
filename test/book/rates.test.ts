// `minRate`: who is slower than it for five seconds is cut off, though no timeout has passed. The rate is the reactor's
// business and not the poller's, so this runs once; and both waits at the same time.
import { Router } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head } from '../server/messages.js'
import { connect, type RawClient } from '../server/raw_client.js'
import { refusals } from '../server/refusal_counts.js'
import { counts, serving } from '../server/serving.js'
import { turn, until } from '../server/waiting.js'

const PATIENT = { headersTimeout: 60_000, requestTimeout: 60_000, writeTimeout: 5_000 }

/** Sends a piece over and over, so many bytes a second, until something is over. */
async function trickle(client: RawClient, piece: string, rate: number, isOver: () => boolean): Promise<void> {
  const began = performance.now()
  for (let sent = 0; !isOver(); await turn()) {
    if (sent > (rate * (performance.now() - began)) / 1000) continue
    client.send(piece)
    sent += piece.length
  }
}

const chunked = head('POST', '/', 'Transfer-Encoding: chunked')
const bodies = serving(
  new Router().post('/', async (req) => String((await req.bytes()).length > 1_000_000)),
  async (server) => {
    const slow = (await connect(server)).send(chunked)
    const fast = (await connect(server)).send(chunked)
    const isOver = () => slow.ending !== undefined
    const piece = 'a'.repeat(0x1000)
    await Promise.all([
      trickle(slow, '1\r\na\r\n', 5_000, isOver),
      trickle(fast, `1000\r\n${piece}\r\n`, 500_000, isOver),
    ])
    assert.is((await slow.response()).status, 408)
    assert.is(await slow.closed(), 'fin')
    assert.is((await fast.send('0\r\n\r\n').response()).text, 'true')
    await refusals(server, { REQUEST_TOO_SLOW: 1 })
    await counts(server, { timeouts: 1, refused: 0 })
  },
  { ...PATIENT, minRate: 50_000, bodyLimit: 2 ** 30 },
)

const large = Buffer.alloc(64 * 1024 * 1024)
const answers = serving(
  () => large,
  async (server) => {
    const client = (await connect(server)).pause().send(get())
    await until(() => server.stats().partialWrites > 0, 'the answer is on its way')
    // Some of it every now and then, but less than the rate asks for.
    const began = performance.now()
    while (server.stats().open > 0) {
      if (server.stats().bytesOut < (large.length * (performance.now() - began)) / 10_000) client.resume()
      await turn()
      client.pause()
    }
    await refusals(server, { RESPONSE_TAKEN_TOO_SLOWLY: 1 })
    await counts(server, { timeouts: 1, refused: 0 })
  },
  { ...PATIENT, minRate: 2 ** 30 },
)
// They are waited for below.
bodies.catch(() => {})
answers.catch(() => {})

test('a body that comes more slowly than minRate is cut off with 408, and one that does not is taken', () => bodies)

test('a client that takes its answer more slowly than minRate is cut off', () => answers)

test.run()
