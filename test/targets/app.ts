// What every target has to serve, plain and over TLS. Run by the runtime that is tested, with the path of a file to tell
// its addresses in, beside which key.pem and cert.pem are, and a backend and a number of threads, if those are asked
// for. Where there is no TLS, it tells the code of the error. It ends when it is asked for /close.
import { createHash } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compress, events, file, HttpError, parts, Router, reply, type Server, serve, type TlsOptions } from 'brink'

const [, program = '', told = '', backend = 'auto', threads = '0'] = process.argv

async function* pieces() {
  for (let i = 0; i < 5; i += 1) yield `piece ${i}\n`
}

const app = new Router()
  .get('/text', () => 'Hello, World!')
  .get('/secured', (req) => req.tls?.version ?? 'not at all')
  .get('/json/:id', ({ params, query }) => ({ id: params.id, q: query.get('q') }))
  .post('/echo', async (req) => reply(201, await req.json(), { 'x-echo': 'yes' }))
  .post(
    '/hash',
    async (req) =>
      createHash('sha256')
        .update(await req.bytes())
        .digest('hex'),
    { bodyLimit: 4e6 },
  )
  .post('/form', async (req) => Object.fromEntries((await req.formData()) as Iterable<[string, string]>))
  .post('/parts', async (req) => {
    const seen: [string, string][] = []
    for await (const part of parts(req)) seen.push([part.name, await part.text()])
    return seen
  })
  .get('/pieces', () => pieces())
  .get('/stream', () => new Blob(['s'.repeat(300_000)]).stream())
  .get('/large', () => Buffer.alloc(3_000_000, 'l'))
  .get('/events', (req) =>
    events(req, async function* () {
      yield { id: '1', event: 'tick', data: { at: 1 } }
      yield 'done'
    }),
  )
  .get('/file', () => file(join(program, '..', 'app.js')))
  .get('/late', async () => {
    await new Promise((resolve) => setTimeout(resolve, 5))
    return 'late'
  })
  .get('/teapot', () => {
    throw new HttpError(418, 'short and stout')
  })
  .get('/zipped', compress(), () => 'zip '.repeat(5000))
  .fixed('/fixed', 'fixed')
  .upgrade('/shout', (_, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\n')
    socket.on('data', (chunk: Buffer) => socket.write(chunk.toString().toUpperCase()))
    socket.on('end', () => socket.end())
  })
  .get('/stats', () => server.stats())
  .get('/close', () => {
    setTimeout(() => server.close({ force: 2000 }), 10)
    return 'closing'
  })

const local = { port: 0, host: '127.0.0.1' }
const start = (tls?: TlsOptions) =>
  serve(app, {
    listen: tls === undefined ? [local] : [local, { ...local, tls }],
    backend: backend as 'auto',
    threads: Number(threads),
  })
const pem = (name: string) => readFileSync(join(told, '..', `${name}.pem`))

let withoutTls: string | undefined
const server: Server = await start({ key: pem('key'), cert: pem('cert') }).catch((error: Error & { code?: string }) => {
  withoutTls = error.code ?? error.message
  return start()
})
const [url, secureUrl] = server.listeners.map((listener) => listener.url)
// A pipe would not do: Wine gives Node none that it can write to.
writeFileSync(`${told}.unfinished`, JSON.stringify({ url, secureUrl, withoutTls }))
renameSync(`${told}.unfinished`, told)
