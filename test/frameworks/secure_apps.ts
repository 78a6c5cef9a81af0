// Real frameworks with TLS: one app of each on node:https and on brink/node/https, asked the same by real clients.
//
//   node dist/test/frameworks/secure_apps.js SUBJECT

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import https from 'node:https'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { certificate, signedBy } from '../server/certificates.js'
import { within } from '../server/waiting.js'
import { BEGINS } from './differences.js'
import { nameOf } from './twins/log.js'

/** Its packages lie beside its source. */
const APPS = join(dirname(fileURLToPath(import.meta.url)), '../../../test/frameworks/apps/https.mjs')
const APP_LIMIT_MS = 60_000

interface Subject {
  readonly createServer: typeof https.createServer
  /** Options of Fastify. */
  readonly factory: object
}

const folder = mkdtempSync(join(tmpdir(), 'brink-frameworks-'))
const caFile = join(folder, 'ca.pem')
const options = certificate('localhost', 'ec', ['DNS:localhost', 'IP:127.0.0.1'])
writeFileSync(caFile, options.cert)
const authority = certificate('authority')
const tools = {
  options: { ...options, ca: authority.cert },
  clients: { ca: options.cert, caFile, client: signedBy(authority, 'alice') },
}

type App = (tools: object) => Promise<unknown[]>

const node: Subject = { createServer: https.createServer, factory: {} }
const apps = (await import(pathToFileURL(APPS).href)) as Record<string, App>
const other = process.argv[2] === 'node' ? node : await brink()
let passed = 0
let failed = 0

for (const [name, app] of Object.entries(apps)) {
  console.log(BEGINS + name)
  const expected = await answersOf(app, node)
  const got = await answersOf(app, other)
  if (expected.length < 2) fail(name, `node:https itself: ${expected}`)
  for (const [index, answer] of expected.entries()) {
    if (answer === got[index]) passed += 1
    else fail(name, `  - ${answer}\n  + ${got[index]}`)
  }
}
rmSync(folder, { recursive: true })
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed > 0 ? 1 : 0)

async function brink(): Promise<Subject> {
  const [secure, plain]: string[] = ['#brink/node/https.js', '#brink/node.js']
  const { createServer } = (await import(secure as string)) as Subject
  const { brinkFactory } = (await import(plain as string)) as { brinkFactory: unknown }
  return { createServer, factory: { serverFactory: brinkFactory } }
}

function fail(name: string, complaint: string): void {
  failed += 1
  console.log(`FAIL ${name}\n${complaint}\n`)
}

async function answersOf(app: App, subject: Subject): Promise<string[]> {
  try {
    const answers = await within(app({ ...tools, ...subject }), 'the app', APP_LIMIT_MS)
    return answers.map((answer) => `${answer}`)
  } catch (error) {
    return [`it fails: ${nameOf(error)} ${(error as Error).stack}`]
  }
}
