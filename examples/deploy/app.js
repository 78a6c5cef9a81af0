// What is deployed: an app that knows where it runs by its environment alone. It runs alone, under systemd, in a
// container, and in the workers of server.js.
//
//   PORT, HOST        where it listens; or the sockets that systemd passes
//   TRUST_PROXY       the proxies that may name the client, such as loopback or 10.0.0.0/8
//   PROXY_PROTOCOL    require, where they announce clients by the PROXY protocol
//   ACCESS_LOG        combined or json: a line for each request to stdout, where journald and containers keep it
//   ADMIN_PORT        a port of its own for /metrics, /live and /ready, which strangers do not reach
//   READINESS_DELAY   milliseconds from a signal until connections are closed: as long as a load balancer needs to notice
import { closeOnSignals, health, metrics, Router, serve } from 'brink'

const { PORT = 8080, HOST = 'localhost', ADMIN_PORT, ACCESS_LOG, READINESS_DELAY = 0 } = process.env
const { TRUST_PROXY, PROXY_PROTOCOL, LISTEN_FDS } = process.env

const app = new Router()
  .get('/', () => 'Hello')
  .get('/client', ({ ip, url }) => ({ ip, url }))
  .mount('/', health())

const server = await serve(app, {
  ...(LISTEN_FDS ? { fd: 'systemd' } : { port: PORT, host: HOST }),
  metrics: true,
  ...(TRUST_PROXY && { trustProxy: TRUST_PROXY }),
  ...(PROXY_PROTOCOL === 'require' && { proxyProtocol: 'require' }),
  ...(ACCESS_LOG && { accessLog: { format: ACCESS_LOG === 'json' ? 'json' : 'combined' } }),
})
const servers = [server]
if (ADMIN_PORT) {
  servers.push(await serve(health(server).get('/metrics', metrics(server)), { port: ADMIN_PORT, host: HOST }))
}
closeOnSignals(servers, { readinessDelay: Number(READINESS_DELAY) })
console.log(`Listening on ${server.url}`)
