// ws and socket.io, attached to a server.
import { once } from 'node:events'
import { Server as Io } from 'socket.io'
import { io as connect } from 'socket.io-client'
import { WebSocket, WebSocketServer } from 'ws'

export async function ws({ createServer, listen, ask }) {
  const server = createServer((_req, res) => res.end('no socket'))
  const sockets = new WebSocketServer({ server, path: '/ws', perMessageDeflate: true })
  const told = []
  sockets.on('connection', (socket, req) => {
    told.push(`connection ${req.url} ${req.headers['sec-websocket-version']}`)
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
    socket.on('close', (code, reason) => told.push(`close ${code} ${reason}`))
  })
  const { port, close } = await listen(server)
  const client = new WebSocket(`ws://127.0.0.1:${port}/ws`)
  client.binaryType = 'nodebuffer'
  await once(client, 'open')
  for (const message of ['text', 'h€llo', '', 'l'.repeat(200_000), Buffer.from([1, 2, 3]), Buffer.alloc(500_000, 7)]) {
    client.send(message)
    const [data, isBinary] = await once(client, 'message')
    told.push(`${isBinary} ${data.length} ${Buffer.from(message).equals(Buffer.from(data))}`)
  }
  client.ping('p')
  told.push(`pong ${(await once(client, 'pong'))[0]}`)
  client.close(4000, 'bye')
  told.push(`client close ${(await once(client, 'close'))[0]}`)
  const other = new WebSocket(`ws://127.0.0.1:${port}/other`)
  told.push(`other ${(await once(other, 'error'))[0].message}`)
  const answers = [await ask(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')]
  answers.push(await ask(port, 'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'))
  for (const socket of sockets.clients) socket.terminate()
  await close()
  return [...told, ...answers]
}

export async function socketIo({ createServer, listen }) {
  const server = createServer((_req, res) => res.end('no socket'))
  const io = new Io(server)
  const told = []
  io.on('connection', (socket) => {
    socket.on('say', (text, reply) => reply(`said ${text}`))
    socket.on('join', (room, reply) => {
      socket.join(room)
      reply()
    })
    socket.on('disconnect', (reason) => told.push(`disconnect ${reason}`))
  })
  const { port, close } = await listen(server)
  for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
    const client = connect(`http://127.0.0.1:${port}`, { transports, forceNew: true, reconnection: false })
    await once(client, 'connect')
    for (const text of ['a', 'b'.repeat(50_000)]) told.push((await client.emitWithAck('say', text)).length)
    await client.emitWithAck('join', 'room')
    const heard = once(client, 'news')
    io.to('room').emit('news', { a: 1 }, Buffer.from('bytes'))
    told.push(JSON.stringify(await heard))
    if (transports.length === 2 && client.io.engine.transport.name !== 'websocket')
      await once(client.io.engine, 'upgrade')
    told.push(client.io.engine.transport.name)
    const left = new Promise((resolve) => io.sockets.sockets.get(client.id).on('disconnect', resolve))
    client.disconnect()
    await left
  }
  io.engine.close()
  await close()
  return told
}
