// Each app in examples/ compiles, runs on a free port, does what its folder is called after, and ends when it is told.
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { WebSocket } from 'ws'
import { askExample } from '../example_program.js'
import { paper, ROOT } from './papers.js'

const FOLDER = join(ROOT, 'examples')
const folders = readdirSync(FOLDER, { withFileTypes: true }).filter((entry) => entry.isDirectory())
/** They need packages that `npm run test:frameworks` installs, and are run there; but next, which is too large for it. */
const WITH_FRAMEWORKS = [
  'express',
  'fastify',
  'koa',
  'nest',
  'next',
  'opentelemetry',
  'socket.io',
  'supertest',
  'vite',
  'ws',
]
/** The tests in deploy/ run it. */
const WITH_PROXIES = ['deploy']
const tried = new Set<string>([...WITH_FRAMEWORKS, ...WITH_PROXIES])

function example(name: string, ask: (url: string, output: string) => Promise<void>): Promise<void> {
  tried.add(name)
  return askExample([join(FOLDER, name, 'app.js')], { UPLOADS: undefined, DATABASE: undefined }, ask)
}

const json = (body: unknown) => ({ body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })

test('the examples compile', () => {
  const apps = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js') && !name.includes('public') && !WITH_FRAMEWORKS.includes(dirname(name)))
    .map((name) => join('examples', name))
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc')
  const usual = [
    '--noEmit',
    '--ignoreConfig',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--types',
    'node',
  ]
  const { stdout } = spawnSync(
    process.execPath,
    [compiler, ...usual, '--allowJs', '--checkJs', '--noImplicitAny', 'false', ...apps],
    { cwd: ROOT, encoding: 'utf8' },
  )
  assert.is(stdout, '')
})

test('hello says hello', () =>
  example('hello', async (url) => {
    assert.is(await (await fetch(url)).text(), 'Hello, World!')
    assert.is(await (await fetch(`${url}/hello/Ada`)).text(), 'Hello, Ada!')
  }))

test('rest-sqlite keeps notes', () =>
  example('rest-sqlite', async (url, output) => {
    const hasSqlite = process.getBuiltinModule?.('node:sqlite') !== undefined
    assert.match(output, hasSqlite ? /kept in SQLite/ : /kept in memory/)
    const made = await fetch(`${url}/notes`, { method: 'POST', ...json({ text: 'Buy milk' }) })
    assert.is(made.status, 201)
    assert.is(made.headers.get('location'), '/notes/1')
    assert.equal(await (await fetch(`${url}/notes/1`)).json(), { id: 1, text: 'Buy milk' })
    const changed = await fetch(`${url}/notes/1`, { method: 'PUT', ...json({ text: 'Buy tea' }) })
    assert.equal(await changed.json(), { id: 1, text: 'Buy tea' })
    assert.equal(await (await fetch(`${url}/notes`)).json(), [{ id: 1, text: 'Buy tea' }])
    assert.is((await fetch(`${url}/notes/1`, { method: 'DELETE' })).status, 204)
    const missing = await fetch(`${url}/notes/1`)
    assert.equal([missing.status, await missing.json()], [404, { error: 'There is no note 1.' }])
    for (const body of [null, 'text', { text: 1 }, { text: ' ' }]) {
      assert.is((await fetch(`${url}/notes`, { method: 'POST', ...json(body) })).status, 422)
    }
    assert.is((await fetch(`${url}/notes?limit=x`)).status, 400)
    assert.is((await fetch(`${url}/notes/x`)).status, 404)
  }))

test('upload saves files and gives them back', () =>
  example('upload', async (url) => {
    assert.match(await (await fetch(url)).text(), /multipart\/form-data/)
    const form = new FormData()
    form.append('note', 'a field')
    form.append('file', new File(['x'.repeat(3_000_000)], '../../large.txt'))
    form.append('file', new File(['small'], 'small.md'))
    const answer = await fetch(`${url}/files`, { method: 'POST', body: form })
    assert.is(answer.status, 201)
    const { saved } = (await answer.json()) as { saved: string[] }
    assert.match(saved.join(' '), /^[-0-9a-f]{36}\.txt [-0-9a-f]{36}\.md$/)
    assert.equal(((await (await fetch(`${url}/files`)).json()) as string[]).sort(), [...saved].sort())
    assert.is((await (await fetch(`${url}/files/${saved[0]}`)).text()).length, 3_000_000)
    const none = new FormData()
    none.append('note', 'a field')
    assert.is((await fetch(`${url}/files`, { method: 'POST', body: none })).status, 422)
    assert.is((await fetch(`${url}/files`, { method: 'POST', body: 'no form' })).status, 415)
  }))

test('chat hands what one says to everybody in the room', () =>
  example('chat', async (url) => {
    assert.match(await (await fetch(url)).text(), /WebSocket/)
    const enter = async (room: string) => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/rooms/${room}`)
      await once(socket, 'open')
      return socket
    }
    const [one, other, elsewhere] = await Promise.all([enter('a'), enter('a'), enter('b')])
    elsewhere.on('message', () => assert.unreachable('a message has left its room'))
    const heard = [one, other].map((socket) => once(socket, 'message'))
    one.send('Hello')
    for (const [data] of await Promise.all(heard)) assert.is(String(data), 'Hello')
  }))

test('events sends what is published, also to a client that connects again', () =>
  example('events', async (url) => {
    assert.match(await (await fetch(url)).text(), /EventSource/)
    const publish = async (text: string) => {
      assert.is((await fetch(`${url}/news`, { method: 'POST', body: text })).status, 204)
    }
    await publish('one')
    const news = await fetch(`${url}/news`)
    const reader = (news.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader()
    let seen = ''
    const until = async (text: string) => {
      while (!seen.includes(text)) seen += (await reader.read()).value ?? assert.unreachable(`ended after ${seen}`)
    }
    await until('id: 1\ndata: one\n\n')
    await publish('two')
    await until('id: 2\ndata: two\n\n')
    const again = await fetch(`${url}/news`, { headers: { 'last-event-id': '1' } })
    const missed = await (again.body as ReadableStream<Uint8Array>).getReader().read()
    assert.is(new TextDecoder().decode(missed.value), 'id: 2\ndata: two\n\n')
    assert.is((await fetch(`${url}/news`, { method: 'POST', body: ' ' })).status, 422)
  }))

test('hono answers as an app of Hono does', () =>
  example('hono', async (url) => {
    assert.is(await (await fetch(url)).text(), 'Hello from Hono')
    const made = await fetch(`${url}/notes`, { method: 'POST', ...json({ text: 'Buy milk' }) })
    assert.equal([made.status, await made.json()], [201, { id: 1, text: 'Buy milk' }])
    assert.is((await fetch(`${url}/notes`, { method: 'POST', ...json({}) })).status, 422)
    const notes = await fetch(`${url}/notes`, { headers: { origin: 'http://a.example' } })
    assert.is(notes.headers.get('access-control-allow-origin'), '*')
    assert.equal(await notes.json(), ['Buy milk'])
    assert.match(await (await fetch(`${url}/count`)).text(), /id: 3\n\n$/)
  }))

test('single-page-app answers its pages, its assets and its API', () =>
  example('single-page-app', async (url) => {
    const html = { headers: { accept: 'text/html' } }
    for (const path of ['/', '/books/1']) assert.match(await (await fetch(url + path, html)).text(), /<title>Books/)
    const asset = await fetch(`${url}/assets/app-1.js`)
    assert.match(asset.headers.get('cache-control') ?? '', /immutable/)
    assert.equal(await (await fetch(`${url}/api/books/2`)).json(), {
      id: '2',
      title: 'Structure and Interpretation of Computer Programs',
    })
    for (const path of ['/api/books/3', '/api/typo', '/assets/typo.js']) {
      assert.is((await fetch(url + path, html)).status, 404)
    }
  }))

test('target: the tests of the client pass', () => {
  tried.add('target')
  const args = ['--test', join(FOLDER, 'target/retrying.test.js')]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  assert.is(status, 0, stdout + stderr)
  assert.match(stdout, /pass 6$/m)
})

test('each example is run, and named in the list of examples', () => {
  const names = folders.map(({ name }) => name).sort()
  assert.equal([...tried].sort(), names)
  for (const name of names) assert.match(paper('examples/README.md'), new RegExp(`^\\| \\[${name}\\]`, 'm'))
})

test.run()
