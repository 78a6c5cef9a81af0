// The examples that need frameworks: each runs, answers, and ends when it is told; and with its one line put back it is
// an app of node:http that answers the same.
//
//   node dist/test/frameworks/examples.js

import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WebSocket } from 'ws'
import { askExample } from '../example_program.js'
import { tryOpenTelemetry } from '../opentelemetry.js'
import { within } from '../server/waiting.js'
import { BEGINS } from './differences.js'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../..')
const PACKAGES = join(ROOT, 'test/frameworks')
const require = createRequire(join(PACKAGES, 'package.json'))

type Ask = (url: string) => Promise<unknown>

const json = (text: unknown) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(text),
})

/** The status, and what it says. */
async function answer(url: string, init?: RequestInit): Promise<string> {
  const response = await fetch(url, init)
  return `${response.status} ${await response.text()}`
}

/** What the three apps that keep notes have in common. */
const notes: Ask = async (url) => [
  await answer(url),
  await answer(`${url}/notes`, json({ text: 'Buy milk' })),
  await answer(`${url}/notes/1`),
  await answer(`${url}/notes`),
  await answer(`${url}/notes/2`),
  await answer(`${url}/notes`, json({})),
]

interface ChatClient {
  emit(event: string, text: string): void
  once(event: string, listener: (text: string) => void): void
  close(): void
}

const chat: Ask = async (url) => {
  const { io } = require('socket.io-client') as { io: (url: string) => ChatClient }
  const clients = [io(url), io(url)] as const
  await Promise.all(
    clients.map((client) => new Promise<string>((resolve) => client.once('connect', resolve as () => void))),
  )
  const heard = clients.map((client) => new Promise<string>((resolve) => client.once('said', resolve)))
  clients[0].emit('say', 'Hello')
  const said = await Promise.all(heard)
  for (const client of clients) client.close()
  return [await answer(url), ...said]
}

/** What a WebSocket at the URL says first, once it was sent the text, if there is one. */
async function firstMessage(url: string, protocols: string[], text?: string): Promise<string> {
  const socket = new WebSocket(url.replace('http', 'ws'), protocols)
  if (text !== undefined) socket.once('open', () => socket.send(text))
  const [message] = await within(once(socket, 'message'), 'a message')
  socket.close()
  return String(message)
}

const echo: Ask = async (url) => [await answer(url), await firstMessage(url, [], 'Hello')]

const vite: Ask = async (url) => {
  const client = await answer(`${url}/@vite/client`)
  const token = /wsToken = "([^"]+)"/.exec(client)?.[1]
  const page = await answer(url)
  return [page, await answer(`${url}/greeting.js`), await firstMessage(`${url}/?token=${token}`, ['vite-hmr'])]
}

const EXAMPLES: Record<string, Ask> = {
  express: notes,
  fastify: notes,
  koa: notes,
  nest: notes,
  'socket.io': chat,
  vite,
  ws: echo,
}
let passed = 0
let failed = 0

for (const [name, ask] of Object.entries(EXAMPLES)) {
  console.log(BEGINS + name)
  const file = join(ROOT, 'examples', name, 'app.js')
  const text = readFileSync(file, 'utf8')
  const usual = text.replace("from 'brink/node'", "from 'node:http'").replace("import 'brink/node/register'\n", '')
  const usualFile = file.replace('app.js', 'usual.tmp.mjs')
  writeFileSync(usualFile, usual)
  try {
    const [ours, theirs] = [await run(file, ask), await run(usualFile, ask)]
    if (usual === text) throw new Error('it has no line of brink')
    if (ours !== theirs) throw new Error(`on node:http\n${theirs}\non brink\n${ours}`)
    if (!/Hello|Chat|Vite/.test(ours)) throw new Error(ours)
    passed += 1
  } catch (error) {
    failed += 1
    console.log(`FAIL ${name}: ${(error as Error).message}`)
  } finally {
    rmSync(usualFile, { force: true })
  }
}
console.log(`${BEGINS}opentelemetry`)
try {
  await tryOpenTelemetry(ROOT, ['--no-warnings', '--import', join(PACKAGES, 'packages.mjs')])
  passed += 1
} catch (error) {
  failed += 1
  console.log(`FAIL opentelemetry: ${(error as Error).message}`)
}
console.log(`${BEGINS}supertest`)
const tested = spawnSync(
  process.execPath,
  ['--no-warnings', '--import', join(PACKAGES, 'packages.mjs'), '--test', join(ROOT, 'examples/supertest/app.test.js')],
  { encoding: 'utf8' },
)
if (tested.status === 0 && /pass 2$/m.test(tested.stdout)) passed += 1
else {
  failed += 1
  console.log(`FAIL supertest: ${tested.stdout}${tested.stderr}`)
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed > 0 ? 1 : 0)

async function run(file: string, ask: Ask): Promise<string> {
  const args = ['--no-warnings', '--import', join(PACKAGES, 'packages.mjs'), file]
  return JSON.stringify(await askExample(args, {}, ask), null, 1)
}
