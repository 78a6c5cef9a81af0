// Who is compared: each with where it comes from on this machine, and the workloads that it can do.

import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { onCore } from '../pin.js'
import { type Server, startProgram } from '../server.js'
import { MODULES, versionOf } from './install.js'
import { nginxVersion, startNginx } from './nginx.js'
import type { Secrets } from './tls.js'
import type { Workload } from './workloads.js'
import { buildYardstick, isForYardstick, startYardstick } from './yardstick.js'

/** What a server is given. */
export interface Supplies {
  /** The folder to serve below /files/. */
  files: string
  /** Where it is to speak TLS. */
  secrets?: Secrets
}

export interface Peer {
  name: string
  /** Such as "Fastify 5.1 on Node.js 20.1". */
  about: string
  /** A yardstick is no server, and need not say what servers must. */
  isYardstick?: boolean
  does(workload: Workload): boolean
  start(workload: Workload, supplies: Supplies): Promise<Server>
}

export interface Missing {
  name: string
  why: string
}

type Found = Peer | Missing

export const isMissing = (found: Found): found is Missing => 'why' in found

const SERVERS = 'load/compare/servers'
const REGISTER = './dist/node/register.js'
const PLATFORM = `${process.platform}-${process.arch}`

/** The programs that run JavaScript servers: this Node, and what is installed beside it. */
const runtimes = {
  node: () => ({ command: [process.execPath], about: `Node.js ${process.versions.node}` }),
  lts: () => packaged(`node-24-${PLATFORM}`, 'bin/node', [], 'Node.js'),
  newest: () => packaged(`node-${PLATFORM}`, 'bin/node', [], 'Node.js'),
  bun: () => packaged(`@oven/bun-${PLATFORM}`, 'bin/bun', [], 'Bun'),
  deno: () =>
    packaged(
      `@deno/${PLATFORM}-glibc`,
      'deno',
      ['run', '--allow-all', '--no-config', '--node-modules-dir=manual'],
      'Deno',
    ),
} as const

function packaged(name: string, program: string, args: string[], title: string) {
  const path = `${MODULES}/${name}/${program}`
  return existsSync(path) ? { command: [path, ...args], about: `${title} ${versionOf(name)}` } : undefined
}

interface Program {
  /** Beside servers/main.mjs. */
  file: string
  runtime: keyof typeof runtimes
  library?: { name: string; title: string }
  /** Beyond handlers. */
  has?: readonly Workload['needs'][]
  /** The same program with brink behind node:http. */
  onBrink?: boolean
}

function program(name: string, { file, runtime, library, has = [], onBrink = false }: Program): Found {
  const found = runtimes[runtime]()
  if (found === undefined) return { name, why: `its package has no program for ${PLATFORM}, or is not installed` }
  const version = library && versionOf(library.name)
  if (library && version === undefined) return { name, why: `the package ${library.name} is not installed` }
  const [command = '', ...args] = found.command
  if (onBrink) args.push('--import', REGISTER)
  const about = library ? `${library.title} ${version} on ${found.about}` : found.about
  return {
    name,
    about: onBrink ? `${about}, with brink behind node:http` : about,
    does: ({ needs }) => needs === undefined || has.includes(needs),
    start: ({ needs }: Workload, { files, secrets }: Supplies) => {
      const pair = needs === 'tls' && secrets ? [secrets.key, secrets.cert] : []
      return startProgram(onCore(0, command, [...args, `${SERVERS}/main.mjs`, file, files, ...pair]))
    },
  }
}

function brink(name: string, file: string, runtime: 'node' | 'lts' | 'newest', note = ''): Found {
  const found = program(name, { file, runtime, has: ['files', 'fixed', 'tls'] })
  return isMissing(found) ? found : { ...found, about: `brink${note} on ${found.about}` }
}

const { chosenTargets } = (await import(new URL('../../../native/prebuild/targets.mjs', import.meta.url).href)) as {
  /** Of `own` there is one at most. */
  chosenTargets(names: readonly string[]): readonly ({ readonly file: string } | undefined)[]
}

/** With the binary that the package carries, in place of the one that was compiled here. */
function shipped(): Found {
  const found = brink(SHIPPED, 'brink', 'node', ', as its package has it,')
  if (isMissing(found)) return found
  const [own] = chosenTargets(['own'])
  const addon = resolve('native', own?.file ?? '')
  if (own === undefined || !existsSync(addon))
    return { name: found.name, why: 'its binary is not there (npm run prebuild -- own)' }
  return {
    ...found,
    start: async (workload, supplies) => {
      // It goes to the program with the environment of this one.
      process.env.BRINK_ADDON = addon
      return found.start(workload, supplies).finally(() => delete process.env.BRINK_ADDON)
    },
  }
}

function honoOnBrink(name: string, runtime: 'node' | 'newest'): Found {
  const found = program(name, { file: 'hono-brink', runtime, library: hono })
  return isMissing(found) ? found : { ...found, about: `${found.about}, on brink` }
}

function yardstick(): Found {
  const why = buildYardstick()
  if (why !== undefined) return { name: 'limit', why }
  const about = 'the least that a server with epoll can do'
  return { name: 'limit', about, isYardstick: true, does: isForYardstick, start: startYardstick }
}

function nginx(): Found {
  const version = nginxVersion()
  if (version === undefined) return { name: 'nginx', why: 'it is not installed (apt-get install nginx-light)' }
  // It runs no code of users, so it does what needs none.
  const names = ['plaintext', 'pipelined', 'close', 'crowd', 'file-10k', 'file-1m', 'fixed', 'fixed-pipelined']
  const secure = ['tls', 'tls-pipelined', 'tls-handshakes', 'tls-1m']
  return {
    name: 'nginx',
    about: `nginx ${version}, one worker`,
    does: ({ name }) => names.includes(name) || secure.includes(name),
    start: ({ needs }, { files, secrets }) => startNginx(files, 'Hello, World!', needs === 'tls' ? secrets : undefined),
  }
}

/** Only where others are measured on this version. */
function onlySecure(found: Found): Found {
  return isMissing(found) ? found : { ...found, does: (workload) => workload.needs === 'tls' && found.does(workload) }
}

/** Bun closes connections without saying so, which clients take for a failure. */
function honoOnRuntime(name: string, runtime: 'bun' | 'deno'): Found {
  const found = program(name, { file: 'hono-runtime', runtime, library: hono })
  return isMissing(found) ? found : { ...found, does: (workload) => workload.name !== 'close' && found.does(workload) }
}

const uWebSockets = { name: 'uwebsockets', title: 'uWebSockets.js (npm uwebsockets)' }
const fastify = { name: 'fastify', title: 'Fastify' }
const hono = { name: 'hono', title: 'Hono' }
const express = { name: 'express', title: 'Express' }

/** Not a peer of others: only who asks for it by name compares it. */
const SHIPPED = 'brink-shipped'

/** In the order of the report. */
const ALL: Readonly<Record<string, () => Found>> = {
  limit: yardstick,
  brink: () => brink('brink', 'brink', 'node'),
  'brink-thread': () => brink('brink-thread', 'brink-thread', 'node', ', its loop on a thread,'),
  'brink-24': () => onlySecure(brink('brink-24', 'brink', 'lts')),
  'brink-newest': () => brink('brink-newest', 'brink', 'newest'),
  [SHIPPED]: shipped,
  uws: () => program('uws', { file: 'uws', runtime: 'node', library: uWebSockets, has: ['tls'] }),
  nginx,
  bun: () => program('bun', { file: 'bun', runtime: 'bun', has: ['files', 'fixed'] }),
  deno: () => program('deno', { file: 'deno', runtime: 'deno' }),
  node: () => program('node', { file: 'node', runtime: 'node', has: ['files'] }),
  'node-24': () => onlySecure(program('node-24', { file: 'node', runtime: 'lts', has: ['tls'] })),
  'node-newest': () => program('node-newest', { file: 'node', runtime: 'newest', has: ['files'] }),
  'node-brink': () => program('node-brink', { file: 'node', runtime: 'node', onBrink: true }),
  'node-brink-newest': () => program('node-brink-newest', { file: 'node', runtime: 'newest', onBrink: true }),
  fastify: () => program('fastify', { file: 'fastify', runtime: 'node', library: fastify }),
  'fastify-newest': () => program('fastify-newest', { file: 'fastify', runtime: 'newest', library: fastify }),
  'hono-bun': () => honoOnRuntime('hono-bun', 'bun'),
  'hono-deno': () => honoOnRuntime('hono-deno', 'deno'),
  'hono-brink': () => honoOnBrink('hono-brink', 'node'),
  'hono-brink-newest': () => honoOnBrink('hono-brink-newest', 'newest'),
  'fastify-brink': () =>
    program('fastify-brink', { file: 'fastify', runtime: 'node', library: fastify, onBrink: true }),
  'fastify-brink-newest': () =>
    program('fastify-brink-newest', { file: 'fastify', runtime: 'newest', library: fastify, onBrink: true }),
  express: () => program('express', { file: 'express', runtime: 'node', library: express }),
  'express-newest': () => program('express-newest', { file: 'express', runtime: 'newest', library: express }),
  'express-brink': () =>
    program('express-brink', { file: 'express', runtime: 'node', library: express, onBrink: true }),
  'express-brink-newest': () =>
    program('express-brink-newest', { file: 'express', runtime: 'newest', library: express, onBrink: true }),
  hono: () => program('hono', { file: 'hono', runtime: 'node', library: hono }),
  'hono-newest': () => program('hono-newest', { file: 'hono', runtime: 'newest', library: hono }),
}

export const PEER_NAMES = Object.keys(ALL)
export const USUAL_PEERS = PEER_NAMES.filter((name) => name !== SHIPPED)

export const findPeers = (names: readonly string[]): Found[] =>
  PEER_NAMES.filter((name) => names.includes(name)).map((name) => (ALL[name] as () => Found)())
