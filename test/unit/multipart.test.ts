import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { FormLimits } from '#brink/forms/form_limits.js'
import { type Part, parts } from '#brink/forms/multipart.js'
import { Random } from '../peers/random.js'
import { turn } from '../server/waiting.js'
import { codeThrownBy } from './code_thrown_by.js'
import { errorOf } from './error_of.js'
import { type GivenPart, multipartBody } from './multipart_bodies.js'
import { gathered, inPieces, NEVER, WatchedSource } from './pieces.js'

const BOUNDARY = '----WebKitFormBoundaryAaB'
const random = new Random(3)

function read(
  chunks: AsyncIterable<Uint8Array>,
  limits: FormLimits = {},
  contentType = `multipart/form-data; boundary=${BOUNDARY}`,
): AsyncIterableIterator<Part> {
  return parts({ headers: new Headers({ 'content-type': contentType }), chunks: () => chunks }, limits)
}

/** The body in one piece. */
async function* whole(body: Uint8Array | string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(body as Uint8Array)
}

async function all(stream: AsyncIterable<Part>): Promise<GivenPart[]> {
  const given: GivenPart[] = []
  for await (const { name, filename, type, body } of stream) {
    const content = await gathered(body)
    given.push({ name, type, content, ...(filename === undefined ? {} : { filename }) })
  }
  return given
}

// Beginnings of delimiters, line ends and bytes of any kind.
const fragments = ['\r\n--', '\r', '\n', '--', BOUNDARY.slice(0, 9), '\r\n--------Web', 'x', 'ü', '\0', '\xff']

function content(size: number): Buffer {
  let text = ''
  while (text.length < size) text += random.one(fragments)
  return Buffer.from(text.slice(0, size), 'latin1')
}

function anyPart(): GivenPart {
  const file = random.chance(0.5) ? { filename: random.one(['a.txt', '', 'ü"\n.bin', '日本']) } : {}
  const name = random.one(['a', '', '__proto__', 'x"y\r\nz', 'constructor', 'ü%41'])
  const type = random.one(['text/plain', 'application/octet-stream', 'image/png; x=y'])
  return { name, ...file, type, content: content(random.one([0, 1, 5, 100, 3000, random.one([1, 40_000])])) }
}

test('parts come as they were sent, however they are cut', async () => {
  for (let round = 0; round < 80; round += 1) {
    const given = Array.from({ length: random.whole(0, 6) }, anyPart)
    const received = await all(read(inPieces(multipartBody(BOUNDARY, given), random)))
    assert.equal(received, given)
  }
})

test('what stands before the first part and behind the last is not looked at', async () => {
  const body = multipartBody(BOUNDARY, [{ name: 'a', type: 'text/plain', content: 'x' }])
  const padded = Buffer.concat([Buffer.from('before\r\n'), body, Buffer.from('behind'), content(100_000)])
  for (let round = 0; round < 10; round += 1) {
    const received = await all(read(inPieces(padded, random)))
    assert.equal(received, [{ name: 'a', type: 'text/plain', content: Buffer.from('x') }])
  }
})

test('parts that are not read, or not to their end, are skipped', async () => {
  for (let round = 0; round < 60; round += 1) {
    const given = Array.from({ length: 6 }, anyPart)
    const names: string[] = []
    for await (const part of read(inPieces(multipartBody(BOUNDARY, given), random))) {
      names.push(part.name)
      if (random.chance(0.3)) for await (const chunk of part.body) if (chunk.length > 0) break
    }
    assert.equal(
      names,
      given.map(({ name }) => name),
    )
  }
})

test('text and bytes of a part are gathered', async () => {
  const body = multipartBody(BOUNDARY, [
    { name: 'a', content: '\ufeffü' },
    { name: 'b', filename: 'b', type: 'application/json', content: '{}' },
  ])
  const seen: unknown[] = []
  for await (const part of read(inPieces(body, random))) {
    seen.push(part.type, part.filename === undefined ? await part.text() : await part.bytes())
  }
  assert.equal(seen, ['text/plain', '\ufeffü', 'application/json', Buffer.from('{}')])
})

test('a form that ends too early is 400, wherever it ends', async () => {
  const given: GivenPart[] = [
    { name: 'a', content: 'x' },
    { name: 'b', filename: 'b', type: 'text/plain', content: content(5000) },
  ]
  const body = multipartBody(BOUNDARY, given)
  const end = body.length - '--\r\n'.length
  for (let round = 0; round < 80; round += 1) {
    const cut = random.chance(0.5) ? random.whole(0, end) : random.whole(end - 60, end + 1)
    const error = await errorOf(all(read(inPieces(body.subarray(0, cut), random))))
    assert.equal([error.status, error.code], [400, 'ERR_INVALID_FORM'], String(cut))
  }
})

const malformed: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['no boundary', 'a=b&c=d'],
  ['another boundary', multipartBody('other', [{ name: 'a', content: 'x' }]).toString()],
  ['a part without a header', `--${BOUNDARY}\r\n\r\nx\r\n--${BOUNDARY}--\r\n`],
  ['a part that is only a boundary', `--${BOUNDARY}\r\n--${BOUNDARY}--\r\n`],
  ['a part without a name', `--${BOUNDARY}\r\nContent-Disposition: form-data\r\n\r\nx\r\n--${BOUNDARY}--\r\n`],
  ['a part of no form', `--${BOUNDARY}\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--${BOUNDARY}--\r\n`],
  ['a part without a disposition', `--${BOUNDARY}\r\nContent-Type: text/plain\r\n\r\nx\r\n--${BOUNDARY}--\r\n`],
  [
    'a part with two names',
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b\r\n\r\nx\r\n--${BOUNDARY}--\r\n`,
  ],
  ['bare line feeds', `--${BOUNDARY}\nContent-Disposition: form-data; name=a\n\nx\n--${BOUNDARY}--\n`],
]

for (const [what, body] of malformed) {
  test(`${what} is 400`, async () => {
    for (let round = 0; round < 20; round += 1) {
      const error = await errorOf(all(read(inPieces(Buffer.from(body), random))))
      assert.equal([error.status, error.code], [400, 'ERR_INVALID_FORM'])
    }
  })
}

/** The processor time in µs that reading takes, and the status that it ends with. */
async function costOf(body: Uint8Array, limits: FormLimits): Promise<{ cpu: number; status: number | undefined }> {
  const before = process.cpuUsage()
  const { status } = await errorOf(all(read(whole(body), limits)))
  const { user, system } = process.cpuUsage(before)
  return { cpu: user + system, status }
}

test('what follows the first thing that is wrong is not looked at', async () => {
  const delimiter = `--${BOUNDARY}\r\n`
  const part = `${delimiter}Content-Disposition: form-data; name="a"\r\n\r\nx\r\n`
  const cases = [
    { piece: delimiter, status: 400 },
    { piece: part, status: 413 },
  ]
  for (const { piece, status } of cases) {
    const few = Buffer.from(piece.repeat(12))
    const many = Buffer.alloc(1024 * 1024, piece)
    // What is loaded and compiled once is not counted.
    for (let round = 0; round < 5; round += 1) await costOf(few, { parts: 10 })
    const cost = await costOf(many, { parts: 10 })
    const cheap = await costOf(few, { parts: 10 })
    assert.is(cost.status, status)
    assert.ok(cost.cpu < 20 * cheap.cpu + 20_000, `${cost.cpu} µs, ${cheap.cpu} µs for twelve parts`)
  }
})

test('another type is 415, and no usable boundary 400', () => {
  const statusOf = (contentType: string) => {
    try {
      read(whole(''), {}, contentType)
    } catch (error) {
      return (error as { status: number }).status
    }
    return 200
  }
  for (const type of ['text/plain', 'multipart/mixed; boundary=a', 'multipart/form-data; boundary=a\tb', 'x']) {
    assert.is(statusOf(type), 415, type)
  }
  for (const boundary of [
    '',
    '; boundary=""',
    '; boundary="a "',
    `; boundary=${'a'.repeat(71)}`,
    '; boundary="a\\"b"',
  ]) {
    assert.is(statusOf(`multipart/form-data${boundary}`), 400, boundary)
  }
  assert.is(statusOf(`Multipart/Form-Data; charset=x; Boundary="${'a'.repeat(70)}"`), 200)
})

test('more than the limits allow is 413, also in parts that nobody reads', async () => {
  const file = (name: string, size = 10): GivenPart => ({ name, filename: 'f', content: Buffer.alloc(size) })
  const field = (name: string, size = 10): GivenPart => ({ name, content: Buffer.alloc(size) })
  const cases: [FormLimits, GivenPart[], boolean][] = [
    [{ fields: 2 }, [field('a'), field('b'), file('c')], true],
    [{ fields: 2 }, [field('a'), field('b'), field('c')], false],
    [{ files: 1 }, [field('a'), file('b'), field('c')], true],
    [{ files: 1 }, [file('a'), file('b')], false],
    [{ files: 0 }, [file('a')], false],
    [{ parts: 2 }, [field('a'), file('b')], true],
    [{ parts: 2 }, [field('a'), file('b'), file('c')], false],
    [{ fieldSize: 10 }, [field('a'), file('b', 100)], true],
    [{ fieldSize: 10 }, [field('a', 11)], false],
    [{ fileSize: 100_000 }, [file('a', 100_000), field('b')], true],
    [{ fileSize: 100_000 }, [file('a', 100_001)], false],
    [{ headerSize: 10 }, [field('a')], false],
    [{ headerSize: 'content-disposition: form-data; name="a"\r\n'.length }, [field('a')], true],
    [{ headerSize: 'content-disposition: form-data; name="a"\r\n'.length }, [field('ab')], false],
    [{}, Array.from({ length: 1001 }, (_, index) => field(String(index), 1)), false],
    [{}, Array.from({ length: 101 }, (_, index) => file(String(index), 1)), false],
  ]
  for (const [limits, given, fits] of cases) {
    const body = multipartBody(BOUNDARY, given)
    for (const skips of [false, true]) {
      const stream = read(random.chance(0.5) ? whole(body) : inPieces(body, random), limits)
      const reading = async () => {
        if (skips) for await (const part of stream) assert.type(part.name, 'string')
        else await all(stream)
      }
      if (fits) await reading()
      else {
        const { status } = await errorOf(reading())
        // Of a header that is far beyond it the name may have been cut off.
        assert.ok(status === 413 || limits.headerSize === 10, JSON.stringify(limits))
      }
    }
  }
})

test('a reader that waits holds the client back', async () => {
  const body = multipartBody(BOUNDARY, [{ name: 'a', filename: 'a', content: content(3_000_000) }])
  const size = 10_000
  const source = new WatchedSource((taken) =>
    taken * size < body.length ? body.subarray(taken * size, (taken + 1) * size) : undefined,
  )
  const stream = read(source)
  const { value } = await stream.next()
  const chunks = (value as Part).body[Symbol.asyncIterator]()
  for (let taken = 0; taken < 3; taken += 1) {
    await chunks.next()
    for (let turns = 0; turns < 20; turns += 1) await turn()
  }
  assert.ok(source.taken * size < 400_000, `${source.taken * size} bytes were taken`)
  await stream.return?.()
  assert.is(source.returned, 1)
})

test('many small parts in a row are not taken ahead of who reads them', async () => {
  const given = Array.from({ length: 900 }, (_, index) => ({ name: String(index), content: content(100) }))
  const body = multipartBody(BOUNDARY, given)
  const source = new WatchedSource((taken) =>
    taken * 1000 < body.length ? body.subarray(taken * 1000, (taken + 1) * 1000) : undefined,
  )
  const stream = read(source)
  await stream.next()
  for (let turns = 0; turns < 20; turns += 1) await turn()
  assert.ok(source.taken < 3, `${source.taken} thousand bytes were taken`)
  await stream.return?.()
})

test('who stops early lets go of the body, though it is quiet', async () => {
  const head = multipartBody(BOUNDARY, [{ name: 'a', filename: 'a', content: 'x'.repeat(100) }]).subarray(0, 200)
  const inBody = new WatchedSource<Uint8Array>((taken) => (taken === 0 ? head : NEVER))
  for await (const part of read(inBody)) {
    for await (const chunk of part.body) {
      assert.ok(chunk.length > 0)
      break
    }
    break
  }
  assert.is(inBody.returned, 1)
  const quiet = new WatchedSource<Uint8Array>(() => NEVER)
  const stream = read(quiet)
  const pending = stream.next()
  await turn()
  await stream.return?.()
  assert.is((await pending).done, true)
  assert.is(quiet.returned, 1)
})

test('an error of the body itself goes through, to whoever reads', async () => {
  const gone = Object.assign(new Error('gone'), { code: 'ERR_CLIENT_GONE' })
  const head = multipartBody(BOUNDARY, [{ name: 'a', filename: 'a', content: 'x'.repeat(100) }]).subarray(0, 200)
  const failing = () =>
    new WatchedSource<Uint8Array>(async (taken) => {
      if (taken === 1) throw gone
      return head
    })
  assert.is(await errorOf(all(read(failing()))), gone)
  const skipping = async () => {
    for await (const part of read(failing())) assert.is(part.name, 'a')
  }
  assert.is(await errorOf(skipping()), gone)
})

test('a part cannot be read twice, or after the next one was asked for', async () => {
  const body = multipartBody(BOUNDARY, [
    { name: 'a', content: content(200_000) },
    { name: 'b', content: 'y' },
  ])
  const stream = read(inPieces(body, random))
  const { value } = await stream.next()
  const chunks = (value as Part).body[Symbol.asyncIterator]()
  await chunks.next()
  assert.is(
    codeThrownBy(() => (value as Part).body[Symbol.asyncIterator]()),
    'ERR_BODY_USED',
  )
  assert.is(((await stream.next()).value as Part).name, 'b')
  assert.is((await errorOf(chunks.next())).code, 'ERR_PART_PASSED')
  await stream.return?.()
})

test('limits that cannot be are errors that say so', () => {
  for (const [limits, code] of [
    [null, 'ERR_INVALID_ARG_TYPE'],
    [{ fileSizes: 1 }, 'ERR_INVALID_ARG_VALUE'],
    [{ files: '1' }, 'ERR_INVALID_ARG_TYPE'],
    [{ fileSize: -1 }, 'ERR_OUT_OF_RANGE'],
    [{ fields: Number.POSITIVE_INFINITY }, 'ERR_OUT_OF_RANGE'],
  ] as const) {
    assert.is(
      codeThrownBy(() => read(whole(''), limits as never)),
      code,
    )
  }
})

test.run()
