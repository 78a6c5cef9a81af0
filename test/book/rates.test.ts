// `minRate`: who is slower than it for five seconds is cut off, though no timeout has passed. The rate is the reactor's
// business and not the poller's, so this runs once; and both waits at the same time.
import { Router, type Server } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head } from '../server/messages.js'
import { connect, type RawClient } from '../server/raw_client.js'
import { refusals } from '../server/refusal_counts.js'
import { counts, serving } from '../server/serving.js'
import { turn, until } from '../server/waiting.js'

const PATIENT = { headersTimeout: 60_000, requestTimeout: 60_000, writeTimeout: 5_000 }
const large = Buffer.alloc(64 * 1024 * 1024)

/** Sends a piece over and over, so many bytes a second, until something is over. */
async function trickle(client: RawClient, piece: string, rate: number, isOver: () => boolean): Promise<void> {
  const began = performance.now()
  for (let sent = 0; !isOver(); await turn()) {
    if (sent > (rate * (performance.now() - began)) / 1000) continue
    client.send(piece)
    sent += piece.length
  }
}

async function sendSlowlyAndFast(server: Server): Promise<void> {
  const chunked = head('POST', '/', 'Transfer-Encoding: chunked')
  const slow = (await connect(server)).send(chunked)
  const fast = (await connect(server)).send(chunked)
  const isOver = () => slow.ending !== undefined
  await Promise.all([
    trickle(slow, '1\r\na\r\n', 5_000, isOver),
    trickle(fast, `1000\r\n${'a'.repeat(0x1000)}\r\n`, 500_000, isOver),
  ])
  assert.is((await slow.response()).status, 408)
  assert.is(await slow.closed(), 'fin')
  assert.is((await fast.send('0\r\n\r\n').response()).text, 'large')
  await refusals(server, { REQUEST_TOO_SLOW: 1 })
  await counts(server, { timeouts: 1, refused: 0 })
}

async function takeSlowly(server: Server): Promise<void> {
  const client = (await connect(server)).pause().send(get())
  await until(() => server.stats().partialWrites > 0, 'the answer is on its way')
  // Some of it every now and then, so that writeTimeout never passes.
  const began = performance.now()
  while (server.stats().open > 0) {
    if (server.stats().bytesOut < (large.length * (performance.now() - began)) / 10_000) client.resume()
    await turn()
    client.pause()
  }
  await refusals(server, { RESPONSE_TAKEN_TOO_SLOWLY: 1 })
  await counts(server, { timeouts: 1, refused: 0 })
}

test('a body, or the taking of an answer, that is slower than minRate is cut off, and a faster one is not', () => {
  const posts = new Router().post('/', async (req) => ((await req.bytes()).length > 1_000_000 ? 'large' : 'small'))
  const takesBodies = (use: (server: Server) => Promise<void>) =>
    serving(posts, use, { ...PATIENT, minRate: 50_000, bodyLimit: 2 ** 30 })
  const givesAnswers = (use: (server: Server) => Promise<void>) =>
    serving(() => large, use, { ...PATIENT, minRate: 2 ** 30 })
  return takesBodies((bodies) =>
    givesAnswers(async (answers) => {
      await Promise.all([sendSlowlyAndFast(bodies), takeSlowly(answers)])
    }),
  )
})

test.run()
