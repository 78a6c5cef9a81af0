// curl localhost:8080/hello/Ada
import { Router, serve } from 'brink'

const app = new Router().get('/', () => 'Hello, World!').get('/hello/:name', ({ params }) => `Hello, ${params.name}!`)

const server = await serve(app, { port: Number(process.env.PORT ?? 8080) })
console.log(`Listening on ${server.url}`)
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close({ force: 5000 }))
