// The servers that are compared, each with an app that tells what it saw of a request.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server as NodeServer } from 'node:http'
import { reply, serve } from 'brink'
import { SEEN } from './answers.js'
import { startNginx } from './nginx.js'
import { originForm, seenAs } from './the_book.js'

export type PeerName = 'node:http' | 'nginx'

export interface Contestant {
  readonly port: number
  stop(): Promise<unknown>
}

export async function startBrink(): Promise<Contestant> {
  const server = await serve(
    async (req) => {
      const body = Buffer.from(await req.bytes()).toString('latin1')
      const seen = seenAs(req.method, originForm(req.target), req.headers.get('host') ?? '', body)
      return reply(200, 'seen', { [SEEN]: seen })
    },
    { port: 0, host: '127.0.0.1' },
  )
  return { port: server.port, stop: () => server.close({ force: 0 }) }
}

export async function startPeer(name: PeerName): Promise<Contestant> {
  if (name === 'node:http') {
    return startNode((req, body) => seenAs(req.method ?? '', originForm(req.url ?? ''), req.headers.host ?? '', body))
  }
  const app = await startNode(({ headers }, body) => {
    const { 'x-method': method, 'x-target': target, 'x-host': host } = headers
    return seenAs(String(method), originForm(String(target)), String(host ?? ''), body)
  })
  const nginx = await startNginx(app.port)
  return {
    port: nginx.port,
    stop: async () => {
      await nginx.stop()
      await app.stop()
    },
  }
}

async function startNode(see: (request: IncomingMessage, body: string) => string): Promise<Contestant> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('error', () => {})
    request.on('end', () => {
      response.setHeader(SEEN, see(request, Buffer.concat(chunks).toString('latin1')))
      response.end('seen')
    })
  })
  // Otherwise it hangs up on clients that have said that they will send no more.
  ;(server as NodeServer & { httpAllowHalfOpen: boolean }).httpAllowHalfOpen = true
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const stop = async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return { port, stop }
}
