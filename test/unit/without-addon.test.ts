// What runs where the addon cannot be loaded.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { moduleOutput } from '../node_output.js'

function run(code: string): string {
  return moduleOutput(`
    process.dlopen = () => { throw new Error('no addons here') }
    const { Router, serve } = await import('brink')
    ${code}
  `)
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
