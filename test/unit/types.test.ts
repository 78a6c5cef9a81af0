// What an app's compiler sees of the package.
import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fileTree } from '../file_tree.js'

const PACKAGE = fileURLToPath(new URL('../../../', import.meta.url))

const APP = `
import { type BrinkRequest, events, files, HttpError, Router, reply, serve } from 'brink'

declare module 'brink' {
  interface RequestState {
    user?: { readonly name: string }
  }
}

const app = new Router()
  .use((req, next) => {
    req.state.user = { name: req.headers.get('x-user') ?? '' }
    return next()
  })
  .get('/users/:id/*rest', ({ params }) => {
    const both: { readonly id: string; readonly rest: string } = params
    // @ts-expect-error: the path has no such param
    params.name
    return both
  })
  .get(
    '/users/:id',
    (req, next) => {
      const own: { readonly id: string } = req.params
      return own.id === req.headers.get('x-user') ? next() : reply(403)
    },
    ({ params }) => {
      // @ts-expect-error: the path has no such param
      params.name
      return params.id
    },
    { bodyLimit: 0 },
  )
  .post('/users', (_, next) => next(), (req, next) => { req.state.user; return next() }, async (req) => req.json())
  .on('PROPFIND', '/users/:id', (req, next) => (req.params.id ? next() : null), (req) => req.params.id)
  .upgrade('/chat/:room', (req, next) => (req.params.room ? next() : null), (req, socket) => void socket.end(req.params.room))
  // @ts-expect-error: a handler is a function
  .get('/wrong', (req, next) => next(), 'x')
  .get('/ticks', (req) => events(req, async function* () { yield { data: 1 } }))
  .get('/files/*', files('.'))
  .onError((error) => reply(error instanceof HttpError ? error.status : 500))

function insides(req: BrinkRequest): unknown {
  // @ts-expect-error: what the server keeps with a request is not the app's
  return req.slot
}

async function forwarded({ headers }: BrinkRequest): Promise<Response> {
  const copy: Headers = new Headers(headers)
  copy.set('x-via', 'brink')
  const init: RequestInit = { headers }
  new Request('http://example.org', init)
  const pairs: [string, string][] = [...headers]
  for (const [name, value] of headers) pairs.push([name.toUpperCase(), value.trim()])
  const record: Record<string, string> = Object.fromEntries(headers)
  new Map([...headers.entries(), ...Object.entries(record)])
  const names: string[] = [...headers.keys(), ...headers.values()]
  headers.forEach((value, name) => names.push(value + name))
  return fetch('http://example.org', { headers })
}
app.get('/forwarded', forwarded)

const server = await serve(app, { port: 0, log: (_error, req) => insides(req) })
await serve(app, { port: process.env.PORT })
// @ts-expect-error: a port is a number, or a string of digits
await serve(app, { port: true })
// @ts-expect-error: the other numbers are none
await serve(app, { bodyLimit: '1' })
const stopped: AbortSignal = server.signal
stopped.throwIfAborted()
await server.close({ force: 0 })
`

const WRONG = `
import { type BackendName, type BrinkRequest, type Handler, type Middleware, Router, serve } from 'brink'

const app = new Router()

const ofUser: Handler<'/users/:id'> = ({ params }) => params.id
app.get('/users/:id', ofUser)
app.get('/users/:id/posts/:post', ofUser)
// @ts-expect-error: the path has no id
app.get('/posts/:slug', ofUser)
// @ts-expect-error: the path has no id
app.on('PROPFIND', '/posts/:slug', ofUser)
const ownUser: Middleware<'/users/:id'> = (req, next) => (req.params.id ? next() : null)
app.post('/users/:id', ownUser, ofUser)
// @ts-expect-error: the path has no id
app.post('/posts/:slug', ownUser, () => 'x')
const anywhere: Handler = ({ params }) => params.any
app.get('/x/:any', anywhere).get('/y', anywhere)

// @ts-expect-error: a path begins with a slash
app.get('users', () => 'x')
// @ts-expect-error: a path begins with a slash
app.post('', () => 'x')
// @ts-expect-error: a path begins with a slash
app.on('GET', 'users', () => 'x')
// @ts-expect-error: a path begins with a slash
app.use('admin', (_, next) => next())
// @ts-expect-error: a path begins with a slash
app.mount('admin', new Router())
// @ts-expect-error: a path begins with a slash
app.fixed('health', 'ok')
// @ts-expect-error: a path begins with a slash
app.upgrade('chat', () => {})
// @ts-expect-error: a router is mounted
app.use('/api', new Router())

// What the compiler does not know is checked when the route is added.
declare const some: string
app.get(some, ({ params }) => params.any).use(some, (_, next) => next()).mount(some, new Router()).fixed(some, 'x')
app.get(\`\${some}/users\`, () => 'x').get(\`/\${some}\`, () => 'x')
const prefix: '/v1' | '/v2' = some === 'x' ? '/v1' : '/v2'
app.get(prefix, () => 'x')
for (const path of ['/a', '/b']) app.get(path, () => 'x')

// @ts-expect-error: methods are upper case
app.on('get', '/x', () => 'x')
app.on('GET', '/x/:id', ({ params }) => params.id)
for (const method of ['LINK', 'UNLINK']) app.on(method, '/x', () => 'x')

// @ts-expect-error: there is no such backend
serve(app, { backend: 'epol' })
const backend: BackendName = 'epoll-level'
serve(app, { backend })

function stateOf(req: BrinkRequest): unknown {
  return req.state.anything
}
stateOf
`

const DECLARED_STATE = `
import { Router } from 'brink'

declare module 'brink' {
  interface RequestState {
    user?: { readonly name: string }
    visits: number
  }
}

new Router()
  .get('/', ({ state }) => {
    const name: string | undefined = state.user?.name
    const visits: number = state.visits
    // @ts-expect-error: the app has declared no such property
    state.usr
    return { name, visits }
  })
  .upgrade('/', ({ state }) => {
    state.visits
    // @ts-expect-error: the app has declared no such property
    state.visit
  })
`

// With what an app is compiled for: Node alone, and beside code for browsers.
for (const [what, lib] of [
  ['Node', 'es2022'],
  ['Node, with the types of browsers', 'es2022,dom,dom.iterable'],
  ['the newest Node, with the types of browsers', 'esnext,dom,dom.iterable,dom.asynciterable'],
] as const) {
  test(`an app for ${what} compiles against the declarations as they are, and sees nothing of the insides`, () => {
    compiles(APP, lib)
  })
}

test('paths without a slash, handlers of other paths, methods in lower case and unknown backends do not compile', () => {
  compiles(WRONG, 'es2022')
})

test('once an app has declared its state, a request has no other properties there', () => {
  compiles(DECLARED_STATE, 'es2022')
})

function compiles(app: string, lib: string): void {
  const folder = fileTree({ 'app.ts': app, 'package.json': '{ "type": "module" }' })
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(PACKAGE, join(folder, 'node_modules/brink'))
  symlinkSync(join(PACKAGE, 'node_modules/@types'), join(folder, 'node_modules/@types'))
  symlinkSync(join(PACKAGE, 'node_modules/undici-types'), join(folder, 'node_modules/undici-types'))
  const strict = [
    '--strict',
    '--exactOptionalPropertyTypes',
    '--skipLibCheck',
    'false',
    '--types',
    'node',
    '--lib',
    lib,
  ]
  const compiler = join(PACKAGE, 'node_modules/typescript/bin/tsc')
  const { status, stdout } = spawnSync(
    process.execPath,
    [compiler, '--noEmit', '--module', 'nodenext', '--target', 'es2022', ...strict, 'app.ts'],
    { cwd: folder, encoding: 'utf8' },
  )
  assert.is(stdout, '')
  assert.is(status, 0)
}

test.run()
