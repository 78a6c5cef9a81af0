// Where a server listens, and what it says when it cannot.
import { spawnSync } from 'node:child_process'
import { networkInterfaces } from 'node:os'
import { type ServeOptions, type Server, serve } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { servesWithFewDescriptors } from './few_descriptors.js'
import { get } from './messages.js'
import { ask, connect } from './raw_client.js'
import { SCHEME } from './scheme.js'
import { serving } from './serving.js'

const hello = () => 'hello'
const who = ({ ip }: { ip: string }) => ip

const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'))
const ipv6 = hasIpv6 ? test : test.skip

/** The error that a promise is rejected with. */
async function errorOf(
  promise: Promise<unknown>,
): Promise<NodeJS.ErrnoException & { address?: string; port?: number }> {
  try {
    await promise
  } catch (error) {
    return error as NodeJS.ErrnoException
  }
  throw new Error('nothing was thrown')
}

test('port 0 takes a free one, and url and port say which', () =>
  serving(hello, async (server) => {
    assert.ok(server.port > 0 && server.port < 65536)
    assert.is(server.url, `${SCHEME}://127.0.0.1:${server.port}`)
    assert.is(await (await fetch(server.url)).text(), 'hello')
    assert.type(server.backend, 'string')
  }))

ipv6('localhost answers on IPv4 and on IPv6', async () => {
  for (const options of [{}, { host: 'localhost' }, { host: 'LOCALHOST' }]) {
    await serving(
      who,
      async (server) => {
        assert.is((await ask(server, get(), '127.0.0.1')).text, '127.0.0.1')
        assert.is((await ask(server, get(), '::1')).text, '::1')
      },
      options,
    )
  }
})

ipv6('::1 answers on IPv6 alone', () =>
  serving(
    who,
    async (server) => {
      assert.is(server.url, `${SCHEME}://[::1]:${server.port}`)
      assert.is((await ask(server, get(), '::1')).text, '::1')
      assert.is((await errorOf(connect(server, '127.0.0.1'))).code, 'ECONNREFUSED')
    },
    { host: '::1' },
  ),
)

ipv6('an IPv6 address may stand in brackets', () =>
  serving(
    who,
    async (server) => {
      assert.is(server.url, `${SCHEME}://[::1]:${server.port}`)
      assert.is((await ask(server, get(), '::1')).text, '::1')
    },
    { host: '[::1]' },
  ),
)

test('the port may be a string of digits, as the environment has it', async () => {
  const { port } = await serve(hello, { port: '0' }).then(async (server) => {
    await server.close()
    return server
  })
  await serving(
    hello,
    async (server) => {
      assert.is(server.port, port)
      assert.is((await ask(server, get())).text, 'hello')
    },
    { port: `0${port}` },
  )
})

ipv6(':: answers on both, and tells who asks', () =>
  serving(
    who,
    async (server) => {
      assert.is(server.url, `${SCHEME}://[::1]:${server.port}`)
      assert.is((await ask(server, get(), '::1')).text, '::1')
      assert.is((await ask(server, get(), '127.0.0.1')).text, '127.0.0.1')
    },
    { host: '::' },
  ),
)

test('127.0.0.1 answers there alone', () =>
  serving(
    who,
    async (server) => {
      assert.is((await ask(server, get())).text, '127.0.0.1')
      assert.is((await errorOf(connect(server, '127.0.0.2'))).code, 'ECONNREFUSED')
    },
    { host: '127.0.0.1' },
  ))

test('0.0.0.0 answers on every IPv4 address, and its url is one to go to', () =>
  serving(
    who,
    async (server) => {
      assert.is(server.url, `${SCHEME}://127.0.0.1:${server.port}`)
      assert.is((await ask(server, get(), '127.0.0.2')).text, '127.0.0.1')
    },
    { host: '0.0.0.0' },
  ))

test('a port that is taken is an error that says what, and where', () =>
  serving(
    hello,
    async ({ port }) => {
      const error = await errorOf(serve(hello, { port, host: '127.0.0.1' }))
      const { code, errno, syscall, address, message } = error
      assert.equal(
        { code, syscall, address, port: error.port },
        { code: 'EADDRINUSE', syscall: 'listen', address: '127.0.0.1', port },
      )
      assert.ok(error instanceof Error && Number(errno) < 0)
      assert.is(message, `listen EADDRINUSE: address already in use 127.0.0.1:${port}`)
    },
    { host: '127.0.0.1' },
  ))

test('a port that is taken at one of the addresses of localhost is an error', () =>
  serving(
    hello,
    async ({ port }) => {
      assert.is((await errorOf(serve(hello, { port }))).code, 'EADDRINUSE')
      assert.is((await ask({ port }, get())).text, 'hello', 'the first server goes on')
    },
    { host: '127.0.0.1' },
  ))

test('a port can be taken again as soon as its server is closed', async () => {
  const first = await serve(hello, { port: 0, host: '127.0.0.1' })
  const { port } = first
  await ask(first, get())
  await first.close()
  const second = await serve(hello, { port, host: '127.0.0.1' })
  assert.is((await ask(second, get())).text, 'hello')
  await second.close({ force: 0 })
})

test('with reusePort, two servers share a port and both are asked', async () => {
  const counts = [0, 0]
  const counted = (index: number) => () => {
    counts[index] = (counts[index] as number) + 1
  }
  await serving(
    counted(0),
    async ({ port }) => {
      const shared: Server = await serve(counted(1), { port, reusePort: true })
      // The kernel chooses by the client's port: both are chosen sooner or later.
      for (let asked = 0; asked < 1000 && counts.includes(0); asked += 1) await ask({ port }, get())
      assert.not.ok(counts.includes(0), String(counts))
      await shared.close({ force: 0 })
      assert.is((await ask({ port }, get())).status, 204, 'the other one goes on')
    },
    { reusePort: true },
  )
})

test('without reusePort on both sides, a port is not shared', async () => {
  const given: [boolean, boolean][] = [
    [true, false],
    [false, true],
  ]
  for (const [first, second] of given) {
    await serving(
      hello,
      async ({ port }) => {
        assert.is((await errorOf(serve(hello, { port, reusePort: second }))).code, 'EADDRINUSE')
      },
      { reusePort: first },
    )
  }
})

/** Listens at a port that others may share, if the system lets it, and says so. */
const SHARER = `
import errno, socket, sys
for host, family in (('127.0.0.1', socket.AF_INET), ('::1', socket.AF_INET6)):
    try:
        sharer = socket.socket(family, socket.SOCK_STREAM)
        sharer.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sharer.bind((host, int(sys.argv[1])))
        sharer.listen()
        print(host, 'is shared')
    except OSError as error:
        print(host, errno.errorcode[error.errno])
`
const isIn = (command: string) => spawnSync(command, ['--version']).error === undefined
const foreign = process.platform !== 'win32' && (isIn('python3') || process.env.CI === 'true') ? ipv6 : test.skip

foreign('without reusePort, a program that would share the port of several threads is refused', () =>
  serving(
    hello,
    async ({ port }) => {
      // It shares what can be shared.
      const reusing = await serve(hello, { port: 0, threads: 2, reusePort: true })
      const other = spawnSync('python3', ['-c', SHARER, `${reusing.port}`], { encoding: 'utf8' })
      assert.equal(other.stdout.trim().split('\n'), ['127.0.0.1 is shared', '::1 is shared'], other.stderr)
      await reusing.close({ force: 0 })

      const { stdout } = spawnSync('python3', ['-c', SHARER, `${port}`], { encoding: 'utf8' })
      assert.equal(stdout.trim().split('\n'), ['127.0.0.1 EADDRINUSE', '::1 EADDRINUSE'])
    },
    { threads: 2 },
  ),
)

for (const reusePort of [false, true]) {
  test(`connections are spread over threads${reusePort ? ' that share the port with others' : ''}`, () =>
    serving(
      hello,
      async (server) => {
        for (let asked = 0; asked < 120; asked += 1) await ask(server, get())
        const { reactors } = server as unknown as { reactors: { stats(): { accepted: number } }[] }
        const accepted = reactors.map((reactor) => reactor.stats().accepted)
        assert.is(accepted.length, 3)
        // How evenly is up to the system, and to what else it does.
        assert.ok(accepted.filter((count) => count > 0).length > 1, accepted.join(' '))
      },
      { threads: 3, reusePort },
    ))
}

test('a port of several threads is free as soon as their server is closed', async () => {
  for (let round = 0; round < 5; round += 1) {
    const first = await serve(hello, { port: 0, threads: 3 })
    const clients = await Promise.all(Array.from({ length: 12 }, () => connect(first)))
    await Promise.all(clients.map((client) => client.send(get()).response()))
    await first.close()
    const second = await serve(hello, { port: first.port, threads: 3 })
    assert.is((await ask(second, get())).text, 'hello')
    await second.close({ force: 0 })
  }
})

const nowhere: [string, RegExp][] = [
  ['192.0.2.1', /^EADDRNOTAVAIL$/],
  ['2001:db8::1', /^(EADDRNOTAVAIL|EAFNOSUPPORT)$/],
  ['no such host', /^(ENOTFOUND|EAI_AGAIN|EAI_FAIL)$/],
  ['256.0.0.1', /^(ENOTFOUND|EAI_AGAIN|EAI_FAIL)$/],
]
for (const [host, code] of nowhere) {
  test(`the host ${host} is an error with a code and a syscall`, async () => {
    const error = await errorOf(serve(hello, { port: 0, host }))
    assert.match(error.code ?? '', code)
    assert.type(error.syscall, 'string')
    assert.ok(error.message.includes(host) || error.message.includes('getaddrinfo'), error.message)
  })
}

const wrong: [string, unknown, string][] = [
  ['port', -1, 'ERR_OUT_OF_RANGE'],
  ['port', 65536, 'ERR_OUT_OF_RANGE'],
  ['port', 1.5, 'ERR_OUT_OF_RANGE'],
  ['port', Number.NaN, 'ERR_OUT_OF_RANGE'],
  ['port', '65536', 'ERR_OUT_OF_RANGE'],
  ['port', '', 'ERR_INVALID_ARG_VALUE'],
  ['port', ' 80', 'ERR_INVALID_ARG_VALUE'],
  ['port', '-1', 'ERR_INVALID_ARG_VALUE'],
  ['port', '80.0', 'ERR_INVALID_ARG_VALUE'],
  ['port', '0x50', 'ERR_INVALID_ARG_VALUE'],
  ['port', '1e3', 'ERR_INVALID_ARG_VALUE'],
  ['port', '/run/app.sock', 'ERR_INVALID_ARG_VALUE'],
  ['port', true, 'ERR_INVALID_ARG_TYPE'],
  ['port', null, 'ERR_INVALID_ARG_TYPE'],
  ['host', 1, 'ERR_INVALID_ARG_TYPE'],
  ['host', '', 'ERR_INVALID_ARG_VALUE'],
  ['host', '[]', 'ERR_INVALID_ARG_VALUE'],
  ['host', '[127.0.0.1]', 'ERR_INVALID_ARG_VALUE'],
  ['host', '[::1]:8080', 'ERR_INVALID_ARG_VALUE'],
  ['host', 'localhost:8080', 'ERR_INVALID_ARG_VALUE'],
  ['host', 'http://localhost', 'ERR_INVALID_ARG_VALUE'],
  ['backend', 'iocp', 'ERR_INVALID_ARG_VALUE'],
  ['backend', 7, 'ERR_INVALID_ARG_TYPE'],
  ['reusePort', 'yes', 'ERR_INVALID_ARG_TYPE'],
  ['log', 'console', 'ERR_INVALID_ARG_TYPE'],
  ['backlog', 0, 'ERR_OUT_OF_RANGE'],
  ['maxHeaderSize', 70_000, 'ERR_OUT_OF_RANGE'],
  ['maxHeaders', 0, 'ERR_OUT_OF_RANGE'],
  ['maxTargetSize', -5, 'ERR_OUT_OF_RANGE'],
  ['bodyLimit', '1mb', 'ERR_INVALID_ARG_TYPE'],
  ['bodyLimit', Number.POSITIVE_INFINITY, 'ERR_OUT_OF_RANGE'],
  ['maxPipelined', 65, 'ERR_OUT_OF_RANGE'],
  ['maxPendingOutput', 0, 'ERR_OUT_OF_RANGE'],
  ['keepAliveTimeout', 0, 'ERR_OUT_OF_RANGE'],
  ['headersTimeout', -1, 'ERR_OUT_OF_RANGE'],
  ['requestTimeout', 1e12, 'ERR_OUT_OF_RANGE'],
  ['writeTimeout', '5s', 'ERR_INVALID_ARG_TYPE'],
  ['prot', 8080, 'ERR_INVALID_ARG_VALUE'],
]
for (const [name, value, code] of wrong) {
  test(`the option ${name}: ${JSON.stringify(value)} is an error that names it`, async () => {
    const error = await errorOf(serve(hello, { port: 0, [name]: value } as ServeOptions))
    assert.is(error.code, code)
    assert.match(error.message, `"${name}"`)
  })
}

test('what is no app is an error', async () => {
  for (const app of [undefined, null, 'app', {}]) {
    assert.is((await errorOf(serve(app as never, { port: 0 }))).code, 'ERR_INVALID_ARG_TYPE')
  }
})

test('options that are no object are an error', async () => {
  for (const options of [null, 8080, 'localhost']) {
    assert.is((await errorOf(serve(hello, options as never))).code, 'ERR_INVALID_ARG_TYPE')
  }
})

const fewDescriptors = process.platform === 'win32' ? test.skip : test

fewDescriptors('whichever descriptor there is none for, serve says so and leaves none behind', () =>
  servesWithFewDescriptors(),
)

test.run()
