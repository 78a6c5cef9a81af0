// Prometheus' own readers of metrics: promtool checks what the older format says and how it is named, and makes blocks of
// what OpenMetrics says.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BackendName, metrics, Router, serve } from 'brink'
import * as assert from 'uvu/assert'
import { readMetrics } from '../openmetrics.js'
import type { Check, Suite } from './suite.js'

export const promtool: Suite = {
  name: 'promtool',
  tool: {
    isThere: () => spawnSync('promtool', ['--version']).status === 0,
    missing: 'promtool: no promtool here: Debian has it in prometheus',
  },
  run: async ({ backend, threads }, check) => {
    const app = new Router()
      .get('/users/:id', ({ params }) => params.id)
      .get('/odd"\\\\path', () => 'odd')
      .get('/missing', () => null)
      .fixed('/fixed', 'fixed')
      .get('/metrics', metrics())
    const options = { backend: backend as BackendName, threads, port: 0, metrics: true, maxInFlight: 100 }
    const server = await serve(app, options)
    try {
      for (const path of ['/users/1', '/users/2', '/odd%22%5Cpath', '/fixed', '/missing', '/unknown']) {
        await (await fetch(server.url + path)).text()
      }
      await checkTexts(check, server.url)
    } finally {
      await server.close({ force: 0 })
    }
  },
}

async function checkTexts(check: Check, url: string): Promise<void> {
  await check('promtool has no complaint', async () => {
    const text = await (await fetch(`${url}/metrics`)).text()
    readMetrics(text, 'prometheus')
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })
    assert.equal([status, stdout, stderr], [0, '', ''])
  })
  await check("Prometheus' parser of OpenMetrics reads it", async () => {
    const headers = { accept: 'application/openmetrics-text; version=1.0.0' }
    const text = await (await fetch(`${url}/metrics`, { headers })).text()
    readMetrics(text, 'openmetrics')
    const folder = mkdtempSync(join(tmpdir(), 'brink-promtool-'))
    try {
      // It wants the time of each sample.
      const now = Math.floor(Date.now() / 1000)
      writeFileSync(
        join(folder, 'metrics'),
        text.replace(/^[^#\n].*$/gm, (sample) => `${sample} ${now}`),
      )
      const args = ['tsdb', 'create-blocks-from', 'openmetrics', join(folder, 'metrics'), join(folder, 'data')]
      const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' })
      assert.is(status, 0, stdout + stderr)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
}
