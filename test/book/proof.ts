// What the proofs of the book are made of: an app that says what it was asked, and the shapes that most proofs have.
import { Router, reply, type Server } from 'brink'
import * as assert from 'uvu/assert'
import { get } from '../server/messages.js'
import { connect } from '../server/raw_client.js'
import type { RawResponse } from '../server/raw_response.js'
import { counts, serving } from '../server/serving.js'

/** Passes when the server does what the book asks of it. */
export type Proof = () => Promise<void>
export type Bytes = string | Buffer

/** What the app was asked, as it sees it. */
export interface Asked {
  method: string
  path: string
  url: string
  headers: Record<string, string>
  body: string
}

/** Answers with what it was asked. */
export const app = new Router()
  .all('/*', async (req) => {
    const { method, path, url, headers } = req
    return { method, path, url, headers: Object.fromEntries(headers), body: await req.text() }
  })
  .get('/text', () => 'Hello, World!')
  .post('/post-only', () => 'posted')
  .get('/nothing', () => undefined)
  .get('/status/:status', ({ params }) => reply(Number(params.status), 'said'))
  .get('/stream', async function* () {
    yield 'one, '
    yield 'two'
  })
  .get('/close', () => reply(200, 'bye', { connection: 'close' }))
  .get('/unchanged', () => reply(304, undefined, { etag: '"1"', 'content-length': 13 }))

/** The request that stands behind the one that a proof is about. */
export const after = get('/after')

/** A request with these lines, and nothing that was not said. */
export const lines = (...all: string[]) => [...all, '', ''].join('\r\n')

/** Asks the app on a connection of its own. */
export function asking(use: (ask: (bytes: Bytes, method?: string) => Promise<RawResponse>) => Promise<void>): Proof {
  return () =>
    serving(app, (server) =>
      use(async (bytes, method) => {
        const client = await connect(server)
        const answer = await client.send(bytes).response(method)
        client.leave()
        return answer
      }),
    )
}

/** Each is answered with the status, the connection is closed, and nothing behind it reaches the app. */
export function refused(status: number, ...requests: readonly Bytes[]): Proof {
  return async () => {
    for (const bytes of requests) {
      await serving(app, async (server) => {
        await isLast(server, bytes, status)
        await counts(server, { requests: 0, refused: 1 })
      })
    }
  }
}

/** Each is answered with the status, the connection is closed, and what stands behind it is not answered. */
export function last(status: number, ...requests: readonly Bytes[]): Proof {
  return async () => {
    for (const bytes of requests) await serving(app, (server) => isLast(server, bytes, status))
  }
}

async function isLast(server: Server, bytes: Bytes, status: number): Promise<void> {
  const what = inShort(bytes)
  const client = (await connect(server)).send(bytes, after)
  const answer = await client.response()
  assert.is(answer.status, status, what)
  assert.is(answer.header('connection'), 'close', what)
  assert.is(await client.closed(), 'fin', what)
}

/** Bytes as a message of a test shows them. */
export function inShort(bytes: Bytes): string {
  return JSON.stringify(bytes.toString('latin1').slice(0, 200))
}

/** Reaches the app, which sees it so; and what stands behind it is answered, too. */
export function seen(bytes: Bytes, expected: Partial<Asked> = {}): Proof {
  return () =>
    serving(app, async (server) => {
      const client = (await connect(server)).send(bytes, after)
      const [answer, next] = (await client.receive(2)) as [RawResponse, RawResponse]
      assert.is(answer.status, 200, answer.text)
      const asked = JSON.parse(answer.text) as Asked
      const names = Object.keys(expected) as (keyof Asked)[]
      assert.equal(Object.fromEntries(names.map((name) => [name, asked[name]])), expected)
      assert.is(JSON.parse(next.text).path, '/after')
    })
}

export function all(...proofs: readonly Proof[]): Proof {
  return async () => {
    for (const proof of proofs) await proof()
  }
}

/** Serves one answer, and gives it to be looked at: the whole of it, as a strict client reads it. */
export function answered(give: () => unknown, look: (answer: RawResponse) => void, bytes: Bytes = get()): Proof {
  return () =>
    serving(
      new Router().get('/', give as () => object).get('/after', () => 'after'),
      async (server) => {
        const client = (await connect(server)).send(bytes, after)
        const [answer, next] = (await client.receive(2)) as [RawResponse, RawResponse]
        look(answer)
        assert.is(next.text, 'after')
      },
    )
}
