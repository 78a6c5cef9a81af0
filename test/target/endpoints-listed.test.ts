// Every endpoint stands on the index page and in docs/target-endpoints.md, with an example that works.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { TARGET_LIMITS } from '#brink/target/limits.js'
import { get } from '../server/messages.js'
import { connect } from '../server/raw_client.js'
import { paper, ROOT } from '../unit/papers.js'
import { onTarget } from './contract.js'

interface Listed {
  readonly path: string
  readonly methods: string
  readonly example: string
  readonly says: string
}

const ANY = 'any'
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']

/** The paths of the route files, with the methods that they export. */
function routeFiles(): Map<string, string> {
  const names = readdirSync(join(ROOT, 'routes'), { recursive: true, encoding: 'utf8' })
  const files = names.filter((name) => name.endsWith('.ts') && !/(?:^|\/)_/.test(name))
  return new Map(
    files.map((name) => {
      const text = readFileSync(join(ROOT, 'routes', name), 'utf8')
      const path = `/${name.replace(/(?:\/|^)index\.ts$|\.ts$/, '')}`
      const methods = /export (?:default|\{ default)/.test(text)
        ? ANY
        : METHODS.filter((method) => text.includes(`export const ${method} `)).join(', ')
      return [path.replace(/\[\.\.\.(\w+)\]/g, '*$1').replace(/\[(\w+)\]/g, ':$1'), methods]
    }),
  )
}

/** The rows of a table of the page in docs/. */
function listedInDocs(): Listed[] {
  const rows = paper('docs/target-endpoints.md').matchAll(
    /^\| `([^`]+)` \| ([A-Z, ]+|any) \| (?:`([^`]+)`)? ?\| (.+) \|$/gm,
  )
  return [...rows].map(([, path = '', methods = '', example = '', says = '']) => ({ path, methods, example, says }))
}

async function listedOnPage(): Promise<Listed[]> {
  const { groups } = (await import(new URL('../../routes/_endpoints.js', import.meta.url).href)) as {
    groups: { endpoints: (Omit<Listed, 'example'> & { example?: string })[] }[]
  }
  return groups
    .flatMap(({ endpoints }) => endpoints)
    .map(({ path, methods, example = '', says }) => ({ path, methods, example, says }))
}

const byPath = (list: readonly Listed[]) =>
  new Map(list.map(({ path, methods }) => [path.split('?', 1)[0] as string, methods]))
const sorted = (map: Map<string, string>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1))

test('the index page lists every endpoint with its methods', async () => {
  assert.equal(sorted(byPath(await listedOnPage())), sorted(routeFiles()))
})

test('docs/target-endpoints.md lists what the index page lists', async () => {
  assert.equal(listedInDocs(), await listedOnPage())
})

test('every example works', () =>
  onTarget({ host: '127.0.0.1' }, async (t) => {
    const examples = listedInDocs().filter(({ example }) => example !== '')
    assert.ok(examples.length > 60)
    let client = await connect(t)
    for (const { path, example } of examples) {
      const answer = await client.send(get(example)).response()
      const expected = expectedOf(path)
      assert.ok(expected.includes(answer.status), `${example}: ${answer.status}`)
      if (answer.header('connection') === 'close') client = await connect(t)
    }
  }))

function expectedOf(path: string): readonly number[] {
  if (/^\/(?:basic-auth|digest-auth|bearer)/.test(path)) return [401]
  if (path.startsWith('/hidden')) return [404]
  if (path.startsWith('/status')) return [418]
  if (path.startsWith('/unstable')) return [200, 500]
  if (/redirect|cookies\/|links\/:count$/.test(path)) return path.startsWith('/redirect-to') ? [307] : [302]
  return [200]
}

test('the index page links to the examples, and says what each answers', () =>
  onTarget({ host: '127.0.0.1' }, async (t) => {
    const page = (await (await connect(t)).send(get('/')).response()).text
    const links = [...page.matchAll(/<th scope="row"><a href="([^"]+)">/g)].map(([, href]) =>
      String(href).replaceAll('&amp;', '&'),
    )
    assert.equal(
      links,
      listedInDocs()
        .map(({ example }) => example)
        .filter((example) => example !== ''),
    )
    const ids = [...page.matchAll(/<h2 id="([^"]+)">/g)].map(([, id]) => `#${id}`)
    assert.equal(
      [...page.matchAll(/<a href="(#[^"]+)">/g)].map(([, href]) => href),
      ids,
    )
    assert.match(page, '<a href="/_brink/">')
    assert.is(page.match(/<tr><th scope="row">/g)?.length, (await listedOnPage()).length)
  }))

test('docs/target-endpoints.md lists every limit', () => {
  const section = paper('docs/target-endpoints.md').split('## Limits')[1]?.split('\n## ')[0] ?? ''
  const rows = [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => String(name))
  assert.equal(rows.sort(), [...TARGET_LIMITS].sort())
})

test.run()
