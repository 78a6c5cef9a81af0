import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { AbortListeners } from '#brink/exchange/abort_listeners.js'
import { IncomingBody } from '#brink/request/incoming_body.js'

const source = { slot: 3, generation: 1, limit: 10_000_000, read: () => {} }
const body = () => new IncomingBody({ ...source, sequence: 7, bodies: new AbortListeners() })
const bytes = (size: number, first: number) => Buffer.from(Array.from({ length: size }, (_, at) => (first + at) % 251))

test('many small pieces are kept as few', async () => {
  const incoming = body()
  for (let count = 0; count < 100_000; count += 1) incoming.push(bytes(1, count))
  incoming.end('')
  const pieces: Buffer[] = []
  for await (const piece of incoming.chunks()) pieces.push(piece)
  assert.ok(Buffer.concat(pieces).equals(bytes(100_000, 0)))
  assert.ok(pieces.length < 20, `${pieces.length} pieces`)
})

const sizes = [1, 2, 5000, 3, 1023, 1024, 1, 900, 900, 900, 20_000, 7]

test('small and large pieces keep their order, read as a whole', async () => {
  const incoming = body()
  let total = 0
  for (const size of sizes) {
    incoming.push(bytes(size, total))
    total += size
  }
  incoming.end('')
  assert.ok((await incoming.whole()).equals(bytes(total, 0)))
})

test('small and large pieces keep their order, taken as they come, and are not written to afterwards', async () => {
  const incoming = body()
  const chunks = incoming.chunks()
  const taken: Buffer[] = []
  let total = 0
  for (const size of sizes) {
    incoming.push(bytes(size, total))
    total += size
    taken.push((await chunks.next()).value as Buffer)
  }
  incoming.end('')
  assert.equal(await chunks.next(), { value: undefined, done: true })
  assert.equal(
    taken.map(({ length }) => length),
    sizes,
  )
  assert.ok(Buffer.concat(taken).equals(bytes(total, 0)))
})

test('what was gathered is forgotten when the body fails', async () => {
  const incoming = body()
  incoming.push(bytes(10, 0))
  const gone = new Error('gone')
  incoming.fail(gone)
  try {
    await incoming.whole()
    assert.unreachable()
  } catch (error) {
    assert.is(error, gone)
  }
})

const endings: Record<string, (body: IncomingBody) => void> = {
  'it is complete': (body) => body.end(''),
  'its client goes away': (body) => body.clientGone(),
  'its request was answered': (body) => body.fail(new Error('answered')),
  'it is too large': (body) => body.push(Buffer.alloc(11)),
}

for (const [what, happens] of Object.entries(endings)) {
  test(`a body is forgotten when ${what}`, () => {
    const bodies = new AbortListeners<IncomingBody>()
    const body = new IncomingBody({ ...source, bodies, limit: 10, sequence: 7 })
    const next = new IncomingBody({ ...source, bodies, sequence: 8 })
    assert.is(bodies.find(3, 1, 7), body)
    happens(body)
    assert.is(bodies.find(3, 1, 7), undefined)
    assert.is(bodies.find(3, 1, 8), next)
  })
}

test.run()
