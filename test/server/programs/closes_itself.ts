// A process whose server is closed in the way that its first argument names. It has to end by itself.
import { connect } from 'node:net'
import { Router, type Server, serve } from 'brink'

const way = process.argv[2]
const { promise: bye, resolve: sayBye } = withResolver()
const app = new Router()
  .get('/exit', () => process.exit(7))
  .get('/exit-later', async () => {
    await bye
    process.exit(8)
  })
  .get('/throw-later', () => {
    setImmediate(() => {
      throw new Error('not caught')
    })
    return 'thrown later'
  })
const server: Server = await serve(app, { port: 0, host: '127.0.0.1' })

function withResolver(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {}
  const promise = new Promise<void>((resolved) => {
    resolve = resolved
  })
  return { promise, resolve }
}

function ask(path: string): void {
  const socket = connect(server.port, '127.0.0.1', () => socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`))
  socket.on('data', () => {}).on('error', () => {})
}

switch (way) {
  case 'never asked':
    await server.close()
    break
  case 'asked':
    await (await fetch(server.url)).text()
    await server.close()
    break
  case 'with a client that stays':
    connect(server.port, '127.0.0.1', () => server.close({ force: 0 }))
      .on('error', () => {})
      .unref()
    break
  case 'not closed, exit in a handler':
    ask('/exit')
    break
  case 'not closed, exit in an async handler':
    ask('/exit-later')
    setImmediate(sayBye)
    break
  case 'not closed, an error that nobody caught':
    ask('/throw-later')
    break
  case 'not closed, exit':
    process.exit(9)
}
console.log('done')
