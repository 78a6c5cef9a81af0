// An echo over WebSocket. The one line that is not as usual: createServer would come from 'node:http'. Needs ws.
import { createServer } from 'brink/node'
import { WebSocketServer } from 'ws'

const PAGE = `<!doctype html>
<title>Echo</title>
<form id="say"><input id="text" autocomplete="off"><button>Say</button></form>
<ul id="said"></ul>
<script>
  const socket = new WebSocket(location.href.replace('http', 'ws'))
  say.onsubmit = (event) => {
    event.preventDefault()
    socket.send(text.value)
    text.value = ''
  }
  socket.onmessage = ({ data }) => said.appendChild(document.createElement('li')).append(data)
</script>
`

const server = createServer((_req, res) => {
  res.setHeader('Content-Type', 'text/html; charset=utf-8')
  res.end(PAGE)
})
const sockets = new WebSocketServer({ server })
sockets.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
})

server.listen(Number(process.env.PORT ?? 8080), () =>
  console.log(`Listening on http://localhost:${server.address().port}`),
)
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close()
    for (const socket of sockets.clients) socket.close(1001)
  })
}
