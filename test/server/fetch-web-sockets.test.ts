// Connections that the fetch() of an app hands over: upgrades, and WebSockets of Hono.
import { once } from 'node:events'
import { serve } from 'brink'
import { webSocketHelper } from 'brink/fetch'
import { Hono } from 'hono'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { WebSocket, WebSocketServer } from 'ws'
import { nativeFetch, servingFetch } from './fetch_serving.js'
import { turn, until, within } from './waiting.js'

test('info.upgrade hands the connection over, and an answer of 400 or above refuses it', async () => {
  const sockets = new WebSocketServer({ noServer: true })
  await servingFetch(
    (request, info) => {
      if (!info.offersUpgrade) return new Response('no offer', { status: 426 })
      const response = info.upgrade((req, socket, head) => {
        sockets.handleUpgrade(req, socket, head, (webSocket) => {
          webSocket.on('message', (message) => webSocket.send(`echo ${message}`))
        })
      })
      return request.url.endsWith('/refused') ? new Response('no', { status: 403 }) : response
    },
    async ({ url }) => {
      assert.is((await nativeFetch(url)).status, 426)
      const webSocket = new WebSocket(url.replace('http', 'ws'))
      await once(webSocket, 'open')
      webSocket.send('a')
      const [message] = await once(webSocket, 'message')
      assert.is(String(message), 'echo a')
      webSocket.close()
      await once(webSocket, 'close')
      const refused = new WebSocket(`${url.replace('http', 'ws')}/refused`)
      const [error] = await once(refused, 'error')
      assert.match(String(error), /403/)
    },
  )
})

test("Hono's upgradeWebSocket works over ws, with the fields of middleware", async () => {
  const upgradeWebSocket = webSocketHelper(new WebSocketServer({ noServer: true }))
  const heard: string[] = []
  const app = new Hono()
    .use(async (c, next) => {
      await next()
      c.header('x-late', 'yes')
    })
    .get(
      '/ws',
      upgradeWebSocket((c) => ({
        onOpen: (_event, socket) => socket.send(`hello ${c.req.query('name')}`),
        onMessage: (event, socket) => {
          heard.push(typeof event.data === 'string' ? event.data : `${(event.data as ArrayBuffer).byteLength} bytes`)
          if (heard.length === 2) socket.close(1000, 'enough')
        },
        onClose: (event) => heard.push(`closed ${event.code} ${event.reason}`),
      })),
      (c) => c.text('no WebSocket'),
    )
  const server = await serve(app, { port: 0 })
  try {
    assert.is(await (await nativeFetch(`${server.url}/ws`)).text(), 'no WebSocket')
    const webSocket = new WebSocket(`${server.url.replace('http', 'ws')}/ws?name=Ada`)
    const [[response], [message]] = await Promise.all([once(webSocket, 'upgrade'), once(webSocket, 'message')])
    assert.is(response.headers['x-late'], 'yes')
    assert.is(String(message), 'hello Ada')
    webSocket.send('text')
    webSocket.send(Buffer.from([1, 2, 3]))
    await once(webSocket, 'close')
    while (heard.length < 3) await turn()
    assert.equal(heard, ['text', '3 bytes', 'closed 1000 enough'])
  } finally {
    await server.close({ force: 0 })
  }
})

test('what listeners of upgradeWebSocket throw or reject is logged, and the connection goes on', async () => {
  const upgradeWebSocket = webSocketHelper(new WebSocketServer({ noServer: true }))
  const failing = (name: string) => (event: Event) => {
    const error = new Error(`${name} ${event.type}`)
    if (name === 'throws') throw error
    return Promise.reject(error)
  }
  const app = new Hono()
  for (const name of ['throws', 'rejects']) {
    const fail = failing(name)
    const events = { onOpen: fail, onClose: fail, onError: fail }
    const create = () => ({
      ...events,
      onMessage: (event: Event, socket: { send(text: string): void }) => {
        socket.send('seen')
        return fail(event)
      },
    })
    app.get(`/${name}`, upgradeWebSocket(create as never))
  }
  for (const name of ['throws', 'rejects']) {
    const expected = ['open', 'message', 'message', 'error', 'close'].map((type) => `Error: ${name} ${type}`)
    const logged = await servingFetch(app.fetch as never, async ({ url }, errors) => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/${name}`)
      await within(once(socket, 'open'), 'the WebSocket')
      for (const text of ['one', 'two']) {
        const seen = once(socket, 'message')
        socket.send(text)
        await within(seen, 'the message')
      }
      // No frame begins like this.
      const closed = once(socket, 'close')
      ;(socket as unknown as { _socket: { write(bytes: Uint8Array): void } })._socket.write(new Uint8Array(3).fill(255))
      await within(closed, 'the end')
      await until(() => errors.length === expected.length, 'the errors')
    })
    assert.equal(logged, expected)
  }
})

test.run()
