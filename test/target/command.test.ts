// `brink target`, as a process of its own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fileTree } from '../file_tree.js'
import { get } from '../server/messages.js'
import { runBrink, runNode } from '../server/programs.js'
import { ask, connect } from '../server/raw_client.js'
import { within } from '../server/waiting.js'

test('brink target --json tells its URL in a line, and its last statistics when SIGTERM ends it with 0', async () => {
  const brink = runBrink(['target', '--port', '0', '--host', '127.0.0.1', '--json'])
  const [line] = await brink.says(/^\{.*\}\n/)
  const { url, port, pid } = JSON.parse(line)
  assert.is(url, `http://127.0.0.1:${port}`)
  assert.is(pid, brink.child.pid)
  await ask({ port }, get('/plaintext'))
  brink.child.kill('SIGTERM')
  assert.is(await brink.ended(), 0)
  assert.is(brink.output(), line)
  assert.is(JSON.parse(brink.errors()).requests, 1)
})

test('brink target --json --tls-self-signed tells the fingerprint of its certificate in the same line', async () => {
  const brink = runBrink(['target', '--port', '0', '--host', '127.0.0.1', '--json', '--tls-self-signed'])
  const [line] = await brink.says(/^\{.*\}\n/)
  const { url, port, fingerprint } = JSON.parse(line)
  assert.is(url, `https://127.0.0.1:${port}`)
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  assert.is(fingerprint, socket.getPeerCertificate().fingerprint256)
  socket.destroy()
  brink.child.kill('SIGTERM')
  assert.is(await brink.ended(), 0)
  assert.is(brink.output(), line)
})

test('a signal ends brink target long before the 10 seconds that a server has, whatever stalls', async () => {
  const brink = runBrink(['target', '--port', '0', '--host', '127.0.0.1', '--json', '--fault', 'stall=body@5B'])
  const [line] = await brink.says(/^\{.*\}\n/)
  const client = await connect(JSON.parse(line))
  client.send(get('/plaintext'))
  await client.touched()
  brink.child.kill('SIGTERM')
  assert.is(await within(brink.ended(), 'the target to end', 9000), 0)
  assert.is(JSON.parse(brink.errors()).requests, 1)
})

test('brink target tells people where it listens, and no more', async () => {
  const brink = runBrink(['target', '--port', '0', '--host', '127.0.0.1'])
  await brink.says(/^brink listening on http:\/\/127\.0\.0\.1:\d+ \(.+\)$/m)
  brink.child.kill('SIGTERM')
  assert.is(await brink.ended(), 0)
  assert.is(brink.errors(), '')
})

/** Runs the command line in a folder, until it has told where it listens. */
async function portIn(folder: string): Promise<{ port: number; end(): Promise<number> }> {
  const cli = fileURLToPath(new URL('../../cli.js', import.meta.url))
  const child = spawn(process.execPath, [cli, '--port', '0', '--host', '127.0.0.1'], { cwd: folder })
  const [said] = await once(child.stdout, 'data')
  const end = async () => {
    child.kill('SIGTERM')
    return (await once(child, 'exit'))[0] as number
  }
  return { port: Number(/:(\d+) /.exec(String(said))?.[1]), end }
}

test('brink without a folder is a target, unless there is ./routes', async () => {
  const bare = await portIn(fileTree({}))
  assert.is((await ask(bare, get('/_brink/'))).status, 200)
  assert.is(await bare.end(), 0)
  const own = await portIn(fileTree({ 'routes/index.mjs': 'export const GET = () => "mine"' }))
  assert.is((await ask(own, get('/'))).text, 'mine')
  assert.is((await ask(own, get('/_brink/'))).status, 404)
  assert.is(await own.end(), 0)
})

const PLAN = join(fileTree({ 'plan.json': '{ "phases": 1 }' }), 'plan.json')

test('--fault and --plan are there from the first request on', async () => {
  const file = join(fileTree({ 'good.json': '{ "phases": [{ "fault": "status=418" }] }' }), 'good.json')
  for (const [args, status] of [
    [['--fault', 'status=503', '--seed', '1'], 503],
    [['--plan', file], 418],
  ] as const) {
    const brink = runBrink(['target', '--port', '0', '--host', '127.0.0.1', '--json', ...args])
    const [line] = await brink.says(/^\{.*\}\n/)
    assert.is((await ask(JSON.parse(line), get('/json'))).status, status)
    brink.child.kill('SIGTERM')
    assert.is(await brink.ended(), 0)
  }
})

test('autocannon --on-port finds its port, and ends it', async () => {
  const cli = fileURLToPath(new URL('../../cli.js', import.meta.url))
  const autocannon = createRequire(import.meta.url).resolve('autocannon/autocannon.js')
  const measuring = runNode(
    [
      autocannon,
      '--json',
      '--on-port',
      '-c',
      '2',
      '-a',
      '100',
      '/plaintext',
      '--',
      'node',
      cli,
      'target',
      '--port',
      '0',
    ],
    {},
  )
  assert.is(await measuring.ended(), 0, measuring.errors())
  assert.match(measuring.output(), /"2xx":100,/)
})

for (const [args, sentence] of [
  [['target', '--files', '.'], /^--files is for a server of your own/],
  [['target', '--workers', '2'], /^A target cannot have --workers, because .*: give it --threads\./],
  [['routes', '--json'], /^--json belongs to a target: brink target --json\./],
  [['target', '--plan', '/no/plan.json'], /^The file of --plan cannot be read: ENOENT.*\./],
  [['target', '--plan', PLAN], /^\S+plan\.json: .*phases/],
  [['target', '--fault', 'status=x'], /^--fault: .*status/],
  [['target', '--limits', 'maxCount=0'], /^--limits maxCount must be a whole number from 1/],
  [['target', 'other'], /^Name one routes folder, not 2/],
  [['target', '--jsom'], /did you mean --json\?/],
] as const) {
  test(`brink ${args.join(' ')} ends with 2 and a sentence`, async () => {
    const brink = runBrink([...args, '--port', '0'])
    assert.is(await brink.ended(), 2, brink.errors())
    assert.match(brink.errors(), sentence)
    assert.is(brink.output(), '')
  })
}

test.run()
