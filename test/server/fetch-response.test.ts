// The Response that stands in for the runtime's: made, read and sent like that one.
import { Readable } from 'node:stream'
import { type Server, serve } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { within } from './waiting.js'

const Native = Response
const nativeFetch = fetch

let made: () => Response | Promise<Response> = () => new Response()
let server: Server
const logged: string[] = []
test.before(async () => {
  server = await serve({ fetch: () => made() }, { port: 0, log: (error) => logged.push(String(error)) })
})
test.after(async () => {
  await within(server.close({ force: 0 }), 'the server to close')
})

type Make = (Class: typeof Response) => Response

const bytes = new Uint8Array([1, 2, 255])
const form = () => {
  const filled = new FormData()
  filled.append('a', '1')
  return filled
}

const cases: Record<string, Make> = {
  nothing: (Class) => new Class(),
  null: (Class) => new Class(null),
  text: (Class) => new Class('text é'),
  'empty text': (Class) => new Class(''),
  'half a surrogate pair': (Class) => new Class('a\ud800b'),
  'a byte order mark': (Class) => new Class('\ufeffa'),
  'a number': (Class) => new Class(5 as never),
  'an object': (Class) => new Class({} as never),
  bytes: (Class) => new Class(bytes),
  'a buffer': (Class) => new Class(bytes.buffer),
  'a view': (Class) => new Class(new DataView(bytes.buffer, 1, 2)),
  'no bytes': (Class) => new Class(new Uint8Array()),
  'a Blob': (Class) => new Class(new Blob(['blob'], { type: 'text/x-a' })),
  'a Blob without a type': (Class) => new Class(new Blob(['blob'])),
  URLSearchParams: (Class) => new Class(new URLSearchParams({ a: 'ü' })),
  'a stream': (Class) => new Class(new Blob(['a', 'b']).stream() as never),
  "Node's stream as one of the web": (Class) => new Class(Readable.toWeb(Readable.from([Buffer.from('x')])) as never),
  'a status': (Class) => new Class('x', { status: 404 }),
  'a status as text': (Class) => new Class('x', { status: '201' as never }),
  'a status text': (Class) => new Class('x', { statusText: 'Fine' }),
  'status 204': (Class) => new Class(null, { status: 204 }),
  'status 304': (Class) => new Class(null, { status: 304, headers: { etag: '"a"' } }),
  'a record of headers': (Class) => new Class('x', { headers: { 'X-A': '1', 'x-b': ' spaced ' } }),
  'pairs of headers': (Class) =>
    new Class('x', {
      headers: [
        ['x-a', '1'],
        ['X-A', '2'],
        ['set-cookie', 'a'],
        ['set-cookie', 'b'],
      ],
    }),
  'a Headers': (Class) => new Class('x', { headers: new Headers({ 'x-a': '1', 'content-type': 'text/x-a' }) }),
  'a Map of headers': (Class) => new Class('x', { headers: new Map([['x-a', '1']]) as never }),
  'a content type': (Class) => new Class('x', { headers: { 'Content-Type': 'text/html' } }),
  'a number as a header': (Class) => new Class('x', { headers: { 'x-a': 1 as never } }),
  'another Response as init': (Class) => new Class('y', new Class('x', { status: 201, headers: { 'x-a': '1' } })),
  'null and another Response': (Class) => new Class(null, new Class('x', { headers: { 'x-a': '1' } })),
  'the body of another': (Class) => new Class(new Class('x').body, new Class('x')),
  JSON: (Class) => Class.json({ a: [1] }),
  'JSON with headers': (Class) => Class.json({ a: 1 }, { status: 201, headers: { 'content-type': 'application/x-a' } }),
  'a redirection': (Class) => Class.redirect('http://a.example/ü', 307),
  'a redirection whose status is text': (Class) => Class.redirect('http://a.example/', '307' as never),
  'names of headers that are no text': (Class) => {
    const response = new Class('x')
    response.headers.set(1 as never, 'x')
    response.headers.append(null as never, 'y')
    response.headers.set('seen', [1, null, undefined].map((name) => response.headers.get(name as never)).join())
    response.headers.delete(1 as never)
    return response
  },
  'headers that were changed': (Class) => {
    const response = new Class('x', { headers: { 'x-a': '1', 'x-b': '2' } })
    response.headers.set('x-a', '3')
    response.headers.append('x-a', '4')
    response.headers.delete('x-b')
    response.headers.append('set-cookie', 'a=1')
    response.headers.append('set-cookie', 'b=2')
    return response
  },
  'a content type that was deleted': (Class) => {
    const response = new Class('x')
    response.headers.delete('content-type')
    return response
  },
  'a clone': (Class) => new Class('x', { status: 201, headers: { 'x-a': '1' } }).clone(),
  'the clone of a stream': (Class) => new Class(new Blob(['ab']).stream() as never).clone(),
  'the original of a clone': (Class) => {
    const response = new Class(new Blob(['ab']).stream() as never)
    response.clone()
    return response
  },
  'one whose body was looked at': (Class) => {
    const response = new Class('x')
    assert.ok(response.body instanceof ReadableStream)
    return response
  },
}

async function piecesOf(body: ReadableStream<Uint8Array> | null): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = []
  for await (const piece of body ?? []) pieces.push(piece)
  return pieces
}

async function read(response: Response): Promise<object> {
  const { status, statusText, ok, type, url, redirected, headers, bodyUsed } = response
  const hasBody = response.body !== null
  return {
    ...{ status, statusText, ok, type, url, redirected, bodyUsed, hasBody },
    headers: [...headers],
    cookies: headers.getSetCookie(),
    text: await response.clone().text(),
    bytes: [...new Uint8Array(await response.clone().arrayBuffer())],
    blob: await response
      .clone()
      .blob()
      .then(({ size, type: kind }) => [size, kind]),
    json: await response
      .clone()
      .json()
      .catch(({ name }) => name),
    streamed: Buffer.concat(await piecesOf(response.clone().body)).toString('latin1'),
    used: [(await response.text()).length, response.bodyUsed, await response.text().catch(({ name }) => name)].slice(
      hasBody ? 0 : 3,
    ),
  }
}

async function sent(response: Response): Promise<object> {
  const { status, headers } = response
  const others = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding', 'content-length'])
  return {
    status,
    headers: [...headers].filter(([name]) => !others.has(name)),
    body: Buffer.from(await response.arrayBuffer()).toString('latin1'),
  }
}

for (const [what, make] of Object.entries(cases)) {
  test(`a Response of ${what} reads like the runtime's`, async () => {
    const Own = Response
    assert.is.not(Own, Native)
    assert.equal(await read(make(Own)), await read(make(Native)))
  })

  test(`a Response of ${what} is sent as the runtime's is`, async () => {
    made = () => make(Response)
    const own = await sent(await nativeFetch(server.url, { redirect: 'manual' }))
    made = () => make(Native)
    assert.equal(own, await sent(await nativeFetch(server.url, { redirect: 'manual' })))
  })
}

const wrong: Record<string, Make> = {
  'a status of 199': (Class) => new Class('x', { status: 199 }),
  'a status of 600': (Class) => new Class('x', { status: 600 }),
  'a status that is no number': (Class) => new Class('x', { status: 'x' as never }),
  'a body with the status 204': (Class) => new Class('', { status: 204 }),
  'a body with the status 304': (Class) => new Class('x', { status: 304 }),
  'JSON with the status 205': (Class) => Class.json({}, { status: 205 }),
  'a line break in a status text': (Class) => new Class('x', { statusText: 'a\nb' }),
  'a header with a space in its name': (Class) => new Class('x', { headers: { 'x a': '1' } }),
  'a header with a line break in its value': (Class) => new Class('x', { headers: { 'x-a': 'a\r\nb' } }),
  'a header that is no byte': (Class) => new Class('x', { headers: { 'x-a': '€' } }),
  'a list that has no pairs': (Class) => new Class('x', { headers: [['x-a']] as never }),
  'a pair that is text': (Class) => new Class('x', { headers: ['ab'] as never }),
  'a symbol for a body': (Class) => new Class(Symbol('x') as never),
  'a header whose value is a symbol': (Class) => new Class('x', { headers: [['a', Symbol('x')]] as never }),
  'a header whose name is a symbol': (Class) => {
    new Class().headers.set(Symbol('x') as never, '1')
    return new Class()
  },
  'a number for init': (Class) => new Class('x', 5 as never),
  'JSON of undefined': (Class) => Class.json(undefined),
  'a relative redirection': (Class) => Class.redirect('/x', 302),
  'a redirection with the status 200': (Class) => Class.redirect('http://a.example/', 200 as never),
  'a stream that is locked': (Class) => {
    const stream = new Blob(['x']).stream()
    stream.getReader()
    return new Class(stream as never)
  },
  'the body of one that was read': (Class) => {
    const response = new Class('x')
    const { body } = response
    void response.text()
    return new Class(body)
  },
  'the clone of one that was read': (Class) => {
    const response = new Class('x')
    void response.text()
    return response.clone()
  },
  'a name that cannot be asked for': (Class) => {
    new Class().headers.get('a b')
    return new Class()
  },
}

for (const [what, make] of Object.entries(wrong)) {
  test(`a Response refuses ${what}, with the runtime's kind of error`, () => {
    const nameOf = (Class: typeof Response) => {
      try {
        make(Class)
      } catch (error) {
        return (error as Error).name
      }
      return 'none'
    }
    assert.is.not(nameOf(Native), 'none')
    assert.is(nameOf(Response), nameOf(Native))
  })
}

test('a form is sent as multipart/form-data, and is read back', async () => {
  made = () => new Response(form())
  const response = await nativeFetch(server.url)
  assert.equal([...(await response.formData())], [['a', '1']])
  assert.equal([...(await new Response(form()).formData())], [['a', '1']])
  assert.equal([...(await new Response(new URLSearchParams({ b: '2' })).formData())], [['b', '2']])
})

test('bytes that are changed behind new Response() are sent as they were', async () => {
  made = () => {
    const mine = new Uint8Array([1])
    const response = new Response(mine)
    mine[0] = 2
    return response
  }
  assert.equal([...new Uint8Array(await (await nativeFetch(server.url)).arrayBuffer())], [1])
})

test('Responses of both classes are instanceof both', () => {
  const own = new Response('x')
  const native = new Native('x')
  assert.ok(own instanceof Response && own instanceof Native)
  assert.ok(native instanceof Response && native instanceof Native)
  class Mine extends Response {}
  assert.ok(new Mine('x') instanceof Mine && new Mine('x') instanceof Response)
  assert.not.ok(own instanceof Mine)
  assert.not.ok(native instanceof Mine)
  assert.not.ok({} instanceof Response)
  assert.is(Response.name, 'Response')
  assert.is(Object.prototype.toString.call(own), '[object Response]')
  assert.ok(own.headers instanceof Headers)
  assert.equal([...new Headers(own.headers)], [['content-type', 'text/plain;charset=UTF-8']])
})

test("everything that the runtime's Response and Headers have is of brink's own", () => {
  const inherited = (own: object, native: object) =>
    Object.getOwnPropertyNames(native).filter((name) => name !== 'constructor' && !Object.hasOwn(own, name))
  assert.equal(inherited(Response.prototype, Native.prototype), [])
  assert.equal(inherited(Object.getPrototypeOf(new Response().headers), Headers.prototype), [])
})

test('the body of a Response is a stream in all that is done with one', async () => {
  const of = (text: string) => new Response(text).body as ReadableStream<Uint8Array>
  const textOf = async (stream: AsyncIterable<Uint8Array>) => {
    let text = ''
    for await (const piece of stream) text += Buffer.from(piece)
    return text
  }
  assert.is(await textOf(Readable.fromWeb(of('Readable') as never)), 'Readable')
  assert.is(await textOf(of('through').pipeThrough(new TransformStream())), 'through')
  const [one, other] = of('tee').tee()
  assert.equal(await Promise.all([textOf(one), textOf(other)]), ['tee', 'tee'])
  let written = ''
  const into = new WritableStream<Uint8Array>({
    write(piece) {
      written += Buffer.from(piece)
    },
  })
  await of('pipeTo').pipeTo(into)
  assert.is(written, 'pipeTo')
  assert.is(await new Native(of('native')).text(), 'native')
  const reader = of('bytes').getReader({ mode: 'byob' })
  assert.is(String(Buffer.from((await reader.read(new Uint8Array(9))).value ?? [])), 'bytes')
  const body = of('state')
  assert.equal([body instanceof ReadableStream, body.locked], [true, false])
  const held = body.getReader()
  assert.ok(body.locked)
  held.releaseLock()
  assert.not.ok(body.locked)
  await body.cancel()
  assert.is(await textOf(body), '')
})

test('a Response of text can be sent again, and one that was read is 500', async () => {
  const kept = new Response('x')
  made = () => kept
  for (const _ of [1, 2]) assert.is(await (await nativeFetch(server.url)).text(), 'x')
  made = async () => {
    const response = new Response('x')
    await response.text()
    return response
  }
  assert.is((await nativeFetch(server.url)).status, 500)
  assert.match(logged.splice(0).join(), /was sent or read before/)
})

test.run()
