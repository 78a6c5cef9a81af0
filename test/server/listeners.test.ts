// Several listeners of one server, and what they are told by options.
import { existsSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { type ServeOptions, serve } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fileTree } from '../file_tree.js'
import { get } from './messages.js'
import { runProgram } from './programs.js'
import { ask, connect } from './raw_client.js'
import { SCHEME } from './scheme.js'
import { serving } from './serving.js'

const hello = () => 'hello'
const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'))
const ipv6 = hasIpv6 ? test : test.skip
const posix = process.platform === 'win32' ? test.skip : test

async function errorOf(promise: Promise<unknown>): Promise<NodeJS.ErrnoException & { port?: number }> {
  try {
    await promise
  } catch (error) {
    return error as NodeJS.ErrnoException
  }
  throw new Error('nothing was thrown')
}

posix('a server listens at all places of its list, and tells them in this order', () => {
  const path = join(fileTree({}), 'app.sock')
  return serving(
    ({ ip, url }) => `${ip} ${new URL(url).host}`,
    async (server) => {
      const [first, second, third] = server.listeners
      assert.is(server.listeners.length, 3)
      assert.is(first?.path, path)
      assert.equal([server.url, server.port], [first?.url, 0])
      assert.equal(second, { url: `${SCHEME}://127.0.0.1:${second?.port}`, port: second?.port, path: undefined })
      assert.is.not(second?.port, third?.port)
      assert.is((await ask({ port: 0, path }, get())).text, 'unix: brink')
      for (const { port } of [second, third] as { port: number }[]) {
        assert.is((await ask({ port }, get())).text, '127.0.0.1 brink')
      }
      // Without a Host, the origin is that of a port.
      const withoutHost = await ask({ port: 0, path }, 'GET / HTTP/1.0\r\n\r\n')
      assert.is(withoutHost.text, `unix: 127.0.0.1:${second?.port}`)
      assert.is(server.stats().accepted, 4)
    },
    {
      port: undefined,
      listen: [
        { path, mode: 0o600 },
        { port: '0', host: '127.0.0.1' },
        { port: 0, backlog: 5 },
      ],
    },
  )
})

posix('when one of them fails, none listens, and the error says which', () =>
  serving(
    hello,
    async (taken) => {
      const folder = fileTree({ 'other.sock': '' })
      const path = join(folder, 'app.sock')
      const { port } = await serve(hello, { port: 0, host: '127.0.0.1' }).then(async (free) => {
        await free.close()
        return free
      })
      const here = { port, host: '127.0.0.1' }
      const wrong: [object, string, string][] = [
        [{ port: taken.port, host: '127.0.0.1' }, 'EADDRINUSE', `127.0.0.1:${taken.port}`],
        [{ path: join(folder, 'other.sock') }, 'EEXIST', join(folder, 'other.sock')],
        [{ port: 0, host: '192.0.2.1' }, 'EADDRNOTAVAIL', '192.0.2.1'],
        [{ fd: 9999 }, 'EBADF', 'descriptor 9999'],
      ]
      for (const [listener, code, name] of wrong) {
        const error = await errorOf(serve(hello, { listen: [here, { path }, listener] }))
        assert.is(error.code, code)
        assert.ok(error.message.includes(name), error.message)
        assert.not.ok(existsSync(path))
        // At once, not some time later.
        const again = await serve(hello, { listen: [here, { path }] })
        assert.is((await ask({ port }, get())).text, 'hello')
        await again.close({ force: 0 })
      }
    },
    { host: '127.0.0.1' },
  ),
)

test('closing closes all of them', async () => {
  const server = await serve(hello, { listen: [{ port: 0 }, { port: 0 }] })
  await server.close()
  for (const { port } of server.listeners) assert.is((await errorOf(connect({ port }))).code, 'ECONNREFUSED')
})

ipv6('with ipv6Only, :: answers on IPv6 alone', () =>
  serving(
    ({ ip }) => ip,
    async (server) => {
      assert.is(server.url, `${SCHEME}://[::1]:${server.port}`)
      assert.is((await ask(server, get(), '::1')).text, '::1')
      assert.is((await errorOf(connect(server, '127.0.0.1'))).code, 'ECONNREFUSED')
    },
    { host: '::', ipv6Only: true },
  ),
)

const wrong: [object, string, string][] = [
  [{ listen: { port: 0 } }, 'listen', 'ERR_INVALID_ARG_TYPE'],
  [{ listen: null }, 'listen', 'ERR_INVALID_ARG_TYPE'],
  [{ listen: [] }, 'listen', 'ERR_INVALID_ARG_VALUE'],
  [{ listen: [8080] }, 'listen[0]', 'ERR_INVALID_ARG_TYPE'],
  [{ listen: [{ port: 0 }, null] }, 'listen[1]', 'ERR_INVALID_ARG_TYPE'],
  [{ listen: [{ port: 0 }, { prot: 0 }] }, 'listen[1].prot', 'ERR_INVALID_ARG_VALUE'],
  [{ listen: [{ port: 65536 }] }, 'listen[0].port', 'ERR_OUT_OF_RANGE'],
  [{ listen: [{ port: 0, path: 'a' }] }, 'listen[0].port', 'ERR_INVALID_ARG_VALUE'],
  [{ listen: [{ path: 'a', mode: 888 }] }, 'listen[0].mode', 'ERR_OUT_OF_RANGE'],
  [{ listen: [{ host: 'http://a' }] }, 'listen[0].host', 'ERR_INVALID_ARG_VALUE'],
  [{ listen: [{ port: 0 }], port: 0 }, 'port', 'ERR_INVALID_ARG_VALUE'],
  [{ listen: [{ port: 0 }], backlog: 9 }, 'backlog', 'ERR_INVALID_ARG_VALUE'],
  [{ ipv6Only: 1, host: '::' }, 'ipv6Only', 'ERR_INVALID_ARG_TYPE'],
  [{ ipv6Only: true }, 'ipv6Only', 'ERR_INVALID_ARG_VALUE'],
  [{ ipv6Only: true, host: '127.0.0.1' }, 'ipv6Only', 'ERR_INVALID_ARG_VALUE'],
]
for (const [options, name, code] of wrong) {
  test(`the options ${JSON.stringify(options)} are an error that names ${name}`, async () => {
    const error = await errorOf(serve(hello, options as ServeOptions))
    assert.is(error.code, code)
    assert.ok(error.message.includes(`"${name}"`), error.message)
  })
}

test('a server keeps its process alive, or does not', async () => {
  const unref = runProgram('unref_server')
  assert.is(await unref.ended(), 0, unref.errors())
  const ref = runProgram('unref_server', { args: ['ref'] })
  const [, port] = await ref.says(/at (\d+)/)
  // It would be gone by now.
  assert.is((await ask({ port: Number(port) }, get())).text, 'hello')
  ref.child.kill('SIGKILL')
  assert.is(await ref.ended(), 'SIGKILL')
})

test('a server closes at the end of a block that uses it', async () => {
  const server = await serve(hello, { port: 0 })
  const client = await connect(server)
  await client.send(get()).response()
  await server[Symbol.asyncDispose]()
  assert.is(await client.closed(), 'fin')
  assert.is((await errorOf(connect(server))).code, 'ECONNREFUSED')
  assert.is(server.unref().ref(), server)
})

test.run()
