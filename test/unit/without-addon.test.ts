// What runs where the addon cannot be loaded.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'

const packageRoot = fileURLToPath(new URL('../../../', import.meta.url))

function run(code: string): string {
  const script = `
    process.dlopen = () => { throw new Error('no addons here') }
    const { Router, serve } = await import('brink')
    ${code}
  `
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: packageRoot,
    encoding: 'utf8',
  })
  return stdout.trim() + stderr.trim()
}

test('app.request answers without the addon', () => {
  const said = run(`
    const app = new Router().post('/:name', async ({ params, json }) => params).use((req, next) => next())
      .get('/', (req) => req.method)
    const answers = await Promise.all([app.request('/'), app.request('/ada', { method: 'POST', body: '{}' })])
    console.log(...await Promise.all(answers.map((answer) => answer.text())))
  `)
  assert.is(said, 'GET {"name":"ada"}')
})

test('serve says what is missing', () => {
  assert.is(run(`await serve(() => '').catch(({ code }) => console.log(code))`), 'ERR_ADDON_MISSING')
})

test.run()
