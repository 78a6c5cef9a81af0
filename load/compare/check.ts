// Whether a server does the work before it is measured: the same status, body, media type and fields as the others.

import { connect } from 'node:net'
import { bytesOf, type Request } from '../request.js'
import { type Response, readResponse } from './response.js'
import { connectSecurely } from './tls.js'
import type { Workload } from './workloads.js'

const PATIENCE_MS = 10_000
/** Of those that are sent in turn. */
const REQUESTS_CHECKED = 3

/**
 * @param hasDate whether it says when, as RFC 9110 §6.6.1 asks of servers with a clock
 * @throws with what it does instead
 */
export async function check(url: string, workload: Workload, hasDate: boolean): Promise<void> {
  for (const request of workload.requests.slice(0, REQUESTS_CHECKED)) {
    const { responses, closed } = await ask(url, request, workload.pipelining ?? 1, workload.closes === true)
    for (const response of responses) checkResponse(response, request, workload, hasDate)
    if (workload.closes && !closed) throw new Error('does not close the connection')
  }
}

function checkResponse(response: Response, request: Request, workload: Workload, hasDate: boolean): void {
  const expected = workload.answerTo(request)
  const { status, fields, body } = response
  if (status !== 200) throw new Error(`answers ${status} to ${request.method} ${request.target}`)
  const type = fields.get('content-type')?.split(';')[0]
  if (type !== expected.type) throw new Error(`answers with the type ${type}, not ${expected.type}`)
  if (body !== expected.body) throw new Error(`answers ${shown(body)}, not ${shown(expected.body)}`)
  if (hasDate && Number.isNaN(Date.parse(fields.get('date') ?? ''))) throw new Error('answers without a Date')
  for (const [name, value] of expected.fields ?? []) {
    if (fields.get(name) !== value) throw new Error(`answers without ${name}: ${value}`)
  }
}

function shown(body: string): string {
  return body.length > 60 ? `${JSON.stringify(body.slice(0, 60))}… (${body.length} bytes)` : JSON.stringify(body)
}

/** Sends a request `times` times at once, on a connection of its own. */
function ask(url: string, request: Request, times: number, untilClosed: boolean) {
  const { protocol, hostname, port, host } = new URL(url)
  return new Promise<{ responses: Response[]; closed: boolean }>((resolve, reject) => {
    const socket = (protocol === 'https:' ? connectSecurely : connect)(Number(port), hostname)
    const responses: Response[] = []
    let text = ''
    let at = 0
    const finish = (closed: boolean) => {
      clearTimeout(patience)
      socket.destroy()
      if (responses.length === times) resolve({ responses, closed })
      else reject(new Error(`answers ${responses.length} of ${times} requests and ${closed ? 'closes' : 'no more'}`))
    }
    const patience = setTimeout(finish, PATIENCE_MS, false)
    socket.setEncoding('latin1').on('data', (bytes) => {
      text += bytes
      try {
        for (let next = readResponse(text, at); next && responses.length < times; next = readResponse(text, at)) {
          responses.push(next)
          at = next.end
        }
      } catch (error) {
        clearTimeout(patience)
        socket.destroy()
        return reject(error)
      }
      if (responses.length === times && !untilClosed) finish(false)
    })
    socket.on('error', reject).on('end', () => finish(true))
    socket.write(bytesOf(request, host).repeat(times), 'latin1')
  })
}
