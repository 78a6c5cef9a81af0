// Runs one exchange on one server, and tells what was seen from both ends.

import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { turn, within } from '../../server/waiting.js'
import { type Client, open, PROBE } from './client.js'
import type { CreateServer, Exchange, Script } from './exchange.js'
import { Log, nameOf, WAIT_MS } from './log.js'
import { Watch } from './watch.js'

export interface Transcript {
  /** What each client saw. */
  readonly clients: readonly (readonly string[])[]
  /** What happened in the server. */
  readonly server: readonly string[]
}

/** The log of the exchange that is run: an uncaught exception belongs to it. */
let current: Log | undefined
process.on('uncaughtException', (error) => current?.note(`uncaught ${nameOf(error)}`))
process.on('unhandledRejection', (error) => current?.note(`unhandled ${nameOf(error)}`))

/** Listeners of events change what a server does, so each exchange is run with (`watched`) and without them. */
export async function runTrial(exchange: Exchange, createServer: CreateServer, watched: boolean): Promise<Transcript> {
  const log = new Log()
  current = log
  const watch = new Watch(log)
  const server = createServer(exchange.options ?? {}, (req: IncomingMessage, res: ServerResponse) => {
    if (req.url === PROBE) return res.end('alive')
    if (watched) watch.exchange(req, res)
    return exchange.handler?.(req, res, log)
  })
  if (watched) watch.server(server)
  exchange.prepare?.(server, log)
  server.listen(0, '127.0.0.1')
  await within(once(server, 'listening'), 'the server to listen')
  const clients: string[][] = []
  const opened: Client[] = []
  const connect = async () => {
    const lines: string[] = []
    const client = await open((server.address() as AddressInfo).port, lines)
    clients.push(lines)
    opened.push(client)
    return client
  }
  try {
    await scriptOf(exchange)({ client: await connect(), log, server, open: connect })
    for (const client of opened) await client.conclude()
  } catch (error) {
    log.note(`the script fails: ${nameOf(error)}`)
    for (const client of opened) await client.leave()
  }
  await ended(server, log)
  return { clients, server: log.lines }
}

function scriptOf({ client }: Exchange): Script {
  if (typeof client === 'function') return client
  const requests = typeof client === 'string' ? [client] : client
  return async (wire) => {
    wire.client.send(requests.join(''))
    for (const text of requests) await wire.client.answer(/^\w+/.exec(text)?.[0])
  }
}

/** All clients have left: what the server makes of that comes first, for close() would end idle connections before. */
async function ended(server: Server, log: Log): Promise<void> {
  const isIdle = async () => (await connections(server)) === 0
  await come(isIdle, LEAVING_MS)
  if (server.listening) server.close()
  if (!(await come(async () => !server.listening && (await isIdle()), WAIT_MS))) {
    log.note('the server does not end')
    server.closeAllConnections()
  }
  for (let turns = 0; turns < 4; turns++) await turn()
}

const LEAVING_MS = 2000

async function come(condition: () => Promise<boolean>, limitMs: number): Promise<boolean> {
  const end = performance.now() + limitMs
  while (!(await condition())) {
    if (performance.now() > end) return false
    await turn()
  }
  return true
}

function connections(server: Server): Promise<number> {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count)))
}
