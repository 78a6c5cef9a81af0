// Starts a server with a single route, asks it once, and tells how long what took: start.mjs NAME
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

const GREETING = 'Hello, World!'

// Each imports, and gives a function that serves and promises the port.
const starts = {
  async brink() {
    const { Router, serve } = await import('../../../dist/index.js')
    return async () =>
      (
        await serve(
          new Router().get('/', () => GREETING),
          { port: 0, host: '127.0.0.1' },
        )
      ).port
  },
  async uws() {
    const { default: uws } = await import('uwebsockets')
    return () =>
      new Promise((resolve) => {
        const app = uws.App().get('/', (res) => res.end(GREETING))
        app.listen('127.0.0.1', 0, (socket) => resolve(uws.us_socket_local_port(socket)))
      })
  },
  async node() {
    const http = await import('node:http')
    return async () => {
      const server = http.createServer((_request, response) => response.end(GREETING)).listen(0, '127.0.0.1')
      await once(server, 'listening')
      return server.address().port
    }
  },
  async fastify() {
    const { default: createApp } = await import('fastify')
    return async () => {
      const app = createApp()
      app.get('/', (_request, reply) => {
        reply.send(GREETING)
      })
      await app.listen({ port: 0, host: '127.0.0.1' })
      return app.server.address().port
    }
  },
  async hono() {
    const [{ Hono }, { serve }] = await Promise.all([import('hono'), import('@hono/node-server')])
    return () =>
      new Promise((resolve) => {
        const { fetch } = new Hono().get('/', (c) => c.text(GREETING))
        serve({ fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => resolve(port))
      })
  },
}

async function ask(port) {
  const socket = connect(port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  const [bytes] = await once(socket, 'data')
  socket.destroy()
  return String(bytes)
}

const rehearsal = createServer((socket) => socket.end('.')).listen(0, '127.0.0.1')
await once(rehearsal, 'listening')
await ask(rehearsal.address().port)

const began = performance.now()
const listen = await starts[process.argv[2]]()
const imported = performance.now()
const answer = await ask(await listen())
const answered = performance.now()
if (!answer.startsWith('HTTP/1.1 200')) throw new Error(`The first answer is ${answer}`)
console.log(JSON.stringify({ importMs: imported - began, answerMs: answered - imported }))
process.exit(0)
