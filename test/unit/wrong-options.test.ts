// What an app is told that calls brink's functions in a wrong way: what was expected, what was given, and where.

import * as brink from 'brink'
import { HttpError, Router } from 'brink'
import * as brinkFetch from 'brink/fetch'
import * as brinkNode from 'brink/node'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseCommandLine } from '#brink/cli/cli_options.js'
import { logged } from './logged.js'
import { messageOf } from './message_of.js'

/** A function, as JavaScript sees it. */
type Loose = (...args: unknown[]) => unknown

const { serve, reply, html, redirect, compress, files, file, events, routesFrom, parts, health, metrics } =
  brink as unknown as Record<string, Loose>
const { serve: srvx, toFetchHandler, webSocketHelper, getConnInfo } = brinkFetch as unknown as Record<string, Loose>
const { createServer } = brinkNode as unknown as Record<string, Loose>
const Thrown = HttpError as unknown as new (...args: unknown[]) => Error
const app = new Router()
const handler = () => 'x'

async function* ticks() {}

/** With variables of the environment, which are read when the server is made. */
async function withEnvironment(variables: Record<string, string>): Promise<unknown> {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const)
  Object.assign(process.env, variables)
  try {
    const server = (await serve(app, { port: 0 })) as brink.Server
    await server.close({ force: 0 })
    return server
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}

const wrong: readonly [what: string, call: () => unknown, message: RegExp][] = [
  // HttpError
  [
    'the status of an HttpError as text',
    () => new Thrown('404'),
    /^ERR_INVALID_STATUS: .* must be a number from 400 to 599, not '404': write 404, without quotes\.$/,
  ],
  [
    'the status of an HttpError that is a message',
    () => new Thrown('not found'),
    /^ERR_INVALID_STATUS: .* not 'not found'\.$/,
  ],
  [
    'an HttpError without a status',
    () => new Thrown(),
    /^ERR_INVALID_STATUS: .* a number from 400 to 599, not undefined\.$/,
  ],
  [
    'the message of an HttpError that is an object',
    () => new Thrown(404, { detail: 1 }),
    /^ERR_INVALID_ARG_TYPE: new HttpError\(status, message, options\) takes its message as a string, not an object with the key detail/,
  ],
  [
    'the message of an HttpError that is an error',
    () => new Thrown(404, new Error('x')),
    /; an error is given as \{ cause \} in the options, not an Error/,
  ],
  [
    'the options of an HttpError that are text',
    () => new Thrown(404, 'x', 'y'),
    /^ERR_INVALID_ARG_TYPE: .* takes its options as an object, not 'y'/,
  ],

  // serve()
  ['serve() of nothing', () => serve(), /^ERR_INVALID_ARG_TYPE: serve\(\) takes a Router, .*, not undefined\.$/],
  ['serve() of a class', () => serve(Router), /^ERR_INVALID_ARG_TYPE: serve\(\) takes .*, not the class Router/],
  ['serve() of a port', () => serve(8080), /not 8080: the port is an option, serve\(app, \{ port \}\)/],
  ['serve() of the options first', () => serve({ port: 0 }, app), /the app comes before the options/],
  ['serve() of a promise', () => serve(Promise.resolve(app)), /not a Promise: await it first/],
  [
    'serve() of a port as its options',
    () => serve(app, 8080),
    /^ERR_INVALID_ARG_TYPE: serve\(\) takes its options as an object, not 8080/,
  ],
  [
    'serve() of a fetch app with wrong options',
    () => serve({ fetch: handler }, 8080),
    /^ERR_INVALID_ARG_TYPE: serve\(app, options\) takes its options as an object, not 8080/,
  ],
  [
    'a misspelt option',
    () => serve(app, { prot: 1 }),
    /^ERR_INVALID_ARG_VALUE: The option "prot" of serve\(\) does not exist: did you mean "port"\?$/,
  ],
  ['an option in other letters', () => serve(app, { max_headers: 1 }), /did you mean "maxHeaders"\?$/],
  [
    'a misspelt option of a fetch app',
    () => serve({ fetch: handler }, { overideGlobals: 1 }),
    /did you mean "overrideGlobals"\?$/,
  ],
  [
    'an option of another server',
    () => serve(app, { hostname: 'x' }),
    /"hostname" of serve\(\) does not exist: it is "host"\.$/,
  ],
  ['a certificate', () => serve(app, { key: 'x' }), /it belongs into "tls": tls: \{ key, cert \}\.$/],
  [
    'an option like none',
    () => serve(app, { zzz: 1 }),
    /does not exist: the options are accessLog, backend, backlog, .*writeTimeout\.$/,
  ],
  [
    'a URL as the host',
    () => serve(app, { host: 'http://localhost:8080/x' }),
    /^ERR_INVALID_ARG_VALUE: The option "host" .* not 'http:\/\/localhost:8080\/x': write host: 'localhost', port: 8080\.$/,
  ],
  ['a URL of an IPv6 address as the host', () => serve(app, { host: 'http://[::1]' }), /: write host: '\[::1\]'\.$/],
  ['a host with a port', () => serve(app, { host: 'localhost:80' }), /: write host: 'localhost', port: 80\.$/],
  [
    'a Unix socket as the host',
    () => serve(app, { host: '/run/x.sock' }),
    /not '\/run\/x\.sock': the path of a Unix socket is the option "path"/,
  ],
  ['a Unix socket as the port', () => serve(app, { port: './x.sock' }), /"port" must be a number, .*Unix socket/],
  [
    'a misspelt option of a listener',
    () => serve(app, { listen: [{ port: 0 }, { hots: '::1' } as object] }),
    /"listen\[1\]\.hots" does not exist: did you mean "host"\?$/,
  ],
  ['a Unix socket by another name', () => serve(app, { unix: '/run/x.sock' } as object), /: it is "path"\.$/],
  [
    'a star as the host',
    () => serve(app, { host: '*' }),
    /"host" must be an address or a name, not '\*': write '::', or '0\.0\.0\.0'/,
  ],
  ['an empty host', () => serve(app, { host: '' }), /must not be empty: write 'localhost', or '0\.0\.0\.0'/],
  [
    'a size with a unit',
    () => serve(app, { bodyLimit: '1mb' }),
    /^ERR_INVALID_ARG_TYPE: The option "bodyLimit" must be a number, not '1mb'/,
  ],
  [
    'a log that is an object',
    () => serve(app, { log: { error() {} } }),
    /"log" must be a function, not an object with the key error/,
  ],
  [
    'a misspelt backend',
    () => serve(app, { backend: 'slect' }),
    /^ERR_INVALID_ARG_VALUE: The option "backend" must be one of auto, .*, not 'slect': did you mean 'select'\?$/,
  ],
  [
    'a misspelt backend in the environment',
    () => withEnvironment({ BRINK_BACKEND: 'slect' }),
    /^ERR_INVALID_ARG_VALUE: The environment variable BRINK_BACKEND must be one of .* did you mean 'select'\?$/,
  ],
  [
    'threads in the environment that are no number',
    () => withEnvironment({ BRINK_THREADS: 'two' }),
    /^ERR_OUT_OF_RANGE: The environment variable BRINK_THREADS must be a whole number from 0 to 128, not 'two'/,
  ],

  // Replies
  [
    'a reply without its status',
    () => reply('hi'),
    /^ERR_INVALID_STATUS: The status of a reply must be a number from 200 to 599, not 'hi': reply\(status, body, headers\)/,
  ],
  [
    'headers in place of the status',
    () => html('x', { a: 'b' }),
    /^ERR_INVALID_STATUS: .*, not an object with the key a/,
  ],
  [
    'headers that are text',
    () => reply(200, 'x', 'text/html'),
    /^ERR_INVALID_ARG_TYPE: The option "headers" must be an object, such as .*, not 'text\/html'/,
  ],
  ['headers that are null', () => reply(200, 'x', null), /^ERR_INVALID_ARG_TYPE: The option "headers" .*, not null/],
  ['headers that are a number', () => reply(200, 'x', 5), /^ERR_INVALID_ARG_TYPE: The option "headers" .*, not 5/],
  [
    'headers that are no pairs',
    () => reply(200, 'x', [1, 2]),
    /^ERR_INVALID_ARG_TYPE: The option "headers" .* pairs of name and value, not the list \[1, 2\]/,
  ],
  [
    'a header that is an object',
    () => reply(200, 'x', { 'x-a': { b: 1 } }),
    /^ERR_INVALID_HEADER_VALUE: The value of the header 'x-a' .*, not an object with the key b/,
  ],
  [
    'html() of a number',
    () => html(5),
    /^ERR_INVALID_ARG_TYPE: html\(text, status, headers\) takes a string as its text, not 5/,
  ],
  [
    'redirect() of the status first',
    () => redirect(302, '/x'),
    /^ERR_INVALID_ARG_TYPE: redirect\(location, status\) takes a string or a URL as its location, not 302/,
  ],
  ['a redirect with its status as text', () => redirect('/x', '301'), /^ERR_INVALID_STATUS: .*, not '301'\.$/],
  [
    'a promise as a body',
    async () => {
      throw await logged(new Router().get('/', () => brink.reply(200, Promise.resolve())))
    },
    /It is a Promise: await it\.$/,
  ],
  [
    'a stream of objects',
    async () => {
      throw await logged(
        new Router().get('/', async function* () {
          yield { a: 1 }
        } as never),
      )
    },
    /must yield strings or bytes, not an object with the key a/,
  ],

  // Features
  [
    'a misspelt option of compress()',
    () => compress({ treshold: 1 }),
    /"treshold" of compress\(\) does not exist: did you mean "threshold"\?$/,
  ],
  ['the level of compress()', () => compress({ level: 6 }), /"level" of compress\(\) does not exist: it is "levels"/],
  [
    'compress() of text',
    () => compress('gzip'),
    /^ERR_INVALID_ARG_TYPE: compress\(\) takes its options as an object, not 'gzip'/,
  ],
  [
    'files() of nothing',
    () => files(),
    /^ERR_INVALID_ARG_TYPE: files\(folder, options\) takes the path or the URL of a folder, not undefined/,
  ],
  ['files() of an object', () => files({ root: '.' }), /, not an object with the key root\.$/],
  [
    'an age of files()',
    () => files('.', { maxAge: 1 }),
    /"maxAge" of files\(\) does not exist: it is a part of "cacheControl"/,
  ],
  ['a misspelt option of files()', () => files('.', { dotFile: true }), /did you mean "dotfiles"\?$/],
  ['an absolute index', () => files('.', { index: '/x' }), /"index" must be a path relative to the folder, not '\/x'/],
  ['an index that is true', () => files('.', { index: true }), /"index" must be a file name or false, not true/],
  [
    'a misspelt option of file()',
    () => file('x', { Root: '.' }),
    /"Root" of file\(\) does not exist: did you mean "root"\?$/,
  ],
  ['file() of a number', () => file(5), /^ERR_INVALID_ARG_TYPE: file\(path, options\) takes a path or a URL, not 5/],
  [
    'events() without the request',
    () => events(ticks),
    /^ERR_INVALID_ARG_TYPE: events\(req, generate, options\) takes the request first, not the function ticks/,
  ],
  [
    'events() of a generator',
    () => events({ headers: new Headers() }, ticks()),
    /takes a generator function, itself and not called, as generate, not an AsyncGenerator/,
  ],
  [
    'a misspelt option of events()',
    () => events({ headers: new Headers() }, ticks, { heartBeats: 1 }),
    /"heartBeats" of events\(\) .*"heartbeat"\?$/,
  ],
  [
    'parts() of no request',
    () => parts({}),
    /^ERR_INVALID_ARG_TYPE: parts\(req, limits\) takes a request, not an empty object/,
  ],
  [
    'a misspelt limit of parts()',
    () =>
      parts(
        { headers: new Headers({ 'content-type': 'multipart/form-data; boundary=x' }), chunks() {} },
        { filesize: 1 },
      ),
    /"filesize" of the form limits .*"fileSize"\?$/,
  ],
  [
    'routesFrom() of a number',
    () => routesFrom(5),
    /^ERR_INVALID_ARG_TYPE: routesFrom\(folder\) takes the path or the URL of a folder, not 5/,
  ],

  // Operations
  ['maxInFlight as text', () => serve(app, { maxInFlight: '10' }), /"maxInFlight" must be a number, not '10'\.$/],
  [
    'a date as retryAfter',
    () => serve(app, { retryAfter: new Date() }),
    /"retryAfter" must be a number, not a Date\.$/,
  ],
  ['shedWhen as a number', () => serve(app, { shedWhen: 100 }), /"shedWhen" must be an object, not 100\.$/],
  [
    'a limit of under-pressure',
    () => serve(app, { shedWhen: { maxEventLoopDelay: 100 } }),
    /"maxEventLoopDelay" of shedWhen does not exist: it is "delay"\.$/,
  ],
  [
    'a delay of nothing',
    () => serve(app, { shedWhen: { delay: 0 } }),
    /^ERR_OUT_OF_RANGE: The option "shedWhen\.delay" must be a number above 0, not 0\.$/,
  ],
  [
    'a delay as text',
    () => serve(app, { shedWhen: { delay: '1s' } }),
    /"shedWhen\.delay" must be a number, not '1s'\.$/,
  ],
  [
    'one path as neverShed',
    () => serve(app, { neverShed: '/live' }),
    /"neverShed" must be a list of paths, or a function/,
  ],
  [
    'a path of neverShed',
    () => serve(app, { neverShed: ['live'] }),
    /must have paths that begin with '\/', not 'live'\.$/,
  ],
  ['metrics as a path', () => serve(app, { metrics: '/metrics' }), /"metrics" must be a boolean, not '\/metrics'\.$/],
  [
    'shed of a route',
    () => new Router().get('/', handler, { shed: 'never' as never }),
    /The shed of GET '\/' must be true or false, not 'never'\.$/,
  ],
  [
    'health() that is not called',
    () => new Router().get('/', health as never),
    /mount it, app\.mount\('\/', health\(\)\)/,
  ],
  ['health() of a promise', () => health(Promise.resolve()), /takes a server, or a list of servers, not a Promise\.$/],
  ['health() of no servers', () => health([]), /takes a server, or a list of servers, not an empty list\.$/],
  ['health() of a port', () => health(8080), /health\(\) takes its options as an object, not 8080\.$/],
  [
    'a check of health() that is none',
    () => health({ checks: { db: 1 } }),
    /"checks\.db" must be a function, not 1\.$/,
  ],
  ['checks of health() in a list', () => health({ checks: [handler] }), /"checks" must be an object with a function/],
  [
    'a timed check without a function',
    () => health({ checks: { db: { timeout: 1 } } }),
    /"checks\.db" must have a function/,
  ],
  [
    'the timeout of a check',
    () => health({ checks: { db: { check: handler, timeout: 0 } } }),
    /"checks\.db\.timeout" must be a whole number from 1 to/,
  ],
  [
    'a misspelt option of health()',
    () => health({ check: {} }),
    /"check" of health\(\) does not exist: did you mean "checks"/,
  ],
  [
    'metrics() that is not called',
    () => new Router().get('/', metrics as never),
    /call it, app\.get\('\/metrics', metrics\(\)\)/,
  ],
  ['metrics() of a promise', () => metrics(Promise.resolve()), /takes a server, or a supervisor, not a Promise\.$/],
  ['a misspelt option of metrics()', () => metrics({ proces: false }), /"proces" of metrics\(\) .*"process"\?$/],

  // brink/fetch and brink/node
  [
    'serve() of srvx without fetch',
    () => srvx({}),
    /^ERR_INVALID_ARG_TYPE: serve\(\) of brink\/fetch takes an object with a function fetch/,
  ],
  [
    'one middleware of srvx',
    () => srvx({ fetch: handler, manual: true, middleware: handler }),
    /"middleware" must be a list of functions, not the function handler/,
  ],
  [
    'a plugin of srvx that is none',
    () => srvx({ fetch: handler, manual: true, plugins: [5] }),
    /"plugins" must be a list of functions, not the list \[5\]/,
  ],
  [
    'toFetchHandler() of nothing',
    () => toFetchHandler(),
    /^ERR_INVALID_ARG_TYPE: toFetchHandler\(router\) takes a Router, not undefined/,
  ],
  [
    'webSocketHelper() of a class',
    () => webSocketHelper(class WebSocketServer {}),
    /^ERR_INVALID_ARG_TYPE: webSocketHelper\(server\) takes .*noServer.*, not the class WebSocketServer/,
  ],
  [
    'getConnInfo() of another context',
    () => getConnInfo({ env: {} }),
    /^ERR_INVALID_ARG_TYPE: getConnInfo\(c\) takes the context of an app that brink serves/,
  ],
  [
    'createServer() of a router',
    () => createServer(app),
    /^ERR_INVALID_ARG_TYPE: createServer\(\) of brink\/node takes a listener .* serve\(app\) of brink, not a Router/,
  ],

  // The command line
  [
    'a misspelt flag',
    () => parseCommandLine(['--thread', '2'], {}),
    /Unknown option --thread: did you mean --threads\?$/,
  ],
  ['a flag in capitals', () => parseCommandLine(['--Host', 'x'], {}), /Unknown option --Host: did you mean --host\?$/],
  ['a short flag in capitals', () => parseCommandLine(['-P', '80'], {}), /Unknown option -P: did you mean --port\?$/],
]

for (const [what, call, message] of wrong) {
  test(`${what} is told`, async () => {
    assert.match(await messageOf(call), message)
  })
}

test('an empty variable of the environment is none', async () => {
  await withEnvironment({ BRINK_BACKEND: '', BRINK_THREADS: '' })
})

test('close() and setFixed() say what there is', async () => {
  const server = await brink.serve(new Router().fixed('/status', 'x'), { port: 0 })
  const close = server.close.bind(server) as Loose
  assert.match(
    await messageOf(() => close(1000)),
    /^ERR_INVALID_ARG_TYPE: close\(\) takes its options as an object, not 1000/,
  )
  assert.match(await messageOf(() => close({ fore: 1 })), /"fore" of close\(\) does not exist: did you mean "force"\?$/)
  assert.match(await messageOf(() => close({ force: 'x' })), /^ERR_OUT_OF_RANGE: .*, not 'x'\.$/)
  assert.match(
    await messageOf(() => server.setFixed('/stauts', 'y')),
    /no fixed answer for '\/stauts': there are \/status\./,
  )
  await server.close()
})

test.run()
