// Vite's development server as a middleware of a server of one's own, with its updates over WebSocket. The one line that
// is not as usual: createServer would come from 'node:http'. Needs the package vite.
import { fileURLToPath } from 'node:url'
import { createServer } from 'brink/node'
import { createServer as createViteServer } from 'vite'

const server = createServer()
const vite = await createViteServer({
  root: fileURLToPath(new URL('.', import.meta.url)),
  logLevel: 'warn',
  server: { middlewareMode: true, hmr: { server } },
})
server.on('request', vite.middlewares)

server.listen(Number(process.env.PORT ?? 8080), () =>
  console.log(`Listening on http://localhost:${server.address().port}`),
)
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await vite.close()
    server.close()
  })
}
