import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readForm } from '#brink/forms/form_data.js'
import type { FormLimits } from '#brink/forms/form_limits.js'
import { Random } from '../peers/random.js'
import { errorOf } from './error_of.js'
import { multipartBody } from './multipart_bodies.js'
import { inPieces } from './pieces.js'

const URLENCODED = 'application/x-www-form-urlencoded'
const random = new Random(13)

async function entriesOf(form: FormData): Promise<unknown[]> {
  const entries: unknown[] = []
  for (const [name, value] of form) {
    const file = value as unknown
    entries.push([name, file instanceof Blob ? [(file as File).name, file.type, await file.text()] : file])
  }
  return entries
}

function urlencoded(body: string | Uint8Array, limits?: FormLimits): Promise<FormData> {
  return readForm(URLENCODED, inPieces(Buffer.from(body as Uint8Array), random), limits)
}

const bodies: readonly (readonly [string | Uint8Array, [string, string][]])[] = [
  ['', []],
  ['a=b', [['a', 'b']]],
  [
    'a=b&a=c&&d&=e&=',
    [
      ['a', 'b'],
      ['a', 'c'],
      ['d', ''],
      ['', 'e'],
      ['', ''],
    ],
  ],
  ['a+b=c+d', [['a b', 'c d']]],
  ['a%20=%2B%26%3d%00', [['a ', '+&=\0']]],
  ['a=%zz%4', [['a', '%zz%4']]],
  ['?a=b', [['?a', 'b']]],
  ['&?a=b', [['?a', 'b']]],
  ['#a=b;c=d', [['#a', 'b;c=d']]],
  ['ü=€', [['ü', '€']]],
  ['a=%C3%BC%ff', [['a', 'ü\ufffd']]],
  // A character of which one byte is escaped and the other is not.
  [Buffer.from('a=\xc3%bc&b=%c3\xbc', 'latin1'), [['a', 'ü'], ['b', 'ü']]], // biome-ignore format: one case, one line
  ['__proto__=1&constructor=2', [['__proto__', '1'], ['constructor', '2']]], // biome-ignore format: as above
]

for (const [body, entries] of bodies) {
  test(`a form of ${JSON.stringify(String(body))}`, async () => {
    for (let round = 0; round < 10; round += 1) assert.equal([...(await urlencoded(body))], entries)
  })
}

test('any urlencoded form is what fetch makes of it', async () => {
  // Without what undici misreads: bytes that are not ASCII, and a question mark that comes first.
  const parts = ['a', '=', '&', '+', '%', '%41', '%c3%bc', '%c3', '?', '#', ';', ' ', '\n', '%26', '%0']
  for (let round = 0; round < 300; round += 1) {
    const body = `a${Array.from({ length: random.whole(0, 12) }, () => random.one(parts)).join('')}`
    const expected = await new Response(body, { headers: { 'content-type': URLENCODED } }).formData()
    assert.equal([...(await urlencoded(body))], [...expected], JSON.stringify(body))
  }
})

/** WHATWG URL §5.1, as it is written there. */
function byTheStandard(body: Uint8Array): [string, string][] {
  const text = Buffer.from(body).toString('latin1')
  const decoded = (part: string) => {
    const unescaped = part.replaceAll('+', ' ').replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => {
      return String.fromCharCode(Number.parseInt(hex, 16))
    })
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.from(unescaped, 'latin1'))
  }
  const sequences = text.split('&').filter((sequence) => sequence !== '')
  return sequences.map((sequence) => {
    const equals = sequence.indexOf('=')
    if (equals === -1) return [decoded(sequence), '']
    return [decoded(sequence.slice(0, equals)), decoded(sequence.slice(equals + 1))]
  })
}

test('any bytes are read as the URL standard says', async () => {
  const parts = [
    'a',
    '=',
    '&',
    '+',
    '%',
    '%41',
    '%c3%bc',
    '%C3',
    '%ff',
    '?',
    '\xc3',
    '\xbc',
    '\xe2\x82\xac',
    '\xe2\x82',
  ]
  parts.push('\xef\xbb\xbf', '\xf0\x9f\x98\x80', '\xed\xa0\x80', '\xff', '%e2', '%82', '%%', '%2', '\0', '%f0%9f')
  for (let round = 0; round < 3000; round += 1) {
    const body = Array.from({ length: random.whole(0, 12) }, () => random.one(parts)).join('')
    const bytes = Buffer.from(body, 'latin1')
    assert.equal([...(await urlencoded(bytes))], byTheStandard(bytes), JSON.stringify(body))
  }
})

/** The least processor time that a call took, of some. */
async function cpuOf(call: () => unknown): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < 5; round += 1) {
    const before = process.cpuUsage()
    await call()
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, user + system)
  }
  return least
}

for (const [what, byte] of [
  ['characters that are not ASCII', 'ü'],
  ['bytes that are no UTF-8', '\xff'],
] as const) {
  test(`a form of ${what}, a MiB of them, takes little longer than its text`, async () => {
    const body = Buffer.concat([Buffer.from('a='), Buffer.alloc(1024 * 1024, byte, byte === 'ü' ? 'utf8' : 'latin1')])
    const pieces = async function* () {
      yield body
    }
    const text = await cpuOf(() => body.toString())
    const form = await cpuOf(() => readForm(URLENCODED, pieces(), { fieldSize: 2 ** 24 }))
    assert.ok(form < 8 * text + 10_000, `${form} µs, the text ${text} µs`)
  })
}

test('any multipart form is what fetch has sent', async () => {
  const names = ['a', 'a', '__proto__', 'x"y', 'ü', 'line\r\nend', '']
  for (let round = 0; round < 40; round += 1) {
    const sent = new FormData()
    for (let count = random.whole(0, 5); count > 0; count -= 1) {
      const content = random.one(['', 'x', 'ü€', '\ufeff', 'a\r\nb', 'y'.repeat(30_000)])
      if (random.chance(0.5)) sent.append(random.one(names), content)
      else {
        const type = random.one(['', 'text/plain', 'image/png'])
        sent.append(random.one(names), new File([content], random.one(['f.txt', 'ü "q".bin']), { type }))
      }
    }
    const response = new Response(sent)
    const contentType = response.headers.get('content-type')
    const received = await readForm(contentType, inPieces(new Uint8Array(await response.arrayBuffer()), random))
    // What is sent without a type is sent as bytes.
    const expected = JSON.stringify(await entriesOf(sent)).replaceAll('","",', '","application/octet-stream",')
    assert.is(JSON.stringify(await entriesOf(received)), expected)
  }
})

test('another type, or none, is 415', async () => {
  const types = [
    null,
    '',
    'text/plain',
    'application/json',
    `${URLENCODED}\tx`,
    `${URLENCODED}, a/b`,
    'multipart/mixed',
  ]
  for (const type of types) {
    const error = await errorOf(readForm(type, inPieces(Buffer.from('a=b'), random)))
    assert.is(error.status, 415, String(type))
  }
  const form = await readForm(`${URLENCODED}; charset=iso-8859-1`, inPieces(Buffer.from('a=%C3%BC'), random))
  assert.equal([...form], [['a', 'ü']])
})

test('a multipart form without a boundary, or that is malformed, is 400', async () => {
  for (const type of ['multipart/form-data', 'multipart/form-data; boundary=x']) {
    const error = await errorOf(readForm(type, inPieces(Buffer.from('a=b'), random)))
    assert.equal([error.status, error.code], [400, 'ERR_INVALID_FORM'])
  }
})

test('more than the limits allow is 413', async () => {
  const statusOf = async (body: string, limits?: FormLimits) => {
    try {
      await urlencoded(body, limits)
    } catch (error) {
      return (error as { status: number }).status
    }
    return 200
  }
  assert.is(await statusOf('a=1&b=2', { fields: 2 }), 200)
  assert.is(await statusOf('a=1&b=2&c=3', { fields: 2 }), 413)
  assert.is(await statusOf('&'.repeat(1000)), 413)
  assert.is(await statusOf('a=%C3%BC', { fieldSize: 2 }), 200)
  assert.is(await statusOf('a=%C3%BCb', { fieldSize: 2 }), 413)
  const body = multipartBody('x', [{ name: 'a', filename: 'f', content: 'abc' }])
  const error = await errorOf(readForm('multipart/form-data; boundary=x', inPieces(body, random), { fileSize: 2 }))
  assert.is(error.status, 413)
})

test('an error of the body itself goes through', async () => {
  const gone = new Error('gone')
  // biome-ignore lint/correctness/useYield: it fails at once.
  const failing = async function* () {
    throw gone
  }
  for (const type of [URLENCODED, 'multipart/form-data; boundary=x']) {
    assert.is(await errorOf(readForm(type, failing())), gone)
  }
})

test('without @fastify/busboy a multipart form is an error that says what to install', async () => {
  const dist = dirname(fileURLToPath(import.meta.resolve('#brink/form_data.js')))
  const elsewhere = mkdtempSync(join(tmpdir(), 'brink-without-peers-'))
  try {
    for (const room of readdirSync(dist, { withFileTypes: true })) {
      if (room.isDirectory() && room.name !== 'test' && room.name !== 'load') {
        cpSync(join(dist, room.name), join(elsewhere, room.name), { recursive: true })
      }
    }
    writeFileSync(join(elsewhere, 'package.json'), '{"type":"module"}')
    // Found before any that may lie further up, and empty.
    mkdirSync(join(elsewhere, 'node_modules', '@fastify', 'busboy'), { recursive: true })
    const { readForm: readThere } = (await import(pathToFileURL(join(elsewhere, 'forms', 'form_data.js')).href)) as {
      readForm: typeof readForm
    }
    const chunks = () => inPieces(Buffer.from('a=b'), random)
    const error = await errorOf(readThere('multipart/form-data; boundary=x', chunks()))
    assert.is(error.code, 'ERR_MISSING_PEER')
    assert.match(error.message, 'npm install @fastify/busboy')
    assert.equal([...(await readThere(URLENCODED, chunks()))], [['a', 'b']])
  } finally {
    rmSync(elsewhere, { recursive: true })
  }
})

test.run()
