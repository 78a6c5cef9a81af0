// Real frameworks: one app of each on node:http and on the server under test, asked the same.
//
//   node dist/test/frameworks/apps.js SUBJECT FILE

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { within } from '../server/waiting.js'
import { BEGINS } from './differences.js'
import { subject } from './subjects.js'
import { open } from './twins/client.js'
import type { CreateServer } from './twins/exchange.js'
import { nameOf } from './twins/log.js'

/** Their packages lie beside their source. */
const APPS = join(dirname(fileURLToPath(import.meta.url)), '../../../test/frameworks/apps')
const APP_LIMIT_MS = 60_000

interface Tools {
  readonly createServer: CreateServer
  /** Sends requests on a connection of their own, and gives what came. */
  ask(port: number, ...requests: string[]): Promise<string>
  listen(server: Server): Promise<{ port: number; close(): Promise<void> }>
}

type App = (tools: Tools) => Promise<unknown[]>

const [subjectName = 'brink', file = ''] = process.argv.slice(2)
const other = await subject(subjectName)
const apps = (await import(pathToFileURL(join(APPS, file)).href)) as Record<string, App>
let passed = 0
let failed = 0

for (const [name, app] of Object.entries(apps)) {
  console.log(BEGINS + name)
  const expected = await answersOf(app, createServer as CreateServer)
  const got = await answersOf(app, other)
  if (expected.length < 2) fail(name, `node:http itself: ${expected}`)
  for (const [index, answer] of expected.entries()) {
    if (answer === got[index]) passed += 1
    else fail(name, `  - ${shown(answer)}\n  + ${shown(got[index])}`)
  }
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed > 0 ? 1 : 0)

function fail(name: string, complaint: string): void {
  failed += 1
  console.log(`FAIL ${name}\n${complaint}\n`)
}

async function answersOf(app: App, createServer: CreateServer): Promise<string[]> {
  try {
    const answers = await within(app({ createServer, ask, listen }), 'the app', APP_LIMIT_MS)
    return answers.map((answer) => `${answer}`)
  } catch (error) {
    return [`it fails: ${nameOf(error)} ${(error as Error).stack}`]
  }
}

async function ask(port: number, ...requests: string[]): Promise<string> {
  const lines: string[] = []
  const client = await open(port, lines)
  client.send(requests.join(''))
  for (const text of requests) await client.answer(/^\w+/.exec(text)?.[0])
  await client.leave()
  return lines.join('\n').replace(/^(Last-Modified|ETag): [^\r]*/gim, '$1: *')
}

async function listen(server: Server): Promise<{ port: number; close(): Promise<void> }> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  return { port: (server.address() as AddressInfo).port, close }
}

function shown(text: string | undefined): string {
  return text === undefined ? '(nothing)' : JSON.stringify(text.length > 500 ? `${text.slice(0, 500)} …` : text)
}
