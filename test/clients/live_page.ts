// The live page of a target in a browser, while requests come.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Target, target } from 'brink/target'
import * as assert from 'uvu/assert'
import { get } from '../server/messages.js'
import { ask, connect } from '../server/raw_client.js'
import { within } from '../server/waiting.js'
import { chromiumTool } from './chromium.js'
import { DebuggedPage } from './devtools.js'
import type { Check, Suite } from './suite.js'
import { watcherCost } from './watcher_cost.js'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const MARKUP = '<img src=x onerror=alert(1)>'
/** Of the page, while it draws a sample a second: seconds of its main thread in one. */
const MOST_BUSY = 0.25

export const livePage: Suite = {
  name: 'live page',
  tool: chromiumTool,
  async run(variant, check, { full }) {
    const { name, backend, threads } = variant
    // The page is the same on each; what it is sent comes from the loops.
    if (!full && name !== 'epoll inline') return
    await check('a watcher costs the target less than 1 % of a core', () => watcherCost(variant))
    let t = await target({ host: '127.0.0.1', backend, threads })
    const page = await DebuggedPage.open(`${t.url}/_brink/`, PAGE_SIZE)
    const load = new Load(t)
    try {
      await page.holds(`document.querySelector('#link')?.dataset.state === 'live'`)
      await checkFigures(page, load, check)
      await checkPlan(page, t, check)
      await checkText(page, t, check)
      await checkAccess(page, check)
      await check('it keeps quiet while only figures change', () => keepsQuiet(page))
      await check('it has complained about nothing', async () => assert.equal(page.complaints, []))
      await load.end()
      await check('a target closes while somebody watches, and is found again', async () => {
        const { port } = t
        const report = await within(t.close(), 'the target to close')
        assert.is(report.cut.streams, 0)
        await page.holds(`document.querySelector('#link').dataset.state === 'lost'`)
        t = await target({ host: '127.0.0.1', port, backend, threads })
        await page.holds(`document.querySelector('#link').dataset.state === 'live'`)
      })
    } finally {
      await load.end()
      await page.close()
      await t.close({ force: 0 })
    }
  },
}

const PAGE_SIZE = { width: 1280, height: 1600 }

/** Clients that ask as long as it lasts. */
class Load {
  readonly #done: Promise<unknown>
  #ends = false

  constructor(t: Target, clients = 4) {
    this.#done = Promise.all(Array.from({ length: clients }, () => this.#askAgain(t)))
  }

  async end(): Promise<void> {
    this.#ends = true
    await this.#done
  }

  async #askAgain(t: Target): Promise<void> {
    const client = await connect(t)
    while (!this.#ends) await client.send(get('/json'), get('/plaintext'), get('/nowhere')).receive(3)
    client.leave()
  }
}

async function checkFigures(page: DebuggedPage, _load: Load, check: Check): Promise<void> {
  const text = (id: string) => page.value<string>(`document.getElementById('${id}').textContent`)
  await check('the figures of the last second are there', async () => {
    await page.holds(`/^[1-9]/.test(document.getElementById('figure-rate').textContent)`)
    assert.match(await text('figure-p99'), /^[\d.,]+ (µs|ms|s)$/)
    assert.match(await text('figure-open'), /^[1-9]/)
    assert.match(await text('figure-cpu'), /^\d/)
  })
  await check('its rows are full at any width', async () => {
    const rows = `(() => {
      const tops = [...document.querySelectorAll('.figures > div')].map((each) => each.getBoundingClientRect().top)
      return [...new Set(tops)].map((row) => tops.filter((top) => top === row).length)
    })()`
    for (const width of [1600, 1280, 1000, 700, 400]) {
      await page.ask('Emulation.setDeviceMetricsOverride', { width, height: 1600, deviceScaleFactor: 1, mobile: false })
      assert.is(new Set(await page.value<number[]>(rows)).size, 1, `${width} px`)
    }
    await page.ask('Emulation.setDeviceMetricsOverride', { ...PAGE_SIZE, deviceScaleFactor: 1, mobile: false })
  })
  await check('nothing of it is wider than a narrow screen', async () => {
    for (const width of [320, 360, 400, 768]) {
      await page.ask('Emulation.setDeviceMetricsOverride', { width, height: 800, deviceScaleFactor: 1, mobile: true })
      const wider = `(() => {
        const room = document.documentElement.clientWidth
        if (document.documentElement.scrollWidth <= room) return []
        return [...document.querySelectorAll('body *')]
          .filter((each) => each.getBoundingClientRect().right > room)
          .map((each) => each.tagName + '#' + each.id + '.' + each.className)
      })()`
      assert.equal(await page.value(wider), [], `${width} px`)
    }
    await page.ask('Emulation.setDeviceMetricsOverride', { ...PAGE_SIZE, deviceScaleFactor: 1, mobile: false })
  })
  await check('the sentence says whether the target was the bottleneck', () =>
    page.holds(`/bottleneck/.test(document.getElementById('verdict').textContent)`),
  )
  await check('the charts have drawn', async () => {
    await page.holds(`document.querySelectorAll('.plot canvas').length === 6`)
    const painted = `[...document.querySelectorAll('.plot canvas')].every((canvas) =>
      canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0))`
    await page.holds(painted)
  })
  await check('each chart has a table of the same figures', async () => {
    await page.value(`for (const each of document.querySelectorAll('figure details')) each.open = true`)
    await page.holds(`[...document.querySelectorAll('figure tbody')].every((body) => body.rows.length > 1)`)
    const heads = await page.value(`document.querySelector('figure thead').textContent`)
    assert.is(heads, 'Time2xx3xx4xx5xxother')
    await page.holds(`document.querySelector('figure tbody').rows[0].cells[3].textContent !== '0'`)
    await page.value(`for (const each of document.querySelectorAll('figure details')) each.open = false`)
  })
  await check('a page that is loaded again begins with what was before', async () => {
    const rows = `document.querySelector('figure tbody').rows.length`
    await page.value(`document.querySelector('figure details').open = true`)
    await page.holds(`${rows} >= 4`)
    await page.ask('Page.reload')
    await page.holds(`document.querySelector('#link')?.dataset.state === 'live'`)
    await page.holds(`document.querySelector('figure details')`)
    await page.value(`document.querySelector('figure details').open = true`)
    await page.holds(`${rows} >= 4`)
    await page.value(`document.querySelector('figure details').open = false`)
  })
  await check('it pauses', async () => {
    await page.value(`document.getElementById('pause').click()`)
    assert.is(await page.value(changesIn('#figures', 2500)), 0)
    await page.value(`document.getElementById('pause').click()`)
    assert.ok((await page.value<number>(changesIn('#figures', 2500))) > 0)
  })
  await check('drawing takes little of the browser', async () => {
    const busy = async () => {
      const { metrics } = (await page.ask('Performance.getMetrics')) as { metrics: { name: string; value: number }[] }
      return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0
    }
    await page.ask('Performance.enable', { timeDomain: 'threadTicks' })
    const [before, beganAt] = [await busy(), performance.now()]
    await page.value('new Promise((resolve) => setTimeout(resolve, 5000))')
    const share = ((await busy()) - before) / ((performance.now() - beganAt) / 1000)
    assert.ok(share < MOST_BUSY, `${share} of a second in one`)
    return `${(share * 1000).toFixed(0)} ms of its main thread a second`
  })
}

async function checkPlan(page: DebuggedPage, t: Target, check: Check): Promise<void> {
  const focus = (selector: string) => page.value(`document.querySelector('${selector}').focus()`)
  await check('a plan is applied by the keyboard', async () => {
    await page.value(`(() => {
      const example = document.getElementById('plan-example')
      example.value = '0'
      example.dispatchEvent(new Event('change'))
    })()`)
    await focus('#plan-text')
    await page.press('Tab')
    // The link to the schema is between them.
    if (await page.value(`document.activeElement.matches('a')`)) await page.press('Tab')
    await page.press('Enter')
    await page.holds(`/^The plan runs: phase 1/.test(document.getElementById('plan-state').textContent)`)
    assert.is(t.plan().state, 'running')
    assert.match(
      await page.value<string>(`document.getElementById('announcement').textContent`),
      /^The plan (?:was applied|is in its phase 1)/,
    )
  })
  await check('faults are shown', () => page.holds(`document.getElementById('figure-faults').textContent !== '0'`))
  await check('a plan that cannot be is explained, and the one before stays', async () => {
    await page.value(`(() => {
      const text = document.getElementById('plan-text')
      text.value = '{ "phases": [{ "fault": "status=99" }] }'
      text.dispatchEvent(new Event('input'))
    })()`)
    await focus('#plan-form [type=submit]')
    await page.press('Enter')
    await page.holds(`/status/.test(document.getElementById('plan-error').textContent)`)
    assert.is(await page.value(`document.getElementById('plan-text').getAttribute('aria-invalid')`), 'true')
    assert.is(t.plan().state, 'running')
  })
  await check('a plan is ended', async () => {
    await focus('#plan-end')
    await page.press('Enter')
    await page.holds(`document.getElementById('plan-state').textContent === 'No plan is set.'`)
    assert.is(t.plan().state, 'none')
  })
}

/** What clients send, and names in plans, are text. */
async function checkText(page: DebuggedPage, t: Target, check: Check): Promise<void> {
  await check('text of clients and plans does not become markup', async () => {
    t.setPlan({ phases: [{ name: MARKUP, fault: 'status=503' }] })
    const target = encodeURI(`/${MARKUP}?run=${MARKUP}`)
    await ask(t, get(target, `X-Run-Id: ${MARKUP}`, `User-Agent: ${MARKUP}`))
    await ask(t, `GET /${MARKUP} HTTP/1.1\r\nHost: ${MARKUP}\r\n\r\n`)
    await page.holds(`document.getElementById('figure-phase').textContent.includes('${MARKUP}')`)
    await page.holds(`document.getElementById('plan-state').textContent.includes('${MARKUP}')`)
    assert.is(await page.value(`document.querySelectorAll('img, [onerror]').length`), 0)
    t.setPlan(null)
  })
  await check('the page runs no script but its own', async () => {
    const { headers } = await fetch(`${t.url}/_brink/`)
    const policy = headers.get('content-security-policy') ?? ''
    assert.match(policy, /default-src 'none'/)
    assert.not.match(policy, /unsafe|\*|https?:/)
    assert.is(
      await page.value(`(() => {
      const script = document.createElement('script')
      try { script.textContent = 'window.ran = true' } catch {}
      document.body.append(script)
      script.remove()
      return window.ran
    })()`),
      undefined,
    )
    // That one was ours.
    page.complaints.length = 0
  })
}

async function checkAccess(page: DebuggedPage, check: Check): Promise<void> {
  await check('every control is reached by Tab, and seen to be', async () => {
    const order = await tabOrder(page)
    const wanted = ['a.skip', '#pause', '#say', '#reset', 'summary', '#plan-example', '#plan-text', '#plan-end']
    for (const selector of wanted)
      assert.ok(
        order.some(({ matches }) => matches.includes(selector)),
        selector,
      )
    assert.equal(
      order.filter(({ outline }) => outline === 'none' || outline === ''),
      [],
    )
  })
  await check('the figures are said when they are asked for', async () => {
    await page.value(`document.getElementById('say').click()`)
    assert.match(await page.value<string>(`document.getElementById('announcement').textContent`), /requests a second/)
  })
  await page.ask('Page.setBypassCSP', { enabled: true })
  for (const scheme of ['light', 'dark']) {
    await check(`axe finds nothing, ${scheme}`, async () => {
      await page.prefer({ 'prefers-color-scheme': scheme })
      await page.value(`for (const each of document.querySelectorAll('figure details')) each.open = true`)
      await page.value(AXE)
      const found = await page.value<{ id: string; nodes: { html: string; failureSummary: string }[] }[]>(
        `axe.run().then(({ violations }) => violations)`,
      )
      assert.equal(
        found.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`)),
        [],
      )
    })
  }
  await check('whoever wants less motion gets it', async () => {
    await page.prefer({ 'prefers-reduced-motion': 'reduce' })
    const changes = await page.value<number>(changesIn('#figure-rate', 4500))
    assert.ok(changes <= 1, `${changes} changes`)
    await page.prefer({ 'prefers-color-scheme': 'light' })
  })
}

/** How often what is in an element changes in some milliseconds. */
function changesIn(selector: string, ms: number): string {
  return `new Promise((resolve) => {
    let changes = 0
    const observer = new MutationObserver(() => { changes += 1 })
    observer.observe(document.querySelector('${selector}'), { childList: true, subtree: true, characterData: true })
    setTimeout(() => { observer.disconnect(); resolve(changes) }, ${ms})
  })`
}

async function keepsQuiet(page: DebuggedPage): Promise<void> {
  const live = `[role=status], [role=alert], [aria-live]`
  const places = await page.value<number>(`document.querySelectorAll('${live}').length`)
  assert.is(places, 2)
  assert.is(await page.value(changesIn('#announcement', 3000)), 0)
}

/** What has the focus, from the begin of the page on, until it comes round. */
async function tabOrder(page: DebuggedPage): Promise<{ matches: string[]; outline: string }[]> {
  const selectors = ['a.skip', '#pause', '#say', '#reset', 'summary', '#plan-example', '#plan-text', '#plan-end']
  const order: { matches: string[]; outline: string }[] = []
  // Where the focus was, the next Tab would go on.
  await page.ask('Page.reload')
  await page.holds(`document.readyState === 'complete' && document.querySelector('figure summary')`)
  for (let presses = 0; presses < 60; presses += 1) {
    await page.press('Tab')
    const seen = await page.value<{ matches: string[]; outline: string } | null>(`(() => {
      const element = document.activeElement
      if (element === null || element === document.body) return null
      const matches = ${JSON.stringify(selectors)}.filter((selector) => element.matches(selector))
      return { matches, outline: getComputedStyle(element).outlineStyle }
    })()`)
    if (seen === null) break
    order.push(seen)
  }
  return order
}
