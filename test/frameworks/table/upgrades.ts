// Upgrade and CONNECT, taken, refused, and heard by nobody.

import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Client } from '../twins/client.js'
import { type Exchange, get, request, type Script } from '../twins/exchange.js'
import { type Log, nameOf, shown } from '../twins/log.js'

const OFFER = ['Connection: Upgrade', 'Upgrade: twin']
const offer = get('/chat', ...OFFER)
const CONNECT = 'CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n'
const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: twin\r\n\r\n'

type Take = (socket: Socket, head: Buffer, log: Log, req: IncomingMessage) => unknown

/** With the lines of the tunnel in the log. */
function taking(event: 'upgrade' | 'connect', take: Take) {
  return (server: Server, log: Log) => {
    server.on(event, (req: IncomingMessage, socket: Socket, head: Buffer) => {
      log.note(`${event} ${req.method} ${req.url} ${shown(req.headers)} ${head.toString('latin1')}`)
      log.note(shown([socket.readable, socket.writable, socket.destroyed, req.socket === socket, socket.remoteFamily]))
      socket.on('error', (error) => log.note(`tunnel error ${nameOf(error)}`))
      socket.on('end', () => log.note('tunnel end'))
      socket.on('close', (hadError) => log.note(`tunnel close ${hadError}`))
      take(socket, head, log, req)
    })
  }
}

const echoing: Take = (socket, head) => {
  socket.write(SWITCHED)
  if (head.length > 0) socket.write(head)
  socket.on('data', (data) => socket.write(data))
  socket.on('end', () => socket.end())
}

const handler = (req: IncomingMessage, res: { end(text?: string): unknown }) => res.end(req.url)

const offersAlone: Script = async ({ client }) => {
  client.send(offer)
  await client.ended()
}

/** Sends something through an echo, and leaves. */
async function usesTunnel(client: Client): Promise<void> {
  await client.text('\r\n\r\n')
  client.send('ping')
  await client.text('ping')
  await client.leave()
}

/** From Node 24 on the body belongs to the request, and holds the tunnel back until it is read. */
const beforeNode24: Exchange[] = [
  {
    name: 'an offer with a body',
    prepare: taking('upgrade', (socket, _head, log) => {
      socket.on('data', (data) => {
        log.note(`data ${data}`)
        socket.end(`${SWITCHED}got it`)
      })
    }),
    handler,
    client: async ({ client, log }) => {
      client.send(request('POST', '/', '', ...OFFER, 'Content-Length: 4'))
      await log.when('upgrade')
      client.send('body')
      await client.ended()
    },
  },
]

export const upgrades: Exchange[] = [
  ...(Number.parseInt(process.versions.node, 10) < 24 ? beforeNode24 : []),
  {
    name: 'a tunnel that the client leaves',
    prepare: taking('upgrade', echoing),
    handler,
    client: async ({ client, log }) => {
      client.send(offer)
      await usesTunnel(client)
      await log.when('tunnel close')
    },
  },
  {
    name: 'a tunnel that the client resets',
    prepare: taking('upgrade', echoing),
    handler,
    client: async ({ client, log }) => {
      client.send(offer)
      await client.text('\r\n\r\n')
      await client.crash()
      await log.when('tunnel close')
    },
  },
  {
    name: 'a tunnel that the client half-closes',
    prepare: taking('upgrade', (socket) => {
      socket.write(SWITCHED)
      socket.resume()
      socket.on('end', () => socket.end('bye'))
    }),
    handler,
    client: async ({ client }) => {
      client.send(offer)
      await client.text('\r\n\r\n')
      client.finish()
      await client.ended()
    },
  },
  {
    name: 'a tunnel that the app ends',
    prepare: taking('upgrade', (socket) => {
      socket.resume()
      socket.end(`${SWITCHED}bye`)
    }),
    handler,
    client: offersAlone,
  },
  {
    name: 'a tunnel that the app destroys',
    prepare: taking('upgrade', (socket) => {
      socket.write(SWITCHED, () => socket.destroy())
    }),
    handler,
    client: offersAlone,
  },
  {
    name: 'an offer that the app destroys',
    prepare: taking('upgrade', (socket) => socket.destroy()),
    handler,
    client: offersAlone,
  },
  {
    name: 'an offer that the app refuses',
    prepare: taking('upgrade', (socket) =>
      socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'),
    ),
    handler,
    client: async ({ client }) => {
      client.send(offer)
      await client.answer()
      await client.ended()
    },
  },
  {
    name: 'bytes right behind an offer',
    prepare: taking('upgrade', (socket, head) => {
      socket.write(SWITCHED)
      let seen = head.toString('latin1')
      const look = () => {
        if (seen.length >= 5) socket.end(`saw ${seen}`)
      }
      socket.on('data', (data) => {
        seen += data.toString('latin1')
        look()
      })
      look()
    }),
    handler,
    client: async ({ client }) => {
      client.send(`${offer}early`)
      await client.ended()
    },
  },
  {
    name: 'a tunnel that is taken in another turn',
    prepare: taking('upgrade', (socket, head, log, req) => {
      setImmediate(() => echoing(socket, head, log, req))
    }),
    handler,
    client: async ({ client }) => {
      client.send(offer)
      await usesTunnel(client)
    },
  },
  { name: 'an offer that nobody hears', handler, client: offer },
  {
    name: 'an offer with a body that nobody hears',
    handler: (req, res) => req.pipe(res),
    client: request('POST', '/', 'body', ...OFFER),
  },
  {
    name: 'a request before an offer in one segment',
    prepare: taking('upgrade', echoing),
    handler,
    client: async ({ client }) => {
      client.send(get('/first'), offer)
      await client.answer()
      await usesTunnel(client)
    },
  },
  {
    name: 'a tunnel with much in it',
    prepare: taking('upgrade', echoing),
    handler,
    client: async ({ client }) => {
      client.send(offer)
      await client.text('\r\n\r\n')
      client.send('x'.repeat(1_000_000))
      await client.text('x'.repeat(1_000_000))
      await client.leave()
    },
  },
  {
    name: 'CONNECT that is taken',
    prepare: taking('connect', (socket) => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      socket.on('data', (data) => socket.write(data))
      socket.on('end', () => socket.end())
    }),
    handler,
    client: async ({ client }) => {
      client.send(CONNECT)
      await usesTunnel(client)
    },
  },
  {
    name: 'CONNECT that nobody hears',
    handler,
    client: async ({ client }) => {
      client.send(CONNECT)
      await client.ended()
    },
  },
  {
    name: 'CONNECT that is refused',
    prepare: taking('connect', (socket) => socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n')),
    handler,
    client: async ({ client }) => {
      client.send(CONNECT)
      await client.answer('GET')
      await client.ended()
    },
  },
]
