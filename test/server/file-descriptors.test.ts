// Every file that is opened is closed, whatever is sent of it.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { file, files, Router } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fileTree, put } from '../file_tree.js'
import { get, head, noise } from './messages.js'
import { connect } from './raw_client.js'
import { serving } from './serving.js'
import { until } from './waiting.js'

const ROUNDS = 20
const tree = fileTree({
  small: 'small',
  large: noise(100_000),
  'large.gz': noise(90_000),
  'folder/index.html': 'index',
})

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length
}

test('no descriptor is left open', async () => {
  if (process.platform !== 'linux') return
  const app = new Router()
    .get('/*', files(tree, { precompressed: true, revalidate: 0 }))
    .get('/file/large', () => file(join(tree, 'large')))
  await serving(app, async (server) => {
    const client = await connect(server)
    const requests = ['/small', '/large', '/file/large'].flatMap((path) => [
      { bytes: get(path) },
      { bytes: get(path, 'Accept-Encoding: gzip') },
      { bytes: head('HEAD', path), method: 'HEAD' },
      { bytes: get(path, 'If-None-Match: *') },
      { bytes: get(path, 'If-Match: "x"') },
      { bytes: get(path, 'Range: bytes=1-2') },
      { bytes: get(path, 'Range: bytes=1-2,4-5') },
      { bytes: get(path, 'Range: bytes=999999-') },
    ])
    requests.push({ bytes: get('/folder') }, { bytes: get('/missing') }, { bytes: get('/folder/') })
    const askAll = async () => {
      for (const { bytes, method } of requests) await client.send(bytes).response(method)
    }
    await askAll()
    const before = openDescriptors()
    for (let round = 0; round < ROUNDS; round += 1) {
      put(tree, 'small', `small ${round}`)
      await askAll()
    }
    await until(() => openDescriptors() <= before, 'as many descriptors are open as before')
    assert.ok(openDescriptors() <= before)
  })
})

test.run()
