// An app whose servers are closed by signals.
import { type CloseOnSignalsOptions, type CloseReport, closeOnSignals, type Server, serve } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get } from './messages.js'
import { type Program, runProgram } from './programs.js'
import { connect, leaveAll } from './raw_client.js'
import { until, within } from './waiting.js'

interface Running {
  readonly program: Program
  readonly ports: [{ port: number }, { port: number }]
}

async function running(options: CloseOnSignalsOptions = {}, way = ''): Promise<Running> {
  const program = runProgram('closes_on_signals', { args: [JSON.stringify(options), way] })
  const [, first, second] = await program.says(/^ports (\d+) (\d+)$/m)
  return { program, ports: [{ port: Number(first) }, { port: Number(second) }] }
}

const reportsOf = ({ program }: Running): CloseReport[] =>
  JSON.parse(/^closed (.*)$/m.exec(program.output())?.[1] ?? 'null') as CloseReport[]

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} closes all servers, reports, and exits with 0`, async () => {
    const server = await running()
    const [first, second] = server.ports
    const busy = (await connect(first)).send(get() + get('/later'))
    await busy.response()
    const idle = await connect(second)
    await idle.send(get()).response()
    server.program.child.kill(signal)
    const answer = await busy.response()
    assert.equal([answer.text, answer.header('connection')], ['later', 'close'])
    // SIGINT comes from a keyboard: there is no grace.
    if (signal === 'SIGTERM') assert.is((await idle.send(get()).response()).header('connection'), 'close')
    assert.is(await idle.closed(), 'fin')
    leaveAll()
    assert.is(await server.program.ended(), 0, server.program.errors())
    assert.match(server.program.output(), /exit 0\n$/)
    const answered = reportsOf(server).map((report) => report.answered.requests)
    assert.equal(answered, [1, signal === 'SIGTERM' ? 1 : 0])
    assert.is(server.program.errors(), '')
  })
}

test('what is left at the deadline is cut, and the process ends in order', async () => {
  const server = await running({ deadline: 100 })
  const client = (await connect(server.ports[0])).send(get() + get('/never'))
  await client.response()
  server.program.child.kill('SIGTERM')
  assert.is(await server.program.ended(), 0)
  assert.equal(
    reportsOf(server).map(({ cut }) => cut.requests),
    [1, 0],
  )
  leaveAll()
})

test('the exit code of the app is kept', async () => {
  const server = await running({}, 'exit code')
  server.program.child.kill('SIGTERM')
  assert.is(await server.program.ended(), 7)
})

test('an error of onClosed ends the process as any error that nobody caught', async () => {
  const server = await running({}, 'fails')
  server.program.child.kill('SIGTERM')
  assert.is(await server.program.ended(), 1)
  assert.match(server.program.errors(), /failed to close the rest/)
})

for (const [signal, code] of [
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const) {
  test(`a second ${signal} exits at once with ${code}`, async () => {
    const server = await running({ grace: 0 })
    const client = (await connect(server.ports[0])).send(get() + get('/never'))
    await client.response()
    const idle = await connect(server.ports[1])
    await idle.send(get()).response()
    server.program.child.kill('SIGTERM')
    // It has seen the first one when the idle client is let go.
    await idle.closed()
    server.program.child.kill(signal)
    assert.is(await server.program.ended(), code)
    assert.match(server.program.output(), new RegExp(`exit ${code}\\n$`))
    leaveAll()
  })
}

test('a second signal exits although onClosed hangs', async () => {
  const server = await running({}, 'hangs')
  server.program.child.kill('SIGTERM')
  await server.program.says(/^closed/m)
  server.program.child.kill('SIGTERM')
  assert.is(await server.program.ended(), 143)
})

for (const way of ['apart', 'late']) {
  test(`the process exits when the servers of all calls have closed: ${way}`, async () => {
    const { program, ports } = await running({ grace: 0 }, way)
    const busy = (await connect(ports[1])).send(get('/input'))
    await program.says(/^asked$/m)
    program.child.kill('SIGTERM')
    await program.says(/^closed first/m)
    program.child.stdin?.write('go')
    assert.is((await busy.response()).text, 'go')
    assert.is(await program.ended(), 0, program.errors())
    assert.match(program.output(), /^closed second \[\{"answered":\{"requests":1,/m)
    leaveAll()
  })
}

test('a second signal cuts what the slowest of several calls has left', async () => {
  const { program, ports } = await running({ grace: 0 }, 'apart')
  const busy = (await connect(ports[1])).send(get('/input'))
  await program.says(/^asked$/m)
  program.child.kill('SIGTERM')
  await program.says(/^closed first/m)
  program.child.kill('SIGTERM')
  assert.is(await program.ended(), 143)
  await busy.closed()
})

test('other signals can be chosen', async () => {
  const server = await running({ signals: ['SIGUSR2'] })
  server.program.child.kill('SIGUSR2')
  assert.is(await server.program.ended(), 0)
})

const listeners = () => process.listenerCount('SIGTERM') + process.listenerCount('SIGINT')

test('the listeners are removed when the app closes all servers by itself', async () => {
  const before = listeners()
  const servers = await Promise.all([1, 2].map(() => serve(() => 'hello', { port: 0 })))
  closeOnSignals(servers)
  assert.is(listeners(), before + 2)
  await within((servers[0] as Server).close(), 'the first to close')
  assert.is(listeners(), before + 2)
  await within((servers[1] as Server).close(), 'the second to close')
  await until(() => listeners() === before, 'the listeners are gone')
})

test('the listeners are removed by the function that is returned', async () => {
  const before = listeners()
  const server = await serve(() => 'hello', { port: 0 })
  const remove = closeOnSignals(server)
  remove()
  assert.is(listeners(), before)
  await within(server.close(), 'the server to close')
})

const wrong: [what: string, servers: unknown, options: unknown, code: string, message: RegExp][] = [
  ['no server', undefined, {}, 'ERR_INVALID_ARG_TYPE', /^closeOnSignals\(\) takes a server, or a list of servers, not/],
  ['an empty list', [], {}, 'ERR_INVALID_ARG_TYPE', /a list of servers/],
  ['a promise of a server', Promise.resolve(), {}, 'ERR_INVALID_ARG_TYPE', /a list of servers/],
  ['options that are none', { close() {} }, null, 'ERR_INVALID_ARG_TYPE', /its options as an object/],
  ['an unknown option', { close() {} }, { dedline: 1 }, 'ERR_INVALID_ARG_VALUE', /did you mean "deadline"\?/],
  ['a wrong time', { close() {} }, { grace: -1 }, 'ERR_OUT_OF_RANGE', /^closeOnSignals\(\) takes a number of millisec/],
  [
    'signals that are no list',
    { close() {} },
    { signals: 'SIGHUP' },
    'ERR_INVALID_ARG_TYPE',
    /must be a list of names/,
  ],
  [
    'an unknown signal',
    { close() {} },
    { signals: ['TERM'] },
    'ERR_INVALID_ARG_VALUE',
    /no signal that can be listened/,
  ],
  ['SIGKILL', { close() {} }, { signals: ['SIGKILL'] }, 'ERR_INVALID_ARG_VALUE', /no signal that can be listened for/],
  ['onClosed that is none', { close() {} }, { onClosed: 1 }, 'ERR_INVALID_ARG_TYPE', /"onClosed" must be a function/],
]
for (const [what, servers, options, code, message] of wrong) {
  test(`${what}: an error, and nothing is listened for`, () => {
    const before = listeners()
    try {
      closeOnSignals(servers as Server, options as CloseOnSignalsOptions)
      assert.unreachable()
    } catch (error) {
      assert.is((error as NodeJS.ErrnoException).code, code)
      assert.match((error as Error).message, message)
    }
    assert.is(listeners(), before)
  })
}

test.run()
