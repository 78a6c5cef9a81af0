// Calls one function of the addon again and again, until the worker is terminated in the middle of it.
import { parentPort, workerData } from 'node:worker_threads'
import * as layout from '#brink/exchange/layout.js'
import { native } from '#brink/exchange/native.js'
import { packageFolder } from '#brink/runtime/package_place.js'

const block = () => new ArrayBuffer(layout.BLOCK_BYTES_AT + layout.BLOCK_BYTES)
const name = process.env.BRINK_BACKEND ?? 'auto'
const backend = native.backends.find((each) => each.name === name) ?? native.backends[0]
const threaded = backend?.needsThread === true || Number(process.env.BRINK_THREADS ?? 0) > 0

function newReactor() {
  return new native.Reactor(
    { backend: backend?.name ?? '', threaded, tellsConnections: true },
    [block(), block()],
    [block(), block()],
    new Int32Array(layout.STATE_WORDS),
    () => {},
    () => {},
    () => ({}),
    () => {},
    () => {},
  )
}

const reactor = newReactor()
const others = [newReactor()]
const folder = new native.Folder(packageFolder() ?? '')
const file = folder.open('package.json')
if (typeof file === 'number') throw new Error('package.json cannot be opened')
const bytes = new Uint8Array(100)
const fixed = { status: 200, flags: 0, fields: new Uint8Array(), body: bytes, etag: bytes }

const calls: Record<string, () => unknown> = {
  'new Reactor': () => newReactor().close(),
  // Port 1 is refused, or taken already.
  listen: () => reactor.listen('127.0.0.1', 1, { backlog: 10, reusePort: true, ipv6Only: false }, others),
  setDeadlines: () => reactor.setDeadlines({ keepAliveTimeout: 5, headersTimeout: 7 }),
  setFixed: () => reactor.setFixed('/', fixed),
  lend: () => reactor.lend({ file, offset: 0, length: 5, closes: false }, true),
  flush: () => reactor.flush(true),
  losers: () => reactor.losers(),
  stats: () => reactor.stats(),
  open: () => {
    const opened = folder.open('package.json')
    if (typeof opened !== 'number') opened.close()
  },
  read: () => file.read(bytes, 0),
  isSameAs: () => file.isSameAs(file),
}

const call = calls[workerData]
if (call === undefined) throw new Error(`there is no call ${workerData}`)
parentPort?.postMessage('calling')
for (;;) call()
