// A page in a browser, with all that pages do. It reports to the server what it saw; the server has seen its part.

import { createHash, X509Certificate } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { compress, events, files, HttpError, Router, reply, serve } from 'brink'
import * as assert from 'uvu/assert'
import { WebSocketServer } from 'ws'
import { fileTree, put } from '../file_tree.js'
import { type Certificate, certificate } from '../server/certificates.js'
import { gate, within } from '../server/waiting.js'
import type { Variant } from '../variants.js'
import { chromiumTool, openPage } from './chromium.js'
import type { Check, Suite } from './suite.js'
import { silence } from './wave.js'

const MOST_MS = 60_000
const SECONDS_OF_SOUND = 600

// The page's own files, and a sound that is too long to be loaded whole.
const page = fileURLToPath(new URL('../../../test/clients/page', import.meta.url))
const sounds = fileTree({})
const SOUND = silence(SECONDS_OF_SOUND)
put(sounds, 'sound.wav', SOUND)

/** What the server has seen of one visit. */
class Visit {
  readonly results = gate<Record<string, unknown>>()
  readonly aborted = gate<void>()
  /** The page has seen the head of the answer that will break off. */
  readonly begun = gate<void>()
  /** What came again with the events, each time. */
  readonly lastEventIds: (string | null)[] = []
  /** `method path range -> status`, of everything. */
  readonly answers: string[] = []
  readonly versions = new Set<string | undefined>()
}

function appFor(visit: Visit): Router {
  const sockets = new WebSocketServer({ noServer: true })
  sockets.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  })
  return new Router()
    .use(async (req, next) => {
      const answer = await next()
      visit.versions.add(req.tls?.version)
      visit.answers.push(`${req.method} ${req.path} ${req.headers.get('range') ?? ''} -> ${answer.status}`)
      return answer
    })
    .use('/pieces', compress())
    .get('/sounds/*', files(sounds))
    .get('/files/*', files(page))
    .get('/events', (req) =>
      events(
        req,
        async function* ({ lastEventId }) {
          visit.lastEventIds.push(lastEventId)
          const seen = Number(lastEventId ?? 0)
          for (let id = seen + 1; id <= seen + 5; id += 1) yield { event: 'tick', id: `${id}`, data: { id } }
        },
        { retry: 50 },
      ),
    )
    .upgrade('/echo', (req, socket, head) =>
      sockets.handleUpgrade(req, socket, head, (opened) => sockets.emit('connection', opened, req)),
    )
    .post(
      '/upload',
      async (req) => {
        const form = await req.formData()
        const file = form.get('file') as File
        const digest = createHash('sha256')
          .update(Buffer.from(await file.arrayBuffer()))
          .digest('hex')
        return { field: form.get('name'), name: file.name, type: file.type, size: file.size, digest }
      },
      { bodyLimit: 10_000_000 },
    )
    .post('/refused', () => {
      throw new HttpError(403, 'Not you.')
    })
    .get('/endless', async function* () {
      try {
        for (;;) yield Buffer.alloc(100_000)
      } finally {
        visit.aborted.open()
      }
    })
    .get('/pieces', () =>
      reply(
        200,
        (async function* () {
          for (let n = 0; n < 100; n += 1) yield `piece ${n} of the text\n`
        })(),
        { 'content-type': 'text/plain' },
      ),
    )
    .get('/broken', async function* () {
      yield 'so far so good'
      await visit.begun.opened
      throw new Error('and no further')
    })
    .post('/begun', () => visit.begun.open())
    .post('/results', async (req) => {
      visit.results.open(JSON.parse(await req.text()))
    })
}

const expected: Record<string, unknown> = {
  'the script runs, the style is applied, the picture is there': ['rgb(1, 2, 3)', 17, 19],
  events: [1, 2, 3, 4, 5, 6, 7, 8].map((id) => `${id} {"id":${id}}`),
  'a WebSocket': ['Grüße', [0, 255, 10], true, 1000, true],
  'a file in a form': {
    field: 'Ada & Grace',
    name: 'noise "1".bin',
    type: 'image/x-noise',
    size: 2_000_000,
    isWhole: true,
  },
  'an upload that is not wanted': [403, 'Not you.'],
  'a download that is aborted': 'AbortError',
  'a download in pieces': ['br', 2090, 'piece 0 of t'],
  'a stream that breaks off': [200, 'TypeError'],
  'a range': [206, `bytes 0-3/${SOUND.length}`, 'RIFF'],
  'what has not changed': [200, true],
  'a sound that is wound forward': SECONDS_OF_SOUND,
}

export const browser: Suite = {
  name: 'browser',
  tool: chromiumTool,
  run: (variant, check) => visitBy(variant, check),
}

export const browserOverTls: Suite = {
  name: 'browser over TLS',
  tool: chromiumTool,
  async run(variant, check, { full }) {
    // Reading and writing are the same for all backends.
    if (full || variant.name.startsWith('epoll ')) await visitBy(variant, check, certificate('localhost'))
  },
}

async function visitBy({ backend, threads }: Variant, check: Check, tls?: Certificate): Promise<void> {
  const visit = new Visit()
  const logged: unknown[] = []
  const log = (error: unknown) => logged.push(error)
  const shared = { port: 0, host: '127.0.0.1', backend, threads, log }
  const server = await serve(appFor(visit), tls === undefined ? shared : { ...shared, tls })
  const chromium = openPage(`${server.url}/files/index.html`, tls === undefined ? [] : [trusting(tls)])
  try {
    const results = await within(Promise.race([visit.results.opened, chromium.ended]), 'the page', MOST_MS)
    for (const [what, value] of Object.entries(expected)) {
      await check(what, async () => assert.equal(results[what], value, visit.answers.join('\n')))
    }
    if (tls !== undefined) {
      await check('all of it came over TLS 1.3', async () => assert.equal([...visit.versions], ['TLSv1.3']))
    }
    await check('the generator of the aborted download has ended', () => within(visit.aborted.opened, 'its end'))
    await check('events go on behind what was seen', async () => assert.equal(visit.lastEventIds, [null, '5']))
    await check('what has not changed is not sent again', async () =>
      assert.ok(visit.answers.includes('GET /files/style.css  -> 304'), visit.answers.join('\n')),
    )
    await check('the sound is sent in parts', async () => {
      const parts = visit.answers.filter((line) => /sound\.wav bytes=[1-9]\d*-\d* -> 206/.test(line))
      assert.ok(parts.length > 0, visit.answers.join('\n'))
    })
    await check('only the stream that broke off is logged', async () =>
      assert.equal(logged.map(String), ['Error: and no further']),
    )
  } finally {
    await chromium.close()
    await server.close({ force: 0 })
  }
}

/** A browser keeps nothing of servers whose certificates it only overlooks: it is told that it knows this one's key. */
function trusting({ cert }: Certificate): string {
  const key = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' })
  return `--ignore-certificate-errors-spki-list=${createHash('sha256').update(key).digest('base64')}`
}
