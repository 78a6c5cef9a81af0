// Files that nobody sends are closed without waiting for the garbage to be collected, whatever has kept them from being
// sent.
import { readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { compress, file, files, type Middleware, Router, reply, type Server } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fileTree, put } from '../file_tree.js'
import { get, head, noise } from './messages.js'
import { ask, connect } from './raw_client.js'
import { serving } from './serving.js'
import { type Gate, gate, turn, until } from './waiting.js'

const ROUNDS = 30
const LARGE = noise(140_000)
const tree = fileTree({ large: LARGE, huge: noise(3_000_000), 'large.txt': 'text '.repeat(20_000) })
const path = join(tree, 'large')
const ranges = 'Range: bytes=0-9,20-29'

const onLinux = process.platform === 'linux' ? test : test.skip

function openFiles(): number {
  return readdirSync('/proc/self/fd').length
}

/** Asks many times, and looks whether as many descriptors are open as before. */
async function leavesNothingOpen(server: Server, one: (server: Server) => Promise<unknown>): Promise<void> {
  // What is opened once stays open.
  await one(server)
  await until(() => server.stats().open === 0, 'the first connection has ended')
  await turn()
  await turn()
  const before = openFiles()
  for (let round = 0; round < ROUNDS; round += 1) await one(server)
  await until(() => server.stats().open === 0, 'all connections have ended')
  // What a loop on a thread has ended is closed a little later. To look seldom leaves too little garbage to be collected.
  for (let looks = 0; looks < 1_000 && openFiles() > before; looks += 1) await delay(10)
  assert.ok(openFiles() <= before, `${openFiles() - before} more descriptors are open`)
}

const another: Middleware = async (_, next) => {
  const answer = await next()
  answer.body = 'another'
  return answer
}
const throwing: Middleware = async (_, next) => {
  await next()
  throw new Error('behind it')
}
const waiting: Middleware = async (_, next) => {
  const answer = await next()
  await turn()
  return answer
}
const instead: Middleware = async (_, next) => {
  await next()
  return 'instead'
}
const tooLong: Middleware = async (_, next) => {
  const answer = await next()
  for (let place = 0; place < 40; place += 1) answer.headers.set(`x-${place}`, 'x'.repeat(60_000))
  return answer
}
const wrongLength: Middleware = async (_, next) => {
  const answer = await next()
  answer.headers.set('content-length', 7)
  return answer
}
const wrongTrailers: Middleware = async (_, next) => {
  const answer = await next()
  answer.trailers = { 'content-length': '7' }
  return answer
}

const around: [what: string, middleware: Middleware[]][] = [
  ['a middleware that puts another body in its place', [another]],
  ['a middleware that answers something else', [instead]],
  ['a middleware that throws behind it', [throwing]],
  ['a middleware that throws behind one that waits', [throwing, waiting]],
  ['a middleware that throws behind a compressed one', [throwing, waiting, compress()]],
  ['fields that are too long', [tooLong]],
  ['a length that is wrong', [wrongLength]],
  ['trailers that cannot be', [wrongTrailers]],
]

for (const [what, middleware] of around) {
  onLinux(`a file that is not sent for ${what} is closed`, async () => {
    const app = new Router().get('/file', () => file(path)).get('/files/*', files(tree))
    for (const each of middleware) app.use(each)
    await serving(
      app,
      (server) =>
        leavesNothingOpen(server, async () => {
          for (const target of ['/file', '/files/large', '/files/large.txt']) {
            await ask(server, get(target, 'Accept-Encoding: gzip'))
            await ask(server, get(target, ranges))
            await ask(server, get(target, 'Range: bytes=5-'))
          }
        }),
      { log: () => {} },
    )
  })
}

const failing: [what: string, handler: () => unknown][] = [
  [
    'throws',
    () => {
      file(path)
      throw new Error('behind it')
    },
  ],
  [
    'throws later',
    async () => {
      file(path)
      await turn()
      throw new Error('behind it')
    },
  ],
  [
    'forgets it',
    () => {
      file(path)
      return 'something else'
    },
  ],
  ['gives it fields that cannot be', () => file(path, { headers: { 'x-a': 'a\nb' } })],
]

for (const [what, handler] of failing) {
  onLinux(`a file is closed when the handler that has opened it ${what}`, () =>
    serving(
      new Router().get('/', handler as () => string),
      (server) => leavesNothingOpen(server, () => ask(server, get())),
      { log: () => {} },
    ),
  )
}

onLinux('a file is closed for requests that get nothing of it', async () => {
  const app = new Router()
    .get('/file', () => file(path))
    .get('/files/*', files(tree, { revalidate: 0 }))
    .get('/none', () => {
      const answer = file(path)
      answer.status = 204
      return answer
    })
    .get('/moved', () => reply(200, file(path).body))
  await serving(app, (server) =>
    leavesNothingOpen(server, async () => {
      const client = await connect(server)
      for (const target of ['/file', '/files/large', '/moved']) {
        await client.send(head('HEAD', target)).response('HEAD')
        await client.send(head('HEAD', target, ranges)).response('HEAD')
        if (target === '/moved') continue
        await client.send(get(target, 'If-None-Match: *')).response()
        await client.send(get(target, 'If-Match: "x"')).response()
        await client.send(get(target, 'Range: bytes=400000-')).response()
      }
      await client.send(get('/none')).response()
      client.leave()
    }),
  )
})

const leaving: [what: string, wrapped: Middleware[]][] = [
  ['nothing', []],
  ['compress()', [compress()]],
]

for (const [what, wrapped] of leaving) {
  onLinux(`a file is closed when its client leaves while a middleware around ${what} waits`, async () => {
    let asked = gate()
    let mayAnswer: Gate = gate()
    const held: Middleware = async (_, next) => {
      const answer = await next()
      asked.open()
      await mayAnswer.opened
      return answer
    }
    const app = new Router().get('/file', () => file(path)).get('/files/*', files(tree))
    for (const each of [held, ...wrapped]) app.use(each)
    await serving(app, (server) =>
      leavesNothingOpen(server, async () => {
        for (const target of ['/file', '/files/large.txt']) {
          for (const fields of [[], [ranges], ['Accept-Encoding: gzip']]) {
            asked = gate()
            mayAnswer = gate()
            const client = (await connect(server)).send(get(target, ...fields))
            await asked.opened
            client.crash()
            await until(() => server.stats().open === 0, 'the server has seen the client leave')
            mayAnswer.open()
          }
        }
      }),
    )
  })
}

onLinux('a file is closed when its client leaves while it is sent', async () => {
  const app = new Router().get('/file', () => file(join(tree, 'huge'))).get('/files/*', files(tree))
  await serving(app, (server) =>
    leavesNothingOpen(server, async () => {
      for (const fields of [[], ['Range: bytes=0-2999990,2999995-']]) {
        const client = (await connect(server)).pause().send(get('/file', ...fields), get('/files/huge', ...fields))
        await until(() => server.stats().bytesOut > 0, 'some of it was sent')
        client.crash()
      }
    }),
  )
})

test('a file is whole for a client that is answered late', async () => {
  const app = new Router()
    .use(waiting)
    .get('/file', () => file(path))
    .get('/files/*', files(tree))
    .get('/kept', async () => {
      const answer = file(path)
      await turn()
      return answer
    })
    .get('/moved', async () => {
      const { body } = file(path)
      await turn()
      return reply(200, body)
    })
  await serving(app, async (server) => {
    for (const target of ['/file', '/files/large', '/kept', '/moved']) {
      const whole = await ask(server, get(target))
      assert.ok(LARGE.equals(whole.body), target)
      if (target === '/moved') continue
      assert.ok(LARGE.subarray(5).equals((await ask(server, get(target, 'Range: bytes=5-'))).body), target)
      const parts = await ask(server, get(target, ranges))
      assert.ok(parts.body.includes(LARGE.subarray(20, 30)), target)
      assert.is((await ask(server, get(target, `If-None-Match: ${whole.header('etag')}`))).status, 304)
    }
  })
})

test('a file that was replaced or deleted before its late answer is an error, and never another file', async () => {
  let between = () => {}
  const meanwhile: Middleware = async (_, next) => {
    const answer = await next()
    await turn()
    await turn()
    between()
    return answer
  }
  const changing = fileTree({ large: LARGE })
  const target = join(changing, 'large')
  const app = new Router()
    .use(meanwhile)
    .get('/file', () => file(target))
    .get('/files/*', files(changing, { revalidate: 0 }))
  const use = async (server: Server) => {
    for (const asked of ['/file', '/files/large']) {
      for (const fields of [[], ['Range: bytes=5-'], [ranges]]) {
        between = () => {
          put(changing, 'next', noise(140_000))
          renameSync(join(changing, 'next'), target)
        }
        const replaced = await ask(server, get(asked, ...fields))
        assert.is(replaced.status, 503)
        assert.is(replaced.header('retry-after'), '1')
        between = () => rmSync(target)
        assert.is((await ask(server, get(asked, ...fields))).status, 404)
        between = () => {}
        put(changing, 'large', LARGE)
        assert.is((await ask(server, get(asked))).status, 200)
      }
    }
  }
  await serving(app, use, { log: () => {} })
})

test.run()
