// The examples that need frameworks: each runs, answers, and ends when it is told; and with its one line put back it is
// an app of node:http that answers the same.
//
//   node dist/test/frameworks/examples.js

import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { askExample } from '../example_program.js'
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

const EXAMPLES: Record<string, Ask> = { express: notes, fastify: notes, nest: notes, 'socket.io': chat }
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
    if (!/Hello|Chat/.test(ours)) throw new Error(ours)
    passed += 1
  } catch (error) {
    failed += 1
    console.log(`FAIL ${name}: ${(error as Error).message}`)
  } finally {
    rmSync(usualFile, { force: true })
  }
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed > 0 ? 1 : 0)

async function run(file: string, ask: Ask): Promise<string> {
  const args = ['--no-warnings', '--import', join(PACKAGES, 'packages.mjs'), file]
  return JSON.stringify(await askExample(args, {}, ask), null, 1)
}
