// Which server of a worker listens on the sockets that were handed to it, when listening there fails.
import { Router, type Server, serve } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { native } from '#brink/exchange/native.js'
import { becomeWorker, type HandedSocket } from '#brink/server/worker_context.js'

const NO_DESCRIPTOR = 9999

const handed = (descriptor: number): HandedSocket => ({ descriptor, place: 0 })

let sockets: readonly HandedSocket[] | undefined
/** The ports of servers that were told, with whether they have the handed sockets. */
const told: [port: number, isHanded: boolean][] = []

becomeWorker({
  slot: 0,
  places: 1,
  takeSockets: () => {
    const taken = sockets
    sockets = undefined
    return taken
  },
  giveBack: (given) => {
    sockets = given
  },
  serves: (server, isHanded) => told.push([(server as Server).port, isHanded]),
  fails: () => {},
  onDrain: () => () => {},
})

const app = new Router().get('/', () => 'hello')
const elsewhere = { port: 0, host: '127.0.0.1' }

test('after an error at the handed sockets, the next server listens there', async () => {
  const opened = native.openListener('127.0.0.1', 0, { backlog: 9, reusePort: false, ipv6Only: false })
  if ('errno' in opened) throw new Error(`it does not listen: ${opened.errno}`)
  sockets = [handed(NO_DESCRIPTOR)]
  // The second one does not wait for the first, and is no replacement for it.
  const [first, second] = await Promise.allSettled([serve(app, elsewhere), serve(app, elsewhere)])
  assert.is((first as PromiseRejectedResult).reason.code, 'EBADF')
  const other = (second as PromiseFulfilledResult<Server>).value
  assert.equal(told.splice(0), [[other.port, false]])
  assert.equal(sockets, [handed(NO_DESCRIPTOR)])
  sockets = [handed(opened.descriptor)]
  const server = await serve(app, elsewhere)
  assert.is(server.port, opened.port)
  assert.equal(told, [[opened.port, true]])
  assert.is(sockets, undefined)
  await Promise.all([server, other].map((one) => one.close({ force: 0 })))
})

test.run()
