// An app's tests may replace timers and clocks: the server goes on.
import { basename, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fileTree, LONG_AGO } from '../file_tree.js'
import { ChunkReader } from './chunk_reader.js'
import { get, noise, post } from './messages.js'
import { runProgram } from './programs.js'
import { ask, connect } from './raw_client.js'

const file = join(fileTree({ 'file.txt': 'a file' }), 'file.txt')

const ways: readonly (readonly [string, string])[] = [
  ['after', 'an app that replaces timers and clocks'],
  ['before', 'an app whose timers and clocks were replaced before brink was loaded'],
  ['mocks', 'an app under the mocks of node:test'],
]
for (const [way, what] of ways) {
  test(`${what} is answered as ever, and closes`, async () => {
    const program = runProgram('fake_timers', { args: [way, file] })
    const port = Number((await program.says(/port (\d+)/))[1])
    const text = async (path: string) => (await ask({ port }, get(path))).text
    for (const path of ['now', 'microtask', 'late']) assert.is(await text(`/${path}`), path)
    for (const size of [10, 300_000]) assert.is((await ask({ port }, post('/length', noise(size)))).text, `${size}`)
    assert.is(await text('/response'), 'a file')

    const headed = await ChunkReader.ask({ port }, get('/headed'))
    assert.match(await headed.head(), /^HTTP\/1.1 200/, 'the head does not wait for a first piece that does not come')
    await text('/open')
    assert.is(String(await headed.chunk()), 'opened')
    headed.leave()

    const quiet = await ChunkReader.ask({ port }, get('/quiet'))
    await quiet.head()
    assert.match(String(await quiet.chunk()), /^:/, 'a comment keeps the connection')
    quiet.leave()

    const sent = await ask({ port }, get(`/files/${basename(file)}`))
    assert.is(sent.text, 'a file')
    // What the time is nobody can know for whom it was replaced at the beginning.
    if (way !== 'before') {
      assert.is(sent.header('last-modified'), LONG_AGO)
      const again = get(`/files/${basename(file)}`, `If-Modified-Since: ${LONG_AGO}`)
      assert.is((await ask({ port }, again)).status, 304)
    }

    ;(await connect({ port })).send(get('/never'))
    await text('/close')
    await program.says(/closed/)
    assert.is(await program.ended(), 0, program.errors())
  })
}

test.run()
