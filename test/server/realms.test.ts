// Values of other realms, as vm contexts and jest have them, are what they are; and nothing is sent as `{}` that is not.
import { createContext, runInContext, runInThisContext } from 'node:vm'
import { Router, reply } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get } from './messages.js'
import { ask } from './raw_client.js'
import { serving } from './serving.js'

const realm = createContext({ Response, Headers, URLSearchParams })
const foreign = (code: string): unknown => runInContext(`(${code})`, realm)
const own = (code: string): unknown => runInThisContext(`(${code})`)

const JSON_TYPE = 'application/json'
const BYTES = 'application/octet-stream'
const failed = '500 text/plain; charset=utf-8 Internal Server Error'

const values: [code: string, expected: string, complaint?: RegExp][] = [
  ['"text"', '200 text/plain; charset=utf-8 text'],
  ['{}', `200 ${JSON_TYPE} {}`],
  ['[]', `200 ${JSON_TYPE} []`],
  ['Object.create(null)', `200 ${JSON_TYPE} {}`],
  ['{ a: undefined, b: [undefined] }', `200 ${JSON_TYPE} {"b":[null]}`],
  ['new Date(0)', `200 ${JSON_TYPE} "1970-01-01T00:00:00.000Z"`],
  ['new Uint8Array([97, 98]).buffer', `200 ${BYTES} ab`],
  ['new Uint8Array([97, 98])', `200 ${BYTES} ab`],
  ['new DataView(new Uint8Array([97, 98]).buffer)', `200 ${BYTES} ab`],
  ['Promise.resolve("later")', '200 text/plain; charset=utf-8 later'],
  ['Promise.resolve(new Uint8Array([97]))', `200 ${BYTES} a`],
  ['(function* () { yield "a"; yield "b" })()', `200 ${BYTES} ab`],
  ['(async function* () { yield "a"; yield "b" })()', `200 ${BYTES} ab`],
  ['new Response("a", { status: 201, headers: { "content-type": "x/y" } })', '201 x/y a'],
  ['new Number(7)', `200 ${JSON_TYPE} 7`],
  ['new (class { a = 1; #b = 2 })()', `200 ${JSON_TYPE} {"a":1}`],
  ['new (class { #b = 2; toJSON() { return { b: this.#b } } })()', `200 ${JSON_TYPE} {"b":2}`],
  ['new (class { #b = 2 })()', failed, /JSON keeps nothing/],
  ['new Map([["a", 1]])', failed, /a Map, and JSON/],
  ['new Set(["a"])', failed, /a Set, and JSON/],
  ['new WeakMap()', failed, /a WeakMap, and JSON/],
  ['/a/', failed, /a RegExp, and JSON/],
  ['new Headers({ a: "b" })', failed, /a Headers, and JSON/],
  ['new URLSearchParams("a=b")', failed, /an? URLSearchParams, and JSON/],
  ['new Error("mine")', failed, /mine/],
  ['Object.assign(new TypeError("mine"), { code: "A" })', failed, /mine/],
  ['Promise.reject(new Error("mine"))', failed, /mine/],
  ['7n', failed, /bigint/],
  ['{ a: 7n }', failed, /BigInt/],
]

for (const [whose, value] of [
  ['its own realm', own],
  ['another realm', foreign],
] as const) {
  for (const [code, expected, complaint] of values) {
    test(`${code} of ${whose} is answered with ${expected}`, async () => {
      const logged: string[] = []
      const app = new Router()
        .get('/', () => value(code) as object)
        .mount(
          '/async',
          new Router().get('/', async () => value(code) as object),
        )
        .mount(
          '/around',
          new Router().use((_, next) => next()).get('/', () => value(code) as object),
        )
      await serving(
        app,
        async (server) => {
          for (const target of ['/', '/async', '/around']) {
            const answer = await ask(server, get(target))
            assert.is(`${answer.status} ${answer.header('content-type')} ${answer.text}`, expected, target)
          }
        },
        { log: (error) => logged.push(String(error)) },
      )
      assert.is(logged.length, complaint === undefined ? 0 : 3, String(logged))
      if (complaint !== undefined) for (const line of logged) assert.match(line, complaint)
    })
  }
}

test('an error as a body is an error, unless it says its JSON', async () => {
  const logged: string[] = []
  const app = new Router()
    .get('/', () => reply(400, Object.assign(new Error('mine'), { code: 'A' })))
    .get('/json', () => reply(400, Object.assign(new Error('mine'), { toJSON: () => ({ a: 1 }) })))
  await serving(
    app,
    async (server) => {
      assert.is((await ask(server, get())).status, 500)
      const { status, text } = await ask(server, get('/json'))
      assert.equal([status, text], [400, '{"a":1}'])
    },
    { log: (error) => logged.push(String(error)) },
  )
  assert.equal(logged.length, 1)
  assert.match(logged[0] as string, /an Error, and JSON/)
})

test.run()
