// The same crowds to a fetch app: requests that are read in every way, cloned or left, and answers of every kind.
//
//   node --expose-gc dist/test/frameworks/load/fetch_crowd.js REQUESTS

import { type Crowded, type Kind, request, runCrowds } from './crowd_clients.js'

type Body = ConstructorParameters<typeof Response>[0]

interface Info {
  waitUntil(promise: Promise<unknown>): void
}

interface App {
  readonly port: number
  readonly log: () => void
  readonly fetch: (request: Request, info: Info) => Promise<Response>
}

type Serve = (app: App) => Promise<{ port: number; stats(): { open: number }; close(): Promise<unknown> }>

const [requests = '4000'] = process.argv.slice(2)
const place: string = '#brink/index.js'
const { serve } = (await import(place)) as { serve: Serve }

const KINDS: Record<string, Kind> = {
  text: { request: request('GET', '/text') },
  json: { request: request('GET', '/json') },
  'a stream': { request: request('GET', '/stream') },
  'what is waited for': { request: request('GET', '/wait-until') },
  'a signal that is listened to': { request: request('GET', '/signal') },
  'an error': { request: request('GET', '/error') },
  'an echo': { request: request('POST', '/echo') },
  'an echo of chunks': { request: request('POST', '/echo', true) },
  'a body that is not read': { request: request('POST', '/text') },
  'a body that is passed on': { request: request('POST', '/pipe') },
  'a request that is cloned': { request: request('POST', '/clone') },
  'a request that is made anew': { request: request('POST', '/new') },
  'clients that leave a stream': { request: request('GET', '/stream'), leaving: 60 },
  'clients that leave a signal': { request: request('GET', '/signal'), leaving: 60 },
  'clients that leave an endless stream': { request: request('GET', '/endless'), leaving: 100 },
  'uploads that end early': { request: request('POST', '/echo'), leaving: 60 },
  'uploads that end early and are passed on': { request: request('POST', '/pipe'), leaving: 60 },
  'uploads that end early and are cloned': { request: request('POST', '/clone'), leaving: 60 },
}

const soon = () => new Promise((resolve) => setImmediate(resolve))

/** So many endless streams are open. */
let endless = 0

function threePieces(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async start(controller) {
      for (let piece = 0; piece < 3; piece += 1) {
        controller.enqueue(new Uint8Array(100))
        await soon()
      }
      controller.close()
    },
  })
}

function endlessPieces(): ReadableStream<Uint8Array> {
  endless += 1
  return new ReadableStream({
    async pull(controller) {
      await soon()
      controller.enqueue(new Uint8Array(100))
    },
    cancel() {
      endless -= 1
    },
  })
}

async function bodyOf(request: Request, info: Info): Promise<Body> {
  switch (new URL(request.url).pathname) {
    case '/json':
      return JSON.stringify({ number: request.headers.get('x-number') })
    case '/stream':
      return threePieces()
    case '/endless':
      return endlessPieces()
    case '/wait-until':
      info.waitUntil(soon())
      return 'waited for'
    case '/signal':
      request.signal.addEventListener('abort', () => {})
      await soon()
      return 'heard'
    case '/error':
      throw new Error('as it was asked to')
    case '/echo':
      return await request.text()
    case '/pipe':
      return request.body
    case '/clone':
      await request.clone().text()
      return await request.arrayBuffer()
    case '/new':
      return await new Request(request).text()
    default:
      return 'text'
  }
}

async function open(): Promise<Crowded> {
  const numbered = (request: Request, body: Body, status = 200) =>
    new Response(body, { status, headers: { 'X-Number': request.headers.get('x-number') ?? '' } })
  const server = await serve({
    port: 0,
    log: () => {},
    fetch: async (request, info) => {
      try {
        return numbered(request, await bodyOf(request, info))
      } catch {
        return numbered(request, null, 500)
      }
    },
  })
  return {
    port: server.port,
    isIdle: () => server.stats().open === 0 && endless === 0,
    complaints: () => [],
    close: () => server.close(),
  }
}

await runCrowds(KINDS, Number(requests), open)
