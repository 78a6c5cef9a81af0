// A chat of socket.io. The one line that is not as usual: createServer would come from 'node:http'. Needs socket.io.
import { createServer } from 'brink/node'
import { Server } from 'socket.io'

const PAGE = `<!doctype html>
<title>Chat</title>
<form id="say"><input id="text" autocomplete="off"><button>Say</button></form>
<ul id="said"></ul>
<script src="/socket.io/socket.io.js"></script>
<script>
  const socket = io()
  say.onsubmit = (event) => {
    event.preventDefault()
    socket.emit('say', text.value)
    text.value = ''
  }
  socket.on('said', (line) => said.appendChild(document.createElement('li')).append(line))
</script>
`

const server = createServer((_req, res) => {
  res.setHeader('Content-Type', 'text/html; charset=utf-8')
  res.end(PAGE)
})
const io = new Server(server)
io.on('connection', (socket) => {
  socket.on('say', (line) => io.emit('said', line))
})

server.listen(Number(process.env.PORT ?? 8080), () =>
  console.log(`Listening on http://localhost:${server.address().port}`),
)
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => io.close())
