// What the README and docs/ state is true: options and their defaults, error codes, the command line's help, links.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { helpText } from '#brink/cli/cli_options.js'
import { checkedOptions, SERVE_OPTIONS } from '#brink/server/options.js'
import { anchors, guide, paper, papersIn, ROOT, withoutCode } from './papers.js'

const page = paper('docs/options.md')
const section = page.slice(page.indexOf('| option |'), page.indexOf('## Server'))
const rows = [...section.matchAll(/^\| `(\w+)` \| (.*?) ?\| (.*) \|$/gm)].map(([, name, standard, meaning]) => ({
  name: String(name),
  standard: String(standard),
  meaning: String(meaning),
}))

delete process.env.BRINK_THREADS
delete process.env.BRINK_BACKEND
const options: Readonly<Record<string, unknown>> = { ...checkedOptions({}), ...checkedOptions({}).places[0] }

test('docs/options.md lists every option', () => {
  assert.equal(rows.map(({ name }) => name).sort(), [...SERVE_OPTIONS].sort())
})

for (const { name, standard } of rows) {
  if (!/\d/.test(standard)) continue
  test(`${name}: the default is ${standard}`, () => {
    // A variable of the environment may stand before it.
    assert.is(Number(standard.replace(/^.* or /, '').replaceAll(',', '')), options[name])
  })
}

for (const { name, meaning } of rows) {
  const most = /at the most ([\d,]+)|(\d+) is the most/.exec(meaning)
  if (most === null) continue
  test(`${name}: the most is ${most[1] ?? most[2]}`, () => {
    const value = Number((most[1] ?? most[2])?.replaceAll(',', ''))
    checkedOptions({ [name]: value })
    assert.throws(() => checkedOptions({ [name]: value + 1 }), /must be a whole number/)
  })
}

/** Codes of Node's own errors, which the sources look for, or give in its place. */
const NODES_OWN = new Set([
  'ERR_MODULE_NOT_FOUND',
  'ERR_BUFFER_TOO_LARGE',
  'ERR_HTTP_HEADERS_SENT',
  'ERR_HTTP_REQUEST_TIMEOUT',
])

function codesInSources(): Set<string> {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.ts$/.test(name),
  )
  const sources = files.map((name) => readFileSync(join(ROOT, 'src', name), 'utf8')).join('\n')
  const errors = [...sources.matchAll(/'(ERR_[A-Z_]+)'/g)].map(([, code]) => String(code))
  const warnings = [...sources.matchAll(/code: '(BRINK_[A-Z_]+)'/g)].map(([, code]) => String(code))
  return new Set([...errors, ...warnings].filter((code) => !NODES_OWN.has(code)))
}

const troubleshooting = paper('docs/troubleshooting.md')
const explained = new Set(
  [...troubleshooting.matchAll(/^\| (`[^|]*) \|.*\|$/gm)].flatMap(([, codes]) =>
    [...String(codes).matchAll(/`(\w+)`/g)].map(([, code]) => String(code)),
  ),
)

test('docs/troubleshooting.md explains every error code of the sources', () => {
  const codes = codesInSources()
  assert.ok(codes.size > 30)
  assert.equal([...codes].filter((code) => !explained.has(code)).sort(), [])
})

test('docs/troubleshooting.md explains no error code that does not exist', () => {
  const codes = codesInSources()
  const made = [...explained].filter((code) => /^(ERR|BRINK)_/.test(code) && code !== 'ERR_HTTP_')
  assert.equal(
    made.filter((code) => !codes.has(code)),
    [],
  )
})

test('docs/troubleshooting.md explains every code of SECURITY.md, with its status', () => {
  const codesOf = (text: string) =>
    [...text.matchAll(/^\| `([A-Z0-9_]+)` \| (\d*) ?\| /gm)].map(([, code, status]) => `${code} ${status}`)
  const codes = codesOf(paper('SECURITY.md'))
  assert.ok(codes.length > 30)
  assert.equal(codesOf(troubleshooting), codes)
})

/** The rows of a table of ratios: its header, and the cells of each line below it, as numbers. */
function ratios(text: string): { peers: string[]; rows: string[][] } {
  const cells = (line: string) =>
    line
      .split('|')
      .slice(2, -1)
      .map((cell) => cell.trim())
  const lines = text.split('\n')
  const first = lines.findIndex((line) => /^\| +\|.*(uws|uWebSockets)/.test(line))
  const end = lines.findIndex((line, place) => place > first && !line.startsWith('|'))
  return { peers: cells(lines[first] as string), rows: lines.slice(first + 2, end).map(cells) }
}

const COLUMNS: Readonly<Record<string, string>> = {
  'uWebSockets.js': 'uws',
  Bun: 'bun',
  'node:http': 'node',
  Fastify: 'fastify',
}

for (const path of ['README.md', 'docs/performance.md']) {
  test(`${path}: the ratios are those of the report of the comparison`, () => {
    const report = ratios(paper('load/reports/compare.md'))
    const { peers, rows } = ratios(paper(path))
    assert.ok(rows.length > 3)
    const places = peers.map((peer) => report.peers.indexOf(COLUMNS[peer] ?? peer))
    assert.not.ok(places.includes(-1))
    const reported = report.rows.map((row) => places.map((place) => Number(row[place]).toPrecision(3)))
    for (const row of rows) {
      const given = row.map((cell) => Number(cell).toPrecision(3))
      assert.ok(
        reported.some((candidate) => given.every((cell, place) => row[place] === '' || cell === candidate[place])),
        `no row of the report has ${row.join(', ')}`,
      )
    }
  })
}

test('docs/command-line.md shows the help as it is', () => {
  assert.ok(paper('docs/command-line.md').includes(`$ npx brink --help\n${helpText().trimEnd()}\n\`\`\``))
})

test('the README names the two commands of a checkout', () => {
  for (const command of ['npm start', 'npm test']) assert.match(paper('README.md'), new RegExp(`^${command}  `, 'm'))
})

test('the README is short enough for a front page', () => {
  assert.ok(paper('README.md').split('\n').length <= 180)
})

test('every page of docs/ is named in its table of contents', () => {
  const contents = paper('docs/README.md')
  const pages = papersIn('docs').filter((path) => path !== 'docs/README.md')
  assert.equal(
    pages.filter((path) => !contents.includes(`(${path.slice('docs/'.length)})`)),
    [],
  )
})

for (const path of [...guide, ...papersIn('examples'), 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md']) {
  test(`${path}: links lead somewhere`, () => {
    for (const [, target = ''] of withoutCode(paper(path)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue
      const [file = '', anchor] = target.split('#')
      const linked = file === '' ? path : normalize(join(dirname(path), file))
      assert.ok(existsSync(join(ROOT, linked)), `${target} does not exist`)
      if (anchor !== undefined) assert.ok(anchors(paper(linked)).has(anchor), `${target} has no such heading`)
    }
  })
}

test.run()
