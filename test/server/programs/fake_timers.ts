// A server of an app whose tests have replaced the timers and clocks: before brink was loaded, after it, or by the mocks
// of node:test. Time stands still then, long before the files were written. Answers what a timer of brink's is needed for.
import { readFileSync } from 'node:fs'
import timers from 'node:timers'

const [, , way, file] = process.argv as [string, string, string, string]
const { setImmediate: realSetImmediate } = timers
const turn = () => new Promise<void>((resolve) => realSetImmediate(resolve))
const YEAR_1980 = Date.UTC(1980, 0)

function replace(): void {
  const never = () => ({ unref: () => {}, refresh: () => {}, hasRef: () => false })
  const RealDate = Date
  class FrozenDate extends RealDate {
    static override now = () => YEAR_1980
    constructor() {
      super(YEAR_1980)
    }
  }
  Object.assign(globalThis, {
    setImmediate: never,
    setTimeout: never,
    setInterval: never,
    clearTimeout: () => {},
    clearImmediate: () => {},
    queueMicrotask: () => {},
    Date: FrozenDate,
  })
  Object.defineProperty(performance, 'now', { value: () => 0 })
}

async function mock(): Promise<void> {
  const { mock } = await import('node:test')
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate'] })
  Date.now = () => YEAR_1980
}

if (way === 'before') replace()
const { events, files, Router, reply, serve } = await import('brink')
if (way === 'after') replace()
if (way === 'mocks') await mock()

let open = () => {}
const opened = new Promise<void>((resolve) => {
  open = resolve
})

const app = new Router()
  .get('/now', () => 'now')
  .get('/microtask', async () => 'microtask')
  .get('/late', async () => {
    await turn()
    return 'late'
  })
  .post('/length', async (req) => {
    await turn()
    return `${(await req.bytes()).length}`
  })
  .get('/response', () => new Response(new Blob([readFileSync(file)]).stream()))
  .get('/headed', () =>
    reply(
      200,
      (async function* () {
        await opened
        yield 'opened'
      })(),
    ),
  )
  .get('/open', () => open())
  .get('/quiet', (req) =>
    events(
      req,
      async function* ({ signal }) {
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        yield 'the client is gone'
      },
      { heartbeat: 5 },
    ),
  )
  .get('/files/*', files(new URL('.', `file://${file}`), { revalidate: 0 }))
  .get('/never', () => new Promise<string>(() => {}))
  .get('/close', () => {
    void server.close({ force: 20 }).then(() => console.log('closed'))
  })
const server = await serve(app, { port: 0, host: '127.0.0.1' })
console.log(`port ${server.port}`)
