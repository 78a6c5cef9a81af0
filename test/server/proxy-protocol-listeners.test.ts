// The PROXY protocol: listeners that have it, beside others.
import { join } from 'node:path'
import type { ListenOptions, ServeOptions } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fileTree } from '../file_tree.js'
import { get } from './messages.js'
import { HEADER } from './proxy_headers.js'
import { app } from './proxy_protocol_app.js'
import { connect } from './raw_client.js'
import { serving } from './serving.js'
import { until } from './waiting.js'

const ONLY_WITH = 'true false'
const ONLY_WITHOUT = 'false true'
const WITH_OR_WITHOUT = 'true true'
const port = { port: 0, host: '127.0.0.1' }

/** Whether a listener takes a header, and whether it needs one. */
async function headersAt(place: { port: number; path?: string | undefined } | undefined): Promise<string> {
  const answers = async (...parts: (string | Buffer)[]) => {
    const client = await connect(place as { port: number })
    client.send(...parts)
    await until(() => client.ending !== undefined || client.arrived.length > 0, 'an answer, or the end')
    const isAnswered = client.arrived.toString('latin1').startsWith('HTTP/1.1 200')
    client.leave()
    return isAnswered
  }
  return `${await answers(HEADER, get('/'))} ${await answers(get('/'))}`
}

/** What each listener is expected to take, in their order. */
async function expectHeaders(options: ServeOptions, expected: string[]): Promise<void> {
  await serving(
    app,
    async (server) => {
      const found: string[] = []
      for (const listener of server.listeners) found.push(await headersAt(listener))
      assert.equal(found, expected)
    },
    { port: undefined, ...options },
  )
}

const listeners: [what: string, options: ServeOptions, expected: string[]][] = [
  [
    'one with it, and one without',
    { listen: [{ ...port, proxyProtocol: 'require' }, port] },
    [ONLY_WITH, ONLY_WITHOUT],
  ],
  ['the last has it', { listen: [port, { ...port, proxyProtocol: 'require' }] }, [ONLY_WITHOUT, ONLY_WITH]],
  [
    "the server's counts where a listener does not say otherwise",
    {
      proxyProtocol: 'require',
      trustProxy: 'loopback',
      listen: [port, { ...port, proxyProtocol: false }, { ...port, proxyProtocol: 'accept' }],
    },
    [ONLY_WITH, ONLY_WITHOUT, WITH_OR_WITHOUT],
  ],
  [
    'accept for one of them',
    { trustProxy: 'loopback', listen: [port, { ...port, proxyProtocol: 'accept' }] },
    [ONLY_WITHOUT, WITH_OR_WITHOUT],
  ],
]

for (const [what, options, expected] of listeners) {
  test(`listeners: ${what}`, () => expectHeaders(options, expected))
}

const posix = process.platform === 'win32' ? test.skip : test

posix('listeners: a port with it beside a path without, and the other way round', async () => {
  for (const expected of [
    [ONLY_WITH, ONLY_WITHOUT],
    [ONLY_WITHOUT, ONLY_WITH],
  ]) {
    const [atPort, atPath] = expected.map((each) => (each === ONLY_WITH ? 'require' : false))
    const path = join(fileTree({}), 'app.sock')
    const listen: ListenOptions[] = [
      { ...port, proxyProtocol: atPort },
      { path, proxyProtocol: atPath },
    ]
    await expectHeaders({ listen }, expected)
  }
})

test.run()
