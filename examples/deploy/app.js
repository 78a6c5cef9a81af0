// What is deployed: an app that knows where it runs by its environment alone. It runs alone, under systemd, in a
// container, and in the workers of server.js.
//
//   PORT, HOST        where it listens; or the sockets that systemd passes
//   TRUST_PROXY       the proxies that may name the client, such as loopback or 10.0.0.0/8
//   PROXY_PROTOCOL    require, where they announce clients by the PROXY protocol
//   READINESS_DELAY   milliseconds from a signal until connections are closed: as long as a load balancer needs to notice
import { closeOnSignals, health, Router, serve } from 'brink'

const { PORT = 8080, HOST = 'localhost', TRUST_PROXY, PROXY_PROTOCOL, READINESS_DELAY = 0, LISTEN_FDS } = process.env

const app = new Router()
  .get('/', () => 'Hello')
  .get('/client', ({ ip, url }) => ({ ip, url }))
  .mount('/', health())

const server = await serve(app, {
  ...(LISTEN_FDS ? { fd: 'systemd' } : { port: PORT, host: HOST }),
  ...(TRUST_PROXY && { trustProxy: TRUST_PROXY }),
  ...(PROXY_PROTOCOL === 'require' && { proxyProtocol: 'require' }),
})
closeOnSignals(server, { readinessDelay: Number(READINESS_DELAY) })
console.log(`Listening on ${server.url}`)
