import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { serve, routesFrom as servedFrom } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { routesFrom } from '#brink/folder/folder.js'
import { answerOf } from './asked.js'

const nodeStripsTypes = Boolean((process.features as { typescript?: unknown }).typescript)
const made: string[] = []

/** A new folder with these files. */
function folder(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'brink-routes-'))
  made.push(root)
  writeFileSync(join(root, 'package.json'), '{"type":"module"}')
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), content)
  }
  return root
}

/** The code and the message of the error that a folder ends with. */
async function refusal(files: Record<string, string>): Promise<string> {
  const error = await routesFrom(folder(files)).then(
    () => new Error('there was none'),
    (thrown: Error & { code?: string }) => thrown,
  )
  return `${(error as { code?: string }).code}: ${error.message}`
}

const get = (text: string) => `export const GET = () => '${text}'\n`

test('a file is a route', async () => {
  const root = folder({
    'index.js': get('home'),
    'about us.mjs': get('about'),
    'users/index.js': `${get('list')}export function POST() { return 'made' }`,
    'users/[id].js': 'export const GET = ({ params }) => params',
    'users/[id]/posts.js': 'export default ({ method, params }) => method + params.id',
    'files/[...path].js': 'export const GET = ({ params }) => params.path',
    '.well-known/brink.js': get('known'),
  })
  for (const given of [root, pathToFileURL(root)]) {
    const router = await routesFrom(given)
    assert.is(await answerOf(router, 'GET', '/'), '200 home')
    assert.is(await answerOf(router, 'GET', '/about%20us'), '200 about')
    assert.is(await answerOf(router, 'GET', '/users'), '200 list')
    assert.is(await answerOf(router, 'POST', '/users'), '200 made')
    assert.is(await answerOf(router, 'DELETE', '/users'), '405 Method Not Allowed')
    assert.is(await answerOf(router, 'GET', '/users/7'), '200 {"id":"7"}')
    assert.is(await answerOf(router, 'PUT', '/users/7/posts'), '200 PUT7')
    assert.is(await answerOf(router, 'GET', '/files/a/b'), '200 a/b')
    assert.is(await answerOf(router, 'GET', '/.well-known/brink'), '200 known')
  }
})

test('UPGRADE takes a connection over', async () => {
  const router = await servedFrom(
    folder({
      'raw.js': `${get('plain')}export const UPGRADE = (req, socket) => socket.end('HTTP/1.1 101 Taken\\r\\nConnection: upgrade\\r\\nUpgrade: raw\\r\\n\\r\\n' + req.url)`,
    }),
  )
  const server = await serve(router, { port: 0, host: '127.0.0.1' })
  try {
    assert.is(await (await fetch(`${server.url}/raw`)).text(), 'plain')
    const client = request(`${server.url}/raw?a`, { headers: { connection: 'upgrade', upgrade: 'raw' } }).end()
    const [answer, , head] = (await once(client, 'upgrade')) as [IncomingMessage, Socket, Buffer]
    assert.is(answer.statusMessage, 'Taken')
    assert.is(String(head), '/raw?a')
    client.destroy()
  } finally {
    await server.close({ force: 0 })
  }
})

test('_middleware wraps its folder and what is below', async () => {
  const wrap = (name: string) =>
    `async (_, next) => { const r = await next(); r.body = '${name}(' + r.body + ')'; return r }`
  const router = await routesFrom(
    folder({
      'index.js': get('home'),
      '_middleware.js': `export default [${wrap('a')}, ${wrap('b')}]`,
      'in/_middleware.js': `export default ${wrap('in')}`,
      'in/deep/x.js': get('x'),
    }),
  )
  assert.is(await answerOf(router, 'GET', '/'), '200 a(b(home))')
  assert.is(await answerOf(router, 'GET', '/in/deep/x'), '200 a(b(in(x)))')
  assert.is(await answerOf(router, 'GET', '/in/none'), '404 a(b(in(Not Found)))')
})

test('helpers, tests, declarations and other files are no routes', async () => {
  const router = await routesFrom(
    folder({
      'index.js': "import { text } from './_text.js'\nexport const GET = () => text",
      '_text.js': "export const text = 'from a helper'",
      '_lib/x.js': 'nonsense(',
      '.cache/x.js': 'nonsense(',
      'index.d.ts': 'nonsense(',
      'index.test.js': 'nonsense(',
      'index.js.map': '{}',
      'readme.md': '# no',
    }),
  )
  assert.is(await answerOf(router, 'GET', '/'), '200 from a helper')
  assert.is(await answerOf(router, 'GET', '/_text'), '404 Not Found')
})

test('TypeScript is loaded, and ./x.js means ./x.ts where there is no other', async () => {
  const router = await routesFrom(
    folder({
      'typed.ts': 'type T = { a: number }\nexport const GET = (): T => ({ a: 1 } satisfies T)',
      ...(nodeStripsTypes
        ? {}
        : {
            '_x.ts': 'export const x: string = "x"',
            'x.ts': "import { x } from './_x.js'\nexport const GET = () => x",
          }),
    }),
  )
  assert.is(await answerOf(router, 'GET', '/typed'), '200 {"a":1}')
  if (!nodeStripsTypes) assert.is(await answerOf(router, 'GET', '/x'), '200 x')
})

const refused: [what: string, files: Record<string, string>, expected: RegExp][] = [
  ['without any route', { 'readme.md': '' }, /^ERR_NO_ROUTES: The folder .* contains no route: /],
  ['with nothing but middleware', { '_middleware.js': 'export default () => 1' }, /^ERR_NO_ROUTES/],
  [
    'with two files for one route',
    { 'a.js': get('a'), 'a.mjs': get('b') },
    /^ERR_DUPLICATE_ROUTE: .*\/a: .*a\.js and .*a\.mjs/,
  ],
  ['with a file and an index for one route', { 'a.js': get('a'), 'a/index.js': get('b') }, /^ERR_DUPLICATE_ROUTE/],
  ['with two params in one place', { '[a].js': get('a'), '[b].js': get('b') }, /^ERR_INVALID_ROUTE: .*\[b\]\.js/],
  [
    'with a method in lower case',
    { 'a.js': 'export const get = () => 1' },
    /^ERR_INVALID_ROUTE: .*a\.js.*'get'.*'GET'/,
  ],
  ['with an unknown export', { 'a.js': 'export const config = 1' }, /^ERR_INVALID_ROUTE: .*a\.js.*'config'/],
  [
    'with a constant for a method',
    { 'a.js': "export const GET = 'x'" },
    /^ERR_INVALID_ROUTE: .*'GET' is not a function/,
  ],
  ['with a file without exports', { 'a.js': '' }, /^ERR_INVALID_ROUTE: .*a\.js/],
  ['with middleware that is none', { '_middleware.js': 'export const x = 1' }, /^ERR_INVALID_ROUTE: .*_middleware\.js/],
  ['with a file that does not load', { 'a.js': "throw new Error('oh no')" }, /^ERR_ROUTE_IMPORT: .*a\.js.*oh no/],
  ['with a wildcard folder', { '[...rest]/a.js': get('a') }, /^ERR_INVALID_ROUTE: .*\[\.\.\.rest\]/],
  ['with brackets inside a name', { 'a[b].js': get('a') }, /^ERR_INVALID_ROUTE: .*a\[b\]\.js/],
]

for (const [what, files, expected] of refused) {
  test(`a folder ${what} is refused`, async () => {
    assert.match(await refusal(files), expected)
  })
}

test('a folder that is not there is refused', async () => {
  const error = await routesFrom('/nonexistent/routes').catch((thrown: Error) => thrown)
  assert.match((error as Error).message, /\/nonexistent\/routes does not exist/)
})

test('a file that does not load keeps the cause', async () => {
  const error = await routesFrom(folder({ 'a.js': "throw new RangeError('oh no')" })).catch((thrown: Error) => thrown)
  assert.instance((error as Error).cause, RangeError)
})

test.after(() => {
  for (const root of made) rmSync(root, { recursive: true })
})

test.run()
