// The PROXY protocol for one of the listeners whose sockets are handed to workers.
import type { ServeOptions } from 'brink'
import { type WorkerStartError, workers } from 'brink/workers'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get } from '../server/messages.js'
import { HEADER } from '../server/proxy_headers.js'
import { ask, leaveAll } from '../server/raw_client.js'

const APP = new URL('./apps/told.js', import.meta.url)
const PORT = { port: 0, host: '127.0.0.1' }
const REQUIRED = { ...PORT, proxyProtocol: 'require' } as const
const NONE = { port: 0 }
type Listen = NonNullable<ServeOptions['listen']>

const started = (listen: Listen, own: ServeOptions) =>
  workers(APP, { listen, count: 2, args: [JSON.stringify(own)], signals: false })

test.after(leaveAll)

const cases: [what: string, listen: Listen, own: ServeOptions][] = [
  ['the supervisor says it', [REQUIRED, PORT], {}],
  ['the app says it, in the same order', [PORT, PORT], { listen: [REQUIRED, PORT] }],
  [
    'the app says it for the server, and the supervisor not for one',
    [PORT, { ...PORT, proxyProtocol: false }],
    {
      proxyProtocol: 'require',
    },
  ],
  ['the supervisor counts before the app', [REQUIRED, { ...PORT, proxyProtocol: false }], { listen: [PORT, REQUIRED] }],
]

for (const [what, listen, own] of cases) {
  test(`the first of two listeners has it: ${what}`, async () => {
    const supervisor = await started(listen, own)
    try {
      const [first = NONE, second = NONE] = supervisor.listeners
      for (let n = 0; n < 4; n += 1) {
        assert.is((await ask(first, Buffer.concat([HEADER, Buffer.from(get())]))).text, '192.0.2.1')
        assert.is((await ask(second, get())).text, '127.0.0.1')
      }
      assert.is((await ask(second, `PROXY UNKNOWN\r\n${get()}`)).status, 400)
    } finally {
      await supervisor.close({ force: 0 })
    }
  })
}

const refused: [what: string, listen: Listen, own: ServeOptions, message: RegExp][] = [
  [
    'the app says it for one of other listeners',
    [PORT, PORT],
    { listen: [REQUIRED] },
    /^The option "listen\[0\]\.proxyProtocol" must be given to the listener of workers\(\), which has another number of listeners: 2, not 1\.$/,
  ],
  [
    'a socket would accept headers of everybody',
    [{ ...PORT, proxyProtocol: 'accept' }],
    {},
    /^The option "proxyProtocol" must not be 'accept' for everybody/,
  ],
]

for (const [what, listen, own, message] of refused) {
  test(`workers do not start when ${what}`, async () => {
    let error: WorkerStartError | undefined
    try {
      await (await started(listen, own)).close()
    } catch (thrown) {
      error = thrown as WorkerStartError
    }
    assert.is(error?.code, 'ERR_WORKER_START')
    assert.match((error?.cause as Error | undefined)?.message ?? '', message)
  })
}

test.run()
