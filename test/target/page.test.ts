// The files of the live page, as a browser asks for them. What it does with them is tested in test/clients/live_page.ts.
import { type Target, target } from 'brink/target'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { within } from '../server/waiting.js'

async function using(run: (t: Target) => Promise<void>): Promise<void> {
  const t = await target({ host: '127.0.0.1', fault: 'status=503' })
  try {
    await run(t)
  } finally {
    await within(t.close(), 'the target to close')
  }
}

const FILES = [
  ['', 'text/html; charset=utf-8'],
  ['live.css', 'text/css; charset=utf-8'],
  ['live.js', 'text/javascript; charset=utf-8'],
] as const

for (const [name, type] of FILES) {
  test(`/_brink/${name} is sent with a strict policy, also while everything else fails`, () =>
    using(async (t) => {
      const answer = await fetch(`${t.url}/_brink/${name}`)
      assert.is(answer.status, 200)
      assert.is(answer.headers.get('content-type'), type)
      assert.is(answer.headers.get('x-content-type-options'), 'nosniff')
      assert.match(
        answer.headers.get('content-security-policy') ?? '',
        /^default-src 'none'; script-src 'self'; style-src/,
      )
      assert.ok((await answer.text()).length > 1000)
    }))
}

test('/_brink leads to the page', () =>
  using(async (t) => {
    const answer = await fetch(`${t.url}/_brink`)
    assert.is(answer.url, `${t.url}/_brink/`)
  }))

test('the page has nothing that its policy would refuse, and asks for nothing from elsewhere', () =>
  using(async (t) => {
    const text = async (name: string) => (await fetch(`${t.url}/_brink/${name}`)).text()
    const page = await text('')
    assert.not.match(page, /<style|\sstyle=|\son\w+=|<script(?![^>]* src="live\.js")/)
    for (const [, url = ''] of page.matchAll(/(?:src|href|action)="([^"]*)"/g))
      assert.not.match(url, /^(?:https?:)?\/\//)
    assert.not.match(await text('live.css'), /url\(|@import/)
    assert.not.match(
      await text('live.js'),
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/,
    )
  }))

test('the license of the library that draws is sent with it', () =>
  using(async (t) => {
    const script = await (await fetch(`${t.url}/_brink/live.js`)).text()
    assert.match(script, /^\/\*\nThe MIT License \(MIT\)\n\nCopyright \(c\) \d+ Leon Sorokin\n/)
    assert.ok(script.length < 120_000, `${script.length} bytes`)
  }))

test('a closing target ends the streams of those that watch', () =>
  using(async (t) => {
    const stream = (await fetch(`${t.url}/_brink/live`)).body as ReadableStream<Uint8Array>
    const reader = stream.getReader()
    assert.match(Buffer.from((await reader.read()).value ?? []).toString(), /^retry: 1000\n/)
    const report = await within(t.close(), 'the target to close')
    assert.is(report.cut.streams, 0)
    for (;;) if ((await reader.read()).done) break
  }))

test.run()
