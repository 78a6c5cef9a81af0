// A custom server of Next.js. The one line that is not as usual: createServer would come from 'node:http'. Needs the
// packages next, react and react-dom.
import { fileURLToPath } from 'node:url'
import { createServer } from 'brink/node'
import next from 'next'

const port = Number(process.env.PORT ?? 8080)
const server = createServer()
const app = next({
  dev: process.env.NODE_ENV !== 'production',
  dir: fileURLToPath(new URL('.', import.meta.url)),
  httpServer: server,
  port,
})
await app.prepare()
server.on('request', app.getRequestHandler())

server.listen(port, () => console.log(`Listening on http://localhost:${server.address().port}`))
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    server.close()
    await app.close()
    // What Next.js has started for development would keep the process alive.
    process.exit()
  })
}
