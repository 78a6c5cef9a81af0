#!/usr/bin/env node
import { existsSync, readFileSync } from 'node:fs'
import {
  asFlags,
  type CommandLine,
  helpText,
  type PathPlace,
  type PortPlace,
  parseCommandLine,
} from './cli/cli_options.js'
import { SecureConnections } from './cli/secure_connections.js'
import { UsageError } from './cli/usage_error.js'
import { native } from './exchange/native.js'
import { files } from './files/files.js'
import { routesFrom } from './folder/folder.js'
import { type HealthServer, health } from './operate/health.js'
import { type MetricsServer, metrics } from './operate/metrics_handler.js'
import { Router } from './routing/router.js'
import { codeOf, messageOf } from './runtime/errors.js'
import { closeOnSignals } from './server/close_on_signals.js'
import { type BackendName, checkedOptions, type ServeOptions } from './server/options.js'
import { type Server, serve, serveBeside } from './server/server.js'
import { workerContext } from './server/worker_context.js'
import { eventLine } from './workers/event_line.js'
import type { WorkerEvent } from './workers/options.js'
import { workers } from './workers/supervisor.js'
import type { WorkerStartError } from './workers/worker.js'

/** Answers may stall for ever on purpose, and those who stop a container wait 10 seconds. */
const TARGET_DEADLINE_MS = 1000

const EXIT_FAILED = 1
const EXIT_USAGE = 2

await main()

async function main(): Promise<void> {
  try {
    const commandLine = parseCommandLine(process.argv.slice(2), process.env)
    if (commandLine.help) process.stdout.write(helpText())
    else if (commandLine.version) process.stdout.write(`${version()}\n`)
    else if (commandLine.listsBackends) process.stdout.write(backendList(commandLine))
    else if (runsTarget(commandLine)) await serveTarget(commandLine)
    else if (commandLine.workers !== undefined && workerContext() === undefined) await supervise(commandLine)
    else await serveFolder(commandLine)
  } catch (error) {
    fail(error)
  }
}

async function serveFolder(commandLine: CommandLine): Promise<void> {
  refuseTargetFlags(commandLine)
  const router = await appOf(commandLine.folder, commandLine.files)
  const secure = secureOf(commandLine)
  const server = await serve(router, serveOptions(commandLine, secure)).catch((error) => {
    throw inWords(error, commandLine)
  })
  closeOnSignals(server, commandLine.closing)
  // Workers are replaced, and read the files then.
  if (workerContext() === undefined) secure?.readAgainOnSignal(server)
  if (workerContext() !== undefined) return
  const admin = await serveAdmin(server, commandLine)
  tellListening(server, description(server), admin)
  tellFingerprint(secure)
}

/** Without a folder, and where there is none that is found by its name, brink is a target. */
function runsTarget({ isTarget, folder, files }: CommandLine): boolean {
  return isTarget || (folder === undefined && files === undefined && ownFolder() === undefined)
}

async function serveTarget(commandLine: CommandLine): Promise<void> {
  const { closing, files: fileFolder, workers: count } = commandLine
  const { json, plan: planFile, ...flags } = commandLine.target
  if (fileFolder !== undefined) throw new UsageError('--files is for a server of your own: a target serves no files.')
  if (count !== undefined) {
    const reason = 'its statistics are those of one process'
    throw new UsageError(`A target cannot have --workers, because ${reason}: give it --threads.`)
  }
  const secure = secureOf(commandLine)
  // Only those who run a target load it.
  const { target } = await import('./target.js')
  const plan = planFile === undefined ? undefined : planIn(planFile)
  const running = await target({ ...serveOptions(commandLine, secure), ...flags, plan }).catch((error) => {
    throw inWords(error, commandLine)
  })
  const { server } = running
  const tellStatistics = () => {
    if (json) process.stderr.write(`${JSON.stringify(running.stats())}\n`)
  }
  const { readinessDelay = 0, deadline = readinessDelay + TARGET_DEADLINE_MS } = closing
  closeOnSignals(server, { ...closing, deadline, onClosed: tellStatistics })
  secure?.readAgainOnSignal(server)
  const admin = await serveAdmin(server, commandLine)
  if (json) return tellAsJson(server, admin, secure)
  tellListening(server, description(server), admin)
  tellFingerprint(secure)
}

function planIn(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new UsageError(`The file of --plan cannot be read: ${messageOf(cause)}.`, { cause })
  }
}

/** One line, which a program reads to learn where the target is. */
function tellAsJson(server: Server, admin: Server | undefined, secure: SecureConnections | undefined): void {
  const { url, port, listeners, backend, threads } = server
  const urls = listeners.map((each) => each.url)
  const facts = {
    url,
    port,
    urls,
    backend,
    threads,
    pid: process.pid,
    admin: admin?.url,
    fingerprint: secure?.fingerprint,
  }
  process.stdout.write(`${JSON.stringify(facts)}\n`)
}

function refuseTargetFlags({ targetFlags: [flag] }: CommandLine): void {
  if (flag !== undefined) throw new UsageError(`${flag} belongs to a target: brink target ${flag}.`)
}

function secureOf({ tls, place }: CommandLine): SecureConnections | undefined {
  return tls === undefined ? undefined : new SecureConnections(tls, place)
}

function serveOptions(commandLine: CommandLine, secure: SecureConnections | undefined): ServeOptions {
  const { place, backend, threads, trustProxy, proxyProtocol, accessLog } = commandLine
  const tls = secure?.options()
  return { ...place, backend: backend as BackendName, threads, trustProxy, proxyProtocol, accessLog, tls }
}

function tellFingerprint(secure: SecureConnections | undefined): void {
  if (secure?.fingerprint !== undefined) process.stdout.write(`certificate: SHA-256 ${secure.fingerprint}\n`)
}

/** Runs this command line in workers. */
async function supervise(commandLine: CommandLine): Promise<void> {
  refuseTargetFlags(commandLine)
  const { place, closing, workers: count } = commandLine
  const options = { ...place, ...closing, count, args: process.argv.slice(2), onEvent: eventTeller() }
  const supervisor = await workers(new URL(import.meta.url), options).catch((error) => {
    throw inWords(error, commandLine)
  })
  const admin = await serveAdmin(supervisor, commandLine)
  const number = supervisor.workers.length
  const how = `${number} ${number === 1 ? 'worker' : 'workers'}, ${description(supervisor)}`
  // That they speak TLS is the workers' own affair.
  const scheme = commandLine.tls === undefined ? 'http' : 'https'
  const listeners = supervisor.listeners.map((each) => ({ ...each, url: each.url.replace(/^http/, scheme) }))
  tellListening({ listeners }, how, admin)
}

/** Until a worker listens, nothing is told: if none comes to, the error says why. */
function eventTeller(): (event: WorkerEvent) => void {
  let early: string[] | undefined = []
  return (event) => {
    const line = eventLine(event)
    if (line !== undefined && early !== undefined) early.push(line)
    else if (line !== undefined) process.stderr.write(`${line}\n`)
    if (event.type !== 'ready' || early === undefined) return
    for (const each of early) process.stderr.write(`${each}\n`)
    early = undefined
  }
}

function tellListening({ listeners }: Pick<Server, 'listeners'>, how: string, admin: Server | undefined): void {
  process.stdout.write(`brink listening on ${listeners.map(({ url }) => url).join(', ')} (${how})\n`)
  if (admin !== undefined) process.stdout.write(`brink metrics and health on ${admin.url}\n`)
}

/** Metrics and health, for whoever operates the server. They are there until the process ends. */
async function serveAdmin(
  server: HealthServer & MetricsServer & Pick<Server, 'close'>,
  { admin }: CommandLine,
): Promise<Server | undefined> {
  if (admin === undefined) return undefined
  try {
    return await serveBeside(health(server).get('/metrics', metrics(server)), admin)
  } catch (error) {
    await server.close({ force: 0 })
    throw inWordsOfPort(error, admin, '--admin-port', '--admin-host')
  }
}

function description({ backend, threads }: Pick<Server, 'backend' | 'threads'>): string {
  return threads === 0 ? backend : `${backend}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`
}

/** One line for each backend, with a star at the chosen one. */
function backendList(commandLine: CommandLine): string {
  const chosen = chosenBackend(commandLine)
  const lines = native.backends.map(({ name, needsThread }) => {
    const host = needsThread ? 'always on threads' : 'on the JavaScript thread, or on threads'
    return `${name === chosen ? '*' : ' '} ${name.padEnd(12)} ${host}\n`
  })
  return lines.join('')
}

function chosenBackend(commandLine: CommandLine): string {
  try {
    return checkedOptions({ backend: commandLine.backend as BackendName }).backend
  } catch (error) {
    throw inWords(error, commandLine)
  }
}

async function appOf(folder: string | undefined, fileFolder: string | undefined): Promise<Router> {
  const own = folder ?? ownFolder()
  const router = own === undefined ? new Router() : await routesFrom(own)
  return fileFolder === undefined ? router : router.get('/*', files(fileFolder))
}

/** The folder of routes that needs no name. */
function ownFolder(): string | undefined {
  return existsSync('routes') ? 'routes' : undefined
}

/** Turns errors of listening into messages that say what to do. */
function inWords(error: unknown, { place, from, target }: CommandLine): unknown {
  switch (codeOf(error)) {
    case 'ERR_INVALID_ARG_VALUE':
    case 'ERR_INVALID_ARG_TYPE':
    case 'ERR_OUT_OF_RANGE':
      return new UsageError(asFlags(messageOf(error), from), { cause: error })
    case 'ERR_FAULT_SYNTAX':
    case 'ERR_FAULT_VALUE':
      return new UsageError(`${target.plan === undefined ? '--fault' : target.plan}: ${messageOf(error)}`, {
        cause: error,
      })
    default:
      return 'port' in place ? inWordsOfPort(error, place) : 'path' in place ? inWordsOfPath(error, place) : error
  }
}

function inWordsOfPath(error: unknown, { path }: PathPlace): unknown {
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return explained(error, `A server answers at ${path}: stop it, or choose another path with --path.`)
    case 'EACCES':
      return explained(error, `The folder of ${path} is not yours to write to: choose another path with --path.`)
    case 'ENOENT':
      return explained(error, `The folder of ${path} does not exist.`)
    default:
      return error
  }
}

function inWordsOfPort(error: unknown, { port, host }: PortPlace, portFlag = '--port', hostFlag = '--host'): unknown {
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return explained(error, `Port ${port} is in use: choose another with ${portFlag}, or 0 for any free one.`)
    case 'EACCES':
      return explained(error, `Port ${port} needs privileges: choose one above 1023 with ${portFlag}.`)
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return explained(error, `'${host}' is not an address of this machine: choose another with ${hostFlag}.`)
    default:
      return error
  }
}

function explained(cause: unknown, sentence: string): Error {
  return Object.assign(new Error(sentence), { code: codeOf(cause) })
}

function fail(error: unknown): void {
  const exitCode = error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED
  const worker = workerContext()
  // Its supervisor says it once for all workers.
  if (worker !== undefined) return worker.fails(explanation(error), exitCode)
  const started = codeOf(error) === 'ERR_WORKER_START' ? (error as WorkerStartError) : undefined
  const told = started?.cause
  process.stderr.write(`${told instanceof Error ? told.message : explanation(error)}\n`)
  process.exitCode = started?.exitCode || exitCode
}

function explanation(error: unknown): string {
  if (error instanceof UsageError) return `${error.message} See brink --help.`
  if (!(error instanceof Error)) return String(error)
  // An error without a code is a bug of brink: print its stack.
  if (codeOf(error) === undefined) return error.stack ?? error.message
  // For a route file that fails to load, its author needs the stack of the cause.
  const { cause } = error
  return cause instanceof Error && codeOf(error) === 'ERR_ROUTE_IMPORT'
    ? `${error.message}\n${cause.stack ?? ''}`
    : error.message
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
  return manifest.version
}
