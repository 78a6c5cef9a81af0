// The code of the README and of docs/ compiles against the types of the package, and what is a whole program runs.
import { fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fileTree } from '../file_tree.js'
import { type CodeBlock, codeBlocks, guide, paper, ROOT } from './papers.js'

interface Example extends CodeBlock {
  readonly path: string
  /** The name of its file, which says in a compiler's message where it stands. */
  readonly file: string
}

const examples = guide.flatMap((path): Example[] =>
  codeBlocks(paper(path))
    .filter(({ language }) => language === 'js' || language === 'ts')
    .map((block) => ({ ...block, path, file: `${path.replaceAll('/', '-')}-line-${block.line}.${block.language}` })),
)

// Pages say once what `app` is.
const AMBIENT = `declare const app: import('brink').Router\n`

function compiled(files: Record<string, string>, ...options: string[]): string {
  const folder = fileTree({ ...files, 'ambient.d.ts': AMBIENT, 'package.json': '{ "type": "module" }' })
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(ROOT, join(folder, 'node_modules/brink'))
  for (const name of ['@types', 'hono']) {
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name))
  }
  const usual = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--types', 'node']
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, 'node_modules/typescript/bin/tsc'), ...usual, ...options, 'ambient.d.ts', ...Object.keys(files)],
    { cwd: folder, encoding: 'utf8' },
  )
  return stdout + stderr
}

function filesOf(language: string): Record<string, string> {
  const own = examples.filter((example) => example.language === language)
  // A block is a module of its own, also when it imports nothing.
  return Object.fromEntries(own.map(({ file, code }) => [file, `${code}\nexport {}\n`]))
}

test('the JavaScript of the README and of docs/ compiles', () => {
  assert.ok(examples.length > 30)
  assert.is(compiled(filesOf('js'), '--allowJs', '--checkJs', '--noImplicitAny', 'false'), '')
})

test('the TypeScript of the README and of docs/ compiles', () => {
  assert.is(compiled(filesOf('ts'), '--exactOptionalPropertyTypes'), '')
})

test('code that does not fit the types does not compile', () => {
  const wrong = `app.get('/:id', ({ params }) => params.name)\nexport {}\n`
  assert.match(compiled({ 'wrong.js': wrong }, '--allowJs', '--checkJs'), /TS2339/)
})

// Programs listen at any free port, and tell this test which one that is.
const BRINK = `
import * as brink from ${JSON.stringify(pathToFileURL(join(ROOT, 'dist/index.js')).href)}
export * from ${JSON.stringify(pathToFileURL(join(ROOT, 'dist/index.js')).href)}
export async function serve(app, { path, mode, fd, listen, ...options } = {}) {
  const server = await brink.serve(app, { ...options, port: 0 })
  process.send?.(server.url)
  return server
}
`
const FETCH = `export * from ${JSON.stringify(pathToFileURL(join(ROOT, 'dist/fetch.js')).href)}`
const MANIFEST = '{ "type": "module", "exports": { ".": "./index.js", "./fetch": "./fetch.js" } }'

function workplace(code: string): string {
  const folder = fileTree({ 'app.js': code, 'package.json': '{ "type": "module" }' })
  for (const [path, content] of Object.entries({
    'node_modules/brink/index.js': BRINK,
    'node_modules/brink/fetch.js': FETCH,
    'node_modules/brink/package.json': MANIFEST,
    'public/index.html': '<p>A page.',
    'data/report.pdf': 'A report.',
    'uploads/a.txt': 'An upload.',
  })) {
    mkdirSync(join(folder, path, '..'), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  for (const name of ['hono', 'ws']) symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name))
  return folder
}

async function run<T>(code: string, ask: (url: string) => Promise<T>): Promise<T> {
  const folder = workplace(code)
  const child = fork(join(folder, 'app.js'), { cwd: folder, silent: true })
  let output = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const died = once(child, 'close').then(() => {
    throw new Error(`It ended before it was asked: ${output}`)
  })
  died.catch(() => {})
  try {
    const [url] = (await Promise.race([once(child, 'message'), died])) as [string]
    return await ask(url)
  } finally {
    child.kill('SIGKILL')
  }
}

// Clusters and test runners start processes of their own, whose messages are theirs.
const isProgram = ({ code }: Example) => code.includes('await serve(') && !/node:(cluster|test)'/.test(code)
const programs = examples.filter((example) => example.language === 'js' && isProgram(example))

test('the README has a program, and so have the pages', () => {
  assert.ok(programs.some(({ path }) => path === 'README.md'))
  assert.ok(programs.length > 8)
})

for (const { file, code } of programs) {
  test(`${file} starts and answers`, async () => {
    const status = await run(code, async (url) => (await fetch(url)).status)
    assert.ok(status < 500, `it answers ${status}`)
  })
}

test('the app of the README answers as the README says', async () => {
  const { code } = programs.find(({ path }) => path === 'README.md') as Example
  const text = paper('README.md')
  await run(code, async (url) => {
    const asked: string[] = []
    for (const [, path, body, answer] of text.matchAll(
      /^\$ curl localhost:8080(\/users\S*)(?: --json '(.*)')?\n(.*)$/gm,
    )) {
      const init = { method: 'POST', body: String(body), headers: { 'content-type': 'application/json' } }
      const response = await fetch(url + path, body === undefined ? {} : init)
      assert.is(await response.text(), answer)
      if (response.ok) assert.is(response.headers.get('x-served-by'), 'brink')
      asked.push(String(path))
    }
    assert.equal(asked, ['/users/7', '/users/9', '/users'])
    const careless = { method: 'POST', body: 'null', headers: { 'content-type': 'application/json' } }
    assert.is((await fetch(`${url}/users`, careless)).status, 422)
  })
})

test('the test of docs/getting-started.md passes', () => {
  const { code } = examples.find((example) => example.code.includes("'node:test'")) as Example
  const { status, stdout } = spawnSync(process.execPath, ['app.js'], { cwd: workplace(code), encoding: 'utf8' })
  assert.is(status, 0, stdout)
  assert.match(stdout, /pass 1/)
})

test.run()
