// Faults that leave HTTP whole: late answers, other answers, bodies in pieces.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { reply } from '#brink/reply/reply.js'
import { Router } from '#brink/routing/router.js'
import { ask, connect } from '../../server/raw_client.js'
import { until } from '../../server/waiting.js'
import { asking, faulty } from './faulty_server.js'

const HELLO = 'Hello, World!'

async function* pieces() {
  yield 'one '
  yield 'two '
  yield 'three'
}

function app(ran: string[] = []): Router {
  return new Router()
    .get('/', () => HELLO)
    .get('/ran', ({ path }) => {
      ran.push(path)
      return 'ran'
    })
    .get('/stream', () => reply(200, pieces(), { 'x-of': 'stream' }))
    .get('/empty', () => undefined)
    .post('/echo', async (req) => await req.text())
    .get('/_brink/stats', () => 'own')
}

/** The body of what has come, after its head. */
const bodyOf = (text: string) => text.slice(text.indexOf('\r\n\r\n') + 4)

test('a delay comes before the route, and other connections do not wait', () => {
  const ran: string[] = []
  return faulty(app(ran), async (target) => {
    const late = await connect(target)
    const begin = performance.now()
    late.send(asking('/ran', { delay: 300 }))
    await until(() => target.delays.size === 1, 'the delay')
    assert.equal(ran, [])
    assert.is((await ask(target, asking('/'))).text, HELLO)
    assert.is((await late.response()).text, 'ran')
    assert.ok(performance.now() - begin >= 299)
    assert.equal(ran, ['/ran'])
  })
})

test('answers behind a late one wait for it', () =>
  faulty(app(), async (target) => {
    const client = await connect(target)
    client.send(asking('/stream', { delay: 30 }), asking('/'), asking('/ran', { delay: 5 }), asking('/'))
    const answers = await client.receive(4)
    assert.equal(
      answers.map(({ text }) => text),
      ['one two three', HELLO, 'ran', HELLO],
    )
    assert.is(client.ending, undefined)
  }))

test('the queue of workers comes before the delay', () => {
  const done: string[] = []
  return faulty(app(), async (target) => {
    target.plan = () => ({
      delay: 1,
      work: {
        begin: (finish) => {
          done.push('work')
          setImmediate(finish)
          return { cancel: () => {} }
        },
      },
    })
    assert.is((await ask(target, asking('/'))).text, HELLO)
    assert.equal(done, ['work'])
  })
})

test('a status or a size is in place of the answer, and the route does not run', () => {
  const ran: string[] = []
  return faulty(app(ran), async (target) => {
    const refused = await ask(target, asking('/ran', { status: 503, retryAfter: 7 }))
    assert.is(refused.status, 503)
    assert.is(refused.header('retry-after'), '7')
    assert.is(refused.text, 'Service Unavailable')
    assert.is((await ask(target, asking('/ran', { size: 1000 }))).body.length, 1000)
    const large = await ask(target, asking('/ran', { size: 200_001, status: 201 }))
    assert.is(large.status, 201)
    assert.is(large.body.length, 200_001)
    assert.is(large.header('content-length'), '200001')
    assert.is((await ask(target, asking('/ran', { status: 204 }))).text, '')
    assert.is((await ask(target, asking('/nowhere', { size: 3 }))).text, 'bri')
    const client = await connect(target)
    client.send(asking('/ran', { size: 70_000 }, 'HEAD'), asking('/'))
    const [head, next] = await client.receive(2, ['HEAD', 'GET'])
    assert.is(head?.header('content-length'), '70000')
    assert.is(next?.text, HELLO)
    assert.equal(ran, [])
  })
})

test('an answer that closes says so, and is the last', () =>
  faulty(app(), async (target) => {
    for (const path of ['/', '/stream', '/empty', '/nowhere']) {
      const client = await connect(target)
      client.send(asking(path, { close: true }), asking('/'))
      assert.is((await client.response()).header('connection'), 'close')
      assert.is(await client.closed(), 'fin')
    }
  }))

test('a delay of the body leaves the head in time', () =>
  faulty(app(), async (target) => {
    for (const [path, expected] of [
      ['/', HELLO],
      ['/stream', 'one two three'],
    ] as const) {
      const client = await connect(target)
      client.send(asking(path, { bodyDelay: 100 }))
      await until(() => client.arrived.includes('\r\n\r\n'), 'the head')
      assert.is(bodyOf(client.arrived.toString('latin1')), '')
      assert.is(target.delays.size, 1)
      const answer = await client.response()
      assert.is(answer.text, expected)
      assert.is(answer.header('connection'), 'keep-alive')
    }
  }))

test('a body drips in as many pieces as it is asked for', () =>
  faulty(app(), async (target) => {
    const client = await connect(target)
    client.send(asking('/', { drip: { pieces: 4, every: 40 } }))
    const seen = new Set<string>()
    await until(() => {
      const body = bodyOf(client.arrived.toString('latin1'))
      if (client.arrived.includes('\r\n\r\n') && body !== '') seen.add(body)
      return body === HELLO
    }, 'all of it')
    // A busy client may find two of them together.
    for (const part of seen) assert.ok(['Hel', 'Hello,', 'Hello, Wo', HELLO].includes(part), part)
    const answer = await client.response()
    assert.is(answer.header('content-length'), '13')
    const streamed = await ask(target, asking('/stream', { drip: { pieces: 9, every: 1 } }))
    assert.is(streamed.text, 'one two three')
    assert.is((await ask(target, asking('/', { drip: { pieces: 1000, every: 0.1 } }))).text, HELLO)
  }))

test('what has no body has nothing to drip', () =>
  faulty(app(), async (target) => {
    const client = await connect(target)
    client.send(
      asking('/', { drip: { pieces: 4, every: 1000 } }, 'HEAD'),
      asking('/empty', { bodyDelay: 1000 }),
      asking('/'),
    )
    const answers = await client.receive(3, ['HEAD', 'GET', 'GET'])
    assert.equal(
      answers.map(({ status, text }) => [status, text]),
      [
        [200, ''],
        [204, ''],
        [200, HELLO],
      ],
    )
    assert.is(answers[0]?.header('content-length'), '13')
  }))

test('a body of the request that is still coming is read by the route after the delay', () =>
  faulty(app(), async (target) => {
    const client = await connect(target)
    const head = asking('/echo', { delay: 10 }, 'POST', 'content-length: 200000\r\n')
    await client.sendSeen(target.server, head)
    const body = 'x'.repeat(200_000)
    client.send(body)
    assert.is((await client.response()).text.length, 200_000)
    client.send(asking('/echo', { status: 503 }, 'POST', 'content-length: 5\r\n'), 'hello', asking('/'))
    const [refused, next] = await client.receive(2)
    assert.is(refused?.status, 503)
    assert.is(next?.text, HELLO)
  }))

test('HTTP/1.0 has its end of the connection', () =>
  faulty(app(), async (target) => {
    for (const path of ['/', '/stream']) {
      const client = await connect(target)
      const fault = JSON.stringify({ drip: { pieces: 2, every: 1 } })
      client.send(`GET ${path} HTTP/1.0\r\nx-fault: ${fault}\r\n\r\n`)
      const text = await client.everything()
      assert.is(bodyOf(text), path === '/' ? HELLO : 'one two three')
      assert.match(text, /\r\nConnection: close\r\n/)
      assert.not.match(text, /chunked/)
    }
  }))

test('a plan applies to heads that are known, from its begin to its end', () =>
  faulty(app(), async (target) => {
    const client = await connect(target)
    const statuses = async (count: number) => {
      client.send(...Array.from({ length: count }, () => asking('/')))
      return (await client.receive(count)).map(({ status }) => status)
    }
    assert.equal(await statuses(3), [200, 200, 200])
    let turn = 0
    target.plan = ({ method, path }) => {
      assert.equal([method, path], ['GET', '/'])
      turn += 1
      return turn % 2 === 0 ? { status: 500 } : undefined
    }
    assert.equal(await statuses(4), [200, 500, 200, 500])
    target.plan = undefined
    assert.equal(await statuses(2), [200, 200])
  }))

test("a request's own faults are in place of the plan's, and none of them are", () =>
  faulty(app(), async (target) => {
    target.plan = () => ({ status: 500 })
    assert.is((await ask(target, asking('/', {}))).status, 200)
    assert.is((await ask(target, asking('/', { status: 418 }))).status, 418)
    const query = encodeURIComponent(JSON.stringify({ status: 404 }))
    assert.is((await ask(target, asking(`/?fault=${query}`))).status, 404)
    assert.is((await ask(target, asking('/'))).status, 500)
    const wrong = await ask(target, 'GET / HTTP/1.1\r\nhost: a\r\nx-fault: nonsense\r\n\r\n')
    assert.is(wrong.status, 400)
    assert.equal(JSON.parse(wrong.text), { error: { code: 'ERR_FAULT_SYNTAX', message: 'no fault: nonsense.' } })
    assert.is((await ask(target, asking('/_brink/stats', { status: 500 }))).text, 'own')
    assert.is((await ask(target, asking('/_brink/none'))).status, 404)
  }))

test('requests are counted by run and by kind, once each', () =>
  faulty(app(), async (target) => {
    const ran = (run: string, kinds?: ('delay' | 'status')[]) =>
      asking('/', kinds && { kinds, delay: 1 }, 'GET', `x-run-id: ${run}\r\n`)
    const client = await connect(target)
    client.send(
      asking('/'),
      ran('a'),
      ran('a'),
      ran('b', ['status']),
      asking('/?run=c'),
      ran('no id'),
      asking('/', { kinds: ['delay'], delay: 1 }),
    )
    await client.receive(7)
    assert.equal(target.counted, ['a', 'a', 'b status', 'c', ' delay'])
  }))

test.run()
