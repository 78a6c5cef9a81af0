// Random operations on the light Response and its Headers, compared with the runtime's. The seed is in the name of a test.
import { serve } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'

const Native = Response
type Class = typeof Response

const NAMES = [
  'x-a',
  'X-A',
  'set-cookie',
  'Set-Cookie',
  'cookie',
  'content-type',
  'Content-Length',
  '__proto__',
  '',
  'a b',
  'é',
  'x\n',
]
const VALUES = ['1', '', ' a ', '\ta\r\n', 'a\nb', '\x01', '\x7f', 'é', '€', '\0', 'a, b', 1, null, {}]
const HEADERS: (() => unknown)[] = [
  () => undefined,
  () => ({}),
  () => [['a', 'b']],
  () => [
    ['set-cookie', 'a'],
    ['x', '1'],
    ['Set-Cookie', 'b'],
    ['X', '2'],
  ],
  () => [['a']],
  () => new Map([['x-m', '1']]),
  () => new Headers({ q: '1' }),
  // As pairs: undici loses a record's own `__proto__`.
  () => [
    ['__proto__', '1'],
    ['constructor', '2'],
  ],
  () => new URLSearchParams('a=1&b=2'),
  () => ({ 'a b': '1' }),
  () => ({ a: '\n' }),
  () => 'ab',
]
const STATUSES = [200, 201, 204, 205, 304, 404, 599, '202', 199, 600, 101]
const BODIES: (() => unknown)[] = [
  () => undefined,
  () => null,
  () => '',
  () => 'text',
  () => '{"a":1}',
  () => '\ud800x',
  () => '\ufeffbom',
  () => 1,
  () => ({}),
  () => new Uint8Array([1, 2, 255]),
  () => new Uint8Array([1, 2, 3, 4]).subarray(1, 3),
  () => new DataView(new ArrayBuffer(4), 1, 2),
  () => Buffer.from('buffer'),
  () => new URLSearchParams('a=1&b= '),
  () => new Blob(['abc'], { type: 'text/x' }),
  () => new Blob(['abc', 'd']).stream(),
  () => {
    const stream = new ReadableStream()
    stream.getReader()
    return stream
  },
]

/** What the operation gives as text, for both classes. */
type Operation = (response: Response, Class: Class) => unknown

const state = ({ status, statusText, ok, type, bodyUsed, body, headers }: Response) =>
  JSON.stringify([status, statusText, ok, type, bodyUsed, body === null, [...headers], headers.getSetCookie()])

function operations(pick: <T>(list: readonly T[]) => T): Record<string, () => Operation> {
  const field = (use: (headers: Headers, name: string, value: string) => unknown) => () => {
    const [name, value] = [pick(NAMES), pick(VALUES) as string]
    return ({ headers }: Response) => use(headers, name, value)
  }
  return {
    get: field((headers, name) => headers.get(name)),
    has: field((headers, name) => headers.has(name)),
    set: field((headers, name, value) => headers.set(name, value)),
    append: field((headers, name, value) => headers.append(name, value)),
    delete: field((headers, name) => headers.delete(name)),
    keys: () => (response) => [...response.headers.keys()].join(),
    values: () => (response) => [...response.headers.values()].join(),
    copy: () => (response) => [...new Headers(response.headers)].join(),
    text: () => (response) => response.text(),
    json: () => async (response) => JSON.stringify(await response.json()),
    bytes: () => async (response) => new Uint8Array(await response.arrayBuffer()).join(),
    size: () => async (response) => (await response.blob()).size,
    clone: () => async (response) => {
      const clone = response.clone()
      return state(clone) + (await clone.text())
    },
    body:
      () =>
      ({ body }) =>
        `${body} ${body?.locked}`,
    cancel: () => (response) => response.body?.cancel(),
    lock: () => (response) => String(response.body?.getReader() !== undefined),
    again: () => async (response, Class) => {
      const other = new Class(response.body, response)
      return state(other) + state(response)
    },
    native: () => async (response) => {
      const { status, headers } = response
      const other = new Native(response.body, { status, headers })
      return state(other) + (await other.text())
    },
  }
}

/** Numbers from 0 to below 1, the same for each seed. */
function randomBy(seed: number): () => number {
  let last = seed
  return () => {
    last = (Math.imul(last, 1103515245) + 12345) & 0x7fffffff
    return (last >>> 8) / 0x800000
  }
}

async function outcome(run: () => unknown): Promise<string> {
  try {
    return String(await run())
  } catch (error) {
    return `throws ${(error as Error).name}`
  }
}

async function script(seed: number, Class: Class): Promise<string[]> {
  const random = randomBy(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const init = { status: random() < 0.6 ? 200 : pick(STATUSES), headers: pick(HEADERS)() } as ResponseInit
  const body = pick(BODIES)() as ConstructorParameters<Class>[0]
  const all = operations(pick)
  const names = Object.keys(all)
  const lines: string[] = []
  let made: Response | undefined
  const first = await outcome(() => {
    made = new Class(body, init)
    return state(made)
  })
  // When more is wrong than one thing, either may be told.
  lines.push(first.replace(/^throws .*/, 'throws'))
  if (made === undefined) return lines
  const response: Response = made
  for (let step = 0; step < 6; step += 1) {
    const name = pick(names)
    const operation = (all[name] as () => Operation)()
    lines.push(`${name}: ${await outcome(() => operation(response, Class))}`, await outcome(() => state(response)))
  }
  return lines
}

test.before(async () => {
  const server = await serve({ fetch: () => new Response(), port: 0 })
  await server.close()
})

for (let seed = 1; seed <= 200; seed += 1) {
  test(`random operations on a Response, seed ${seed}, give what they give with the runtime's`, async () => {
    assert.is.not(Response, Native)
    assert.equal(await script(seed, Response), await script(seed, Native))
  })
}

test.run()
