// A server whose answers are faulty as each request asks for it: the field x-fault has what was drawn, as JSON.
import * as assert from 'uvu/assert'
import type { DrawnFault } from '#brink/faults/drawn_fault.js'
import { syntaxError } from '#brink/faults/fault_error.js'
import { FaultyDispatcher, type FaultySettings, type RequestRecorder } from '#brink/faulty/faulty_dispatcher.js'
import type { Router } from '#brink/routing/router.js'
import { compileRouter } from '#brink/routing/router.js'
import type { ServeOptions } from '#brink/server/options.js'
import { type Server, serveDispatcher } from '#brink/server/server.js'
import { leaveAll } from '../../server/raw_client.js'
import { within } from '../../server/waiting.js'

export type Fault = Omit<DrawnFault, 'kinds' | 'seed'> & Partial<DrawnFault>

/** The field that asks for a fault. */
export function xFault(fault: Fault): string {
  return `x-fault: ${JSON.stringify(fault)}\r\n`
}

/** A request without a body. */
export function asking(path: string, fault?: Fault, method = 'GET', fields = ''): string {
  return `${method} ${path} HTTP/1.1\r\nhost: a\r\n${fault === undefined ? '' : xFault(fault)}${fields}\r\n`
}

export interface Faulty {
  readonly server: Server
  readonly port: number
  /** What happens to requests that ask for nothing; undefined for nothing. */
  plan: ((request: { method: string; path: string }) => Fault | undefined) | undefined
  /** What was counted, in order: run and kinds. */
  readonly counted: string[]
  /** What was logged. A test that expects something takes it away. */
  readonly logged: unknown[]
  /** Of delays: all that wait. */
  readonly delays: Set<unknown>
}

function drawn(fault: Fault): DrawnFault {
  return { kinds: ['delay'], seed: 1, ...fault }
}

/** Serves while `use` runs. */
export async function faulty(
  app: Router,
  use: (target: Faulty) => Promise<void>,
  options: ServeOptions & { recorder?: RequestRecorder } = {},
): Promise<void> {
  const { recorder, ...serve } = options
  const logged: unknown[] = []
  const counted: string[] = []
  const numbers = ['']
  const delays = new Set<unknown>()
  const settings: FaultySettings = {
    spared: '/_brink',
    recorder,
    delays: {
      after: (ms, run) => {
        const timer = setTimeout(() => {
          delays.delete(timer)
          run()
        }, ms)
        delays.add(timer)
        const cancel = () => {
          delays.delete(timer)
          clearTimeout(timer)
        }
        return { cancel }
      },
    },
    faults: {
      get isActive() {
        return target.plan !== undefined
      },
      draw: (request) => {
        const fault = target.plan?.(request)
        return fault && drawn(fault)
      },
      own: (text) => {
        if (!text.startsWith('{')) throw syntaxError(`no fault: ${text}`)
        return () => (text === '{}' ? undefined : drawn(JSON.parse(text)))
      },
      numberOf: Number,
    },
    numbers: {
      own: 64512,
      runIdOf: (text) => (/^\w+$/.test(text) ? text : undefined),
      numberOf: (run, kinds) => {
        const name = [run ?? '', ...kinds].join(' ')
        if (!numbers.includes(name)) numbers.push(name)
        return numbers.indexOf(name)
      },
      hears: () => {},
      came: (number) => counted.push(numbers[number] as string),
    },
  }
  const server = await serveDispatcher(new FaultyDispatcher(compileRouter(app), settings), {
    port: 0,
    log: (error) => logged.push(error),
    ...serve,
  })
  const target: Faulty = { server, port: server.port, plan: undefined, counted, logged, delays }
  try {
    await use(target)
  } finally {
    leaveAll()
    await within(server.close({ force: 0 }), 'the server to close')
  }
  assert.equal(logged.map(String), [])
  assert.is(delays.size, 0, 'timers are left')
}
