// A page of Chromium that a test looks into, by the DevTools protocol.
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { until, within } from '../server/waiting.js'
import { type Browser, openPage } from './chromium.js'

type Params = Readonly<Record<string, unknown>>

export class DebuggedPage {
  /** What the page has complained about: exceptions, errors of the console, violations of its policy. No statuses. */
  readonly complaints: string[] = []
  readonly #browser: Browser
  readonly #socket: WebSocket
  readonly #answers = new Map<number, (answer: { result?: Params; error?: { message: string } }) => void>()
  #session: string | undefined
  #last = 0

  /** Opens a page of a browser of its own, of this size. */
  static async open(url: string, { width = 1280, height = 1600 } = {}): Promise<DebuggedPage> {
    const browser = openPage('about:blank')
    try {
      const socket = new WebSocket(await within(Promise.race([browser.debuggerUrl, browser.ended]), 'the debugger'))
      await once(socket, 'open')
      const page = new DebuggedPage(browser, socket)
      await page.#attach()
      await page.ask('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false })
      await page.ask('Page.navigate', { url })
      return page
    } catch (error) {
      await browser.close()
      throw error
    }
  }

  private constructor(browser: Browser, socket: WebSocket) {
    this.#browser = browser
    this.#socket = socket
    socket.on('message', (data) => this.#hear(JSON.parse(String(data))))
  }

  /** Calls a method of the protocol. */
  async ask(method: string, params: Params = {}): Promise<Params> {
    this.#last += 1
    const id = this.#last
    const session = this.#session === undefined ? {} : { sessionId: this.#session }
    this.#socket.send(JSON.stringify({ id, method, params, ...session }))
    const answered = new Promise<{ result?: Params; error?: { message: string } }>((resolve) => {
      this.#answers.set(id, resolve)
    })
    const { result, error } = await within(Promise.race([answered, this.#browser.ended]), `an answer to ${method}`)
    if (error !== undefined) throw new Error(`${method}: ${error.message}`)
    return result as Params
  }

  /** The value of an expression in the page; promises are awaited. */
  async value<T = unknown>(expression: string): Promise<T> {
    const answer = await this.ask('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
    const { result, exceptionDetails } = answer as { result: { value: T }; exceptionDetails?: unknown }
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`)
    return result.value
  }

  /** Waits until an expression is true. */
  async holds(expression: string): Promise<void> {
    await until(async () => (await this.value(`!!(${expression})`)) === true, expression)
  }

  /** Presses and releases a key, such as `Tab`, or types a character. */
  async press(key: string, code = key): Promise<void> {
    const keyCode = { Tab: 9, Enter: 13, ' ': 32 }[key] ?? key.charCodeAt(0)
    const text = key === 'Enter' ? '\r' : key.length === 1 ? key : undefined
    const common = { key, code, windowsVirtualKeyCode: keyCode }
    await this.ask('Input.dispatchKeyEvent', { type: text === undefined ? 'rawKeyDown' : 'keyDown', ...common, text })
    await this.ask('Input.dispatchKeyEvent', { type: 'keyUp', ...common })
  }

  /** Such as `{ 'prefers-color-scheme': 'dark' }`. */
  async prefer(features: Readonly<Record<string, string>>): Promise<void> {
    const list = Object.entries(features).map(([name, value]) => ({ name, value }))
    await this.ask('Emulation.setEmulatedMedia', { features: list })
  }

  /** A picture of what is seen, as PNG. */
  async picture(): Promise<Buffer> {
    return Buffer.from((await this.ask('Page.captureScreenshot', { format: 'png' })).data as string, 'base64')
  }

  async close(): Promise<void> {
    this.#socket.terminate()
    await this.#browser.close()
  }

  async #attach(): Promise<void> {
    const { targetInfos } = await this.ask('Target.getTargets')
    const { targetId } = (targetInfos as { type: string; targetId: string }[]).find(({ type }) => type === 'page') ?? {}
    const { sessionId } = await this.ask('Target.attachToTarget', { targetId, flatten: true })
    this.#session = sessionId as string
    for (const domain of ['Page', 'Runtime', 'Log']) await this.ask(`${domain}.enable`)
  }

  #hear(message: { id?: number; method?: string; params?: Params }): void {
    if (message.id !== undefined) {
      this.#answers.get(message.id)?.(message as { result?: Params })
      this.#answers.delete(message.id)
    }
    const { method, params } = message
    if (method === 'Runtime.exceptionThrown') this.complaints.push(JSON.stringify(params))
    if (method === 'Runtime.consoleAPICalled' && params?.type === 'error') this.complaints.push(JSON.stringify(params))
    const entry = params?.entry as { level?: string; source?: string } | undefined
    const isError = entry?.level === 'error' && entry.source !== 'network'
    if (method === 'Log.entryAdded' && isError) this.complaints.push(JSON.stringify(entry))
  }
}
